"""Habits of writing that one collection's hands have and another's don't, added to pen strokes.

Slashed zeros, crossed sevens, ones with a flag or a foot: a network that saw few of them reads them
as 8, 2 or 7. Whoever draws a plain one could as well have drawn it so.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes import Strokes

Points = NDArray[np.float64]
_SLIM = 0.35  # width over height, below which a 1 is a plain line


def added(strokes: Strokes, digit: int, share: float, generator: np.random.Generator) -> Strokes:
    """The strokes of a digit, with probability `share` with a habit where it has one to add."""
    if digit not in _HABITS or generator.random() >= share:
        return strokes
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return _HABITS[digit](strokes, low, np.maximum(high - low, 1e-9), generator)


def _slashed(
    strokes: Strokes, low: Points, size: Points, generator: np.random.Generator
) -> Strokes:
    """A 0 with a line through it, short or reaching out, rising or falling or upright."""
    if len(strokes) > 1:
        return strokes  # most likely slashed already
    angle = generator.choice(
        [generator.normal(0.9, 0.2), generator.normal(-0.9, 0.2), 1.57], p=[0.75, 0.15, 0.1]
    )
    reach = generator.uniform(0.3, 0.75) * np.array([np.cos(angle), -np.sin(angle)]) * size
    middle = low + size * generator.normal(0.5, 0.06, 2)
    return [*strokes, _line(middle + reach, middle - reach)]


def _crossed(
    strokes: Strokes, low: Points, size: Points, generator: np.random.Generator
) -> Strokes:
    """A 7 with a bar through its stem."""
    if len(strokes) > 1:
        return strokes
    height = low[1] + size[1] * generator.uniform(0.4, 0.65)
    stem = strokes[0][np.abs(strokes[0][:, 1] - height).argmin(), 0]
    half = size[0] * generator.uniform(0.2, 0.5)
    tilt = size[1] * generator.normal(0, 0.06)
    return [
        *strokes,
        _line(np.array([stem - half, height + tilt]), np.array([stem + half, height - tilt])),
    ]


def _footed(strokes: Strokes, low: Points, size: Points, generator: np.random.Generator) -> Strokes:
    """A plain 1 with a flag at its head, a foot, or both."""
    if len(strokes) > 1 or size[0] > _SLIM * size[1]:
        return strokes
    stem = strokes[0] if strokes[0][0, 1] <= strokes[0][-1, 1] else strokes[0][::-1]
    kind = generator.random()
    if kind < 0.75:
        tip = stem[0] + size[1] * np.array(
            [-generator.uniform(0.08, 0.4), generator.uniform(0.05, 0.4)]
        )
        stem = np.concatenate([_line(tip, stem[0]), stem[1:]])
    if kind < 0.45:
        return [stem]
    left = size[1] * generator.uniform([-0.4, -0.05], [-0.12, 0.05])
    right = size[1] * generator.uniform([0.12, -0.05], [0.4, 0.05])
    foot = stem[stem[:, 1].argmax()]
    return [stem, _line(foot + left, foot + right)]


def _line(start: Points, end: Points, steps: int = 12) -> Points:
    """A straight stroke (steps, 2)."""
    return start + np.linspace(0, 1, steps)[:, None] * (end - start)


_HABITS: dict[int, Callable[[Strokes, Points, Points, np.random.Generator], Strokes]] = {
    0: _slashed,
    1: _footed,
    7: _crossed,
}
