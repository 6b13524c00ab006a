"""Drawn digits: repeatable, varied, and shaped as the rest of the project expects."""

import numpy as np
import pytest

from digitlib.strokes.glyphs import GLYPHS
from digitlib.strokes.ink import as_strokes, rasterise
from digitlib.strokes.synthesis import draw, draw_images, draw_many


@pytest.mark.parametrize("digit", range(10))
def test_a_drawing_is_strokes_about_the_size_of_the_pad(digit):
    generator = np.random.default_rng(digit)
    for _ in range(50):
        points = np.concatenate(as_strokes(draw(digit, generator)))
        assert np.abs(points - 0.5).max() < 3
        assert np.ptp(points, axis=0).max() > 0.3
        assert rasterise([points]).max() == 255


def test_the_same_seed_draws_the_same_digits():
    first, labels = draw_many(60, seed=3)
    again, same_labels = draw_many(60, seed=3)
    other, _ = draw_many(60, seed=4)
    assert (labels == same_labels).all()
    for drawing, repeated in zip(first, again, strict=True):
        assert all(map(np.array_equal, drawing, repeated))
    assert not np.array_equal(first[0][0], other[0][0])


def test_digits_are_equally_likely_in_random_order():
    _, labels = draw_many(5000, seed=0)
    counts = np.bincount(labels, minlength=10)
    assert counts.min() > 400 and counts.max() < 600
    assert abs(np.corrcoef(labels[:-1], labels[1:])[0, 1]) < 0.1


def test_images_keep_the_contract():
    images, labels = draw_images(200, seed=0)
    assert images.shape == (200, 28, 28) and images.dtype == np.uint8
    assert labels.shape == (200,) and labels.dtype == np.int64
    assert images.max(axis=(1, 2)).min() > 150  # the thinnest lines cover no pixel wholly
    weights = images / images.sum(axis=(1, 2), keepdims=True)
    centre = np.stack([weights.sum(axis=axis) @ (np.arange(28) + 0.5) for axis in (1, 2)])
    assert np.abs(centre - 14).max() < 0.3


def test_no_drawing_is_asked_for():
    drawings, labels = draw_many(0, seed=0)
    assert drawings == [] and labels.shape == (0,)
    assert draw_images(0, seed=0)[0].shape == (0, 28, 28)


def test_drawings_of_a_digit_differ_and_lift_the_pen_as_their_glyphs_do():
    generator = np.random.default_rng(0)
    for digit, glyphs in GLYPHS.items():
        drawn = {len(draw(digit, generator)) for _ in range(300)}
        assert drawn == {text.count("/") + 1 for _, text in glyphs}


def test_drawings_are_told_apart_by_their_nearest_neighbours():
    """Labels and glyphs belong together: 1-nearest-neighbour on plain pixels reads most digits."""
    images, labels = draw_images(3000, seed=1)
    pixels = images.reshape(-1, 784).astype(np.float32) / 255
    known, asked = pixels[:2500], pixels[2500:]
    distances = (known**2).sum(axis=1) - 2 * asked @ known.T
    assert (labels[distances.argmin(axis=1)] == labels[2500:]).mean() > 0.75
