"""Trajectories: what they contain, their invariances, and combining two models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digitlib.strokes.ink import Strokes
from digitlib.strokes.synthesis import draw
from digitlib.strokes.trajectories import geometric_mean, trajectory

CROSS = [np.array([[0.5, 0.0], [0.5, 1.0]]), np.array([[0.0, 0.5], [1.0, 0.5]])]


@st.composite
def drawings(draw_: st.DrawFn) -> Strokes:
    digit, seed = draw_(st.integers(0, 9)), draw_(st.integers(0, 10_000))
    return draw(digit, np.random.default_rng(seed))


@given(drawings(), st.floats(0.01, 1000), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_trajectory_is_invariant_to_translation_and_scale(strokes, size, x, y):
    moved = [stroke * size + (x, y) for stroke in strokes]
    np.testing.assert_allclose(trajectory(moved), trajectory(strokes), atol=0.02)


@given(drawings())
def test_a_trajectory_hardly_depends_on_the_sampling_rate(strokes):
    dense = [
        np.stack([np.interp(np.arange(0, len(s) - 0.9, 0.25), np.arange(len(s)), a) for a in s.T])
        for s in strokes
    ]
    np.testing.assert_allclose(
        trajectory([points.T for points in dense]), trajectory(strokes), atol=0.05
    )


def test_a_trajectory_contains_directions_order_and_pen_lifts():
    x, y, along, across, down, _ = trajectory(CROSS)
    assert (x[0], y[0]) == pytest.approx((0, -1), abs=0.05)
    assert (x[-1], y[-1]) == pytest.approx((1, 0), abs=0.05)
    assert (along[0], across[0]) == pytest.approx((0, 1))
    assert (along[-1], across[-1]) == pytest.approx((1, 0))
    lifted = np.flatnonzero(down < 0)
    assert len(lifted) == pytest.approx(64 * 0.5**0.5 / (2 + 0.5**0.5), abs=1)
    assert (np.diff(lifted) == 1).all() and 0 < lifted[0] < lifted[-1] < 63
    backwards = trajectory([stroke[::-1] for stroke in CROSS])
    assert backwards[3, 0] == pytest.approx(-1)
    assert trajectory(CROSS[::-1])[2, 0] == pytest.approx(1)


@pytest.mark.parametrize(
    "strokes",
    [[[[0.3, 0.3]]], [[[0.3, 0.3]] * 5], [[[0, 0]], [[1, 1]]], [[[-1e308, 0], [1e308, 0]]]],
)
def test_dots_and_huge_drawings_have_a_trajectory(strokes):
    found = trajectory(strokes)
    assert found.shape == (6, 64) and found.dtype == np.float32
    assert np.isfinite(found).all()


def test_without_ink_there_is_no_trajectory():
    with pytest.raises(ValueError, match="draw a digit first"):
        trajectory([])


probabilities = arrays.arrays(np.float32, (3, 10), elements=st.floats(0, 1, width=32)).map(
    lambda rows: (rows + 1e-6) / (rows + 1e-6).sum(axis=1, keepdims=True)
)


@given(probabilities, probabilities)
def test_the_mean_is_symmetric_and_sums_to_one(one, other):
    both = geometric_mean(one, other)
    np.testing.assert_allclose(both.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(both, geometric_mean(other, one), atol=1e-6)
    np.testing.assert_allclose(geometric_mean(one, one), one, atol=1e-5)


def test_the_mean_is_not_confident_when_one_model_disagrees():
    sure, undecided = np.full((2, 1, 10), 0.001, np.float32)
    sure[0, 1], undecided[0, [1, 7]] = 0.991, 0.496
    assert geometric_mean(sure, sure)[0, 1] > 0.99
    assert 0.85 < geometric_mean(sure, undecided)[0, 1] < 0.97
    against = np.roll(sure, 6, axis=1)
    assert geometric_mean(sure, against)[0].max() < 0.5


def test_contradicting_models_still_have_a_mean():
    one, seven = np.eye(10, dtype=np.float32)[[[1], [7]]]
    np.testing.assert_allclose(geometric_mean(one, seven)[0, [1, 7]], 0.5, atol=1e-6)
    with pytest.raises(ValueError, match="different drawings"):
        geometric_mean(np.repeat(one, 3, axis=0), seven)
