"""Stroke augmentation: a drawing varied as its writer might vary it."""

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.ink import Strokes
from digitlib.strokes.synthesis import bent, posed

STRENGTH = 0.45  # of what `synthesis` does to a glyph: these are real hands already
_TREMBLE = 0.006  # of the digit's size, standard deviation of the points' shift
_LOST = 0.08  # of a stroke's points, at most, are missing at either end


def augment_strokes(
    strokes: Strokes, generator: np.random.Generator, care: float = STRENGTH
) -> Strokes:
    """The strokes as the same hand might draw them another time, in units of the digit's size.

    Bent, slanted, stretched and turned a little, `care` times as far as `synthesis` does; with a
    tremble, sometimes sparser points (a fast pen) and ends that the tablet missed.
    """
    strokes = [_drop_points(stroke, generator) for stroke in strokes]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) / ((high - low).max() or 1.0)
    points = points + generator.normal(0, _TREMBLE, points.shape)
    points = posed(bent(points[None], generator, care), generator, care)[0]
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    return np.split(points, ends)


def _drop_points(
    stroke: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Lose some of a stroke's points at its ends, and some of those between."""
    lost = (generator.uniform(-_LOST, _LOST, 2).clip(0) * len(stroke)).astype(int)
    step = generator.integers(1, 4) if len(stroke) > 20 else 1
    kept = stroke[lost[0] : len(stroke) - lost[1]]
    return np.concatenate([kept[:-1:step], kept[-1:]])
