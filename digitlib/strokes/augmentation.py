"""Stroke augmentation: a drawing varied as its writer and the device might vary it."""

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.distortions import distorted
from digitlib.strokes.ink import Strokes
from digitlib.strokes.synthesis import bent, posed

STRENGTH = 0.45  # of what `synthesis` does to a glyph: these are real digits already
DISTORTED = 0.3  # share of the drawings that get one of `distortions`
_TREMBLE = 0.006  # standard deviation of the points' shift, as a share of the digit's size
_LOST = 0.08  # at most this share of a stroke's points is missing at either end


def augment_strokes(
    strokes: Strokes,
    generator: np.random.Generator,
    strength: float = STRENGTH,
    distorted_share: float = DISTORTED,
) -> Strokes:
    """The strokes as the same writer might draw them another time, in units of the digit's size.

    Bent, slanted, stretched and turned a little, `strength` times as far as `synthesis` does; with
    a tremor, sometimes with fewer points (a fast pen) or without the ends (a tablet that missed
    them). A `distorted_share` is also drawn as `distortions` tells.
    """
    strokes = distorted(strokes, generator, distorted_share)
    strokes = [_drop_points(stroke, generator) for stroke in strokes]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) / ((high - low).max() or 1.0)
    points = points + generator.normal(0, _TREMBLE, points.shape)
    points = posed(bent(points[None], generator, strength), generator, strength)[0]
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
