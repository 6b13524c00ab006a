"""Disturbances change what their names say, and accuracy falls with their level."""

import numpy as np
import pytest

from digitlib.datasets.loading import load_synthetic
from digitlib.evaluation import robustness
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser


@pytest.fixture(scope="module")
def digits():
    return load_synthetic(200, seed=3)


@pytest.mark.parametrize("kind", robustness.DISTURBANCES, ids=lambda kind: kind.name)
def test_the_first_level_changes_nothing_and_the_last_does(digits, kind):
    images = digits.images.numpy()
    np.testing.assert_array_equal(kind.apply(images, kind.levels[0]), images)
    changed = kind.apply(images, kind.levels[-1])
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    assert (changed != images).any(axis=(1, 2)).mean() > 0.9


def middle(images: np.ndarray) -> np.ndarray:
    """Centres of mass (n, 2): y, x."""
    ink = images.astype(float)
    y, x = np.mgrid[:28, :28]
    mass = ink.sum(axis=(1, 2))
    return np.stack([(ink * y).sum(axis=(1, 2)) / mass, (ink * x).sum(axis=(1, 2)) / mass], axis=1)


def test_disturbances_have_the_stated_direction_and_amount(digits):
    images = digits.images.numpy()
    moved = middle(robustness.shifted(images, 1)) - middle(images)
    corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)] * 50
    np.testing.assert_allclose(moved, corners, atol=0.25)  # ink at the edge is lost
    np.testing.assert_allclose(middle(robustness.shrunk(images, 40)), middle(images), atol=0.6)
    ink = images.mean()
    assert robustness.shrunk(images, 50).mean() == pytest.approx(ink / 4, rel=0.1)
    assert robustness.enlarged(images, 20).mean() == pytest.approx(ink * 1.44, rel=0.1)
    assert robustness.thickened(images, 2).mean() > 1.4 * ink
    assert robustness.thinned(images, 2).mean() < 0.6 * ink
    assert robustness.blurred(images, 2).max() < images.max()
    above = np.zeros((2, 28, 28), np.uint8)
    above[:, 4, 14] = 255  # above the centre: anticlockwise is to the left
    left, right = middle(robustness.rotated(above, 45))[:, 1]
    assert left < 10 and right > 18


def test_accuracy_falls_with_the_level_and_the_level_that_keeps_it_is_found(digits):
    kinds = [kind for kind in robustness.DISTURBANCES if kind.name in ("rotation", "occlusion")]
    recogniser = Recogniser.load(BUNDLED)
    for curve in robustness.robustness_curves(
        recogniser, digits.images.numpy(), digits.labels.numpy(), kinds
    ):
        shares = [found.value for found in curve.accuracy]
        assert shares[0] > 0.95 > shares[-1]
        assert curve.disturbance.levels[0] < curve.holds_to(0.9) < curve.disturbance.levels[-1]
        assert curve.holds_to(0) == curve.disturbance.levels[-1]
        assert curve.holds_to(1.01) == curve.disturbance.levels[0]


def test_a_sample_is_evenly_spaced_from_the_first_digit_to_the_last():
    assert robustness.evenly_spaced(10_000, 3).tolist() == [0, 4999, 9999]
    assert robustness.evenly_spaced(4, 9).tolist() == [0, 1, 2, 3]
