"""Allographs: ways of writing a digit that one collection's writers have and another's don't.

Slashed zeros, crossed sevens, ones with a flag or a foot, fours like lightning, looped twos, open
nines: a network that saw few of them misreads them. They are added to drawings that lack them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.glyphs import RARE
from digitlib.strokes.ink import Strokes
from digitlib.strokes.synthesis import drawn

Points = NDArray[np.float64]
_FEW = 12  # points, too few to tell how a loop bends
_SLIM = 0.35  # width over height, below which a 1 is a plain line
_SLANTED = 0.55  # the same for a plain line that slants


def add_allograph(
    strokes: Strokes, digit: int, share: float, generator: np.random.Generator
) -> Strokes:
    """The strokes of a digit, with about probability `share` in each of its other ways of writing.

    Some ways are more frequent than others: `_ALLOGRAPHS` holds a factor for each.
    """
    for factor, change in _ALLOGRAPHS.get(digit, ()):
        if generator.random() < factor * share:
            points = np.concatenate(strokes)
            low, high = points.min(axis=0), points.max(axis=0)
            strokes = change(strokes, low, np.maximum(high - low, 1e-9), generator)
    return _rare(strokes, digit, share, generator)


def _rare(strokes: Strokes, digit: int, share: float, generator: np.random.Generator) -> Strokes:
    """With a probability of `share` times a factor, one of the digit's rare glyphs instead."""
    if generator.random() >= _RARE_SHARES.get(digit, 0.0) * share:
        return strokes
    glyphs = RARE[digit]
    return drawn(glyphs[generator.integers(len(glyphs))], generator)


def _slashed(
    strokes: Strokes, low: Points, size: Points, generator: np.random.Generator
) -> Strokes:
    """A 0 with a line through it: short or long, rising, falling or upright."""
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
    height = low[1] + size[1] * generator.triangular(0.35, 0.5, 0.85)
    stem = strokes[0][np.abs(strokes[0][:, 1] - height).argmin(), 0]
    half = size[0] * generator.uniform(0.2, 0.5)
    tilt = size[1] * generator.normal(0, 0.06)
    return [
        *strokes,
        _line(np.array([stem - half, height + tilt]), np.array([stem + half, height - tilt])),
    ]


def _flagged(
    strokes: Strokes, _low: Points, size: Points, generator: np.random.Generator
) -> Strokes:
    """A plain 1 with a flag at its head, a foot, or both; each may be a stroke of its own."""
    if len(strokes) > 1 or size[0] > _SLANTED * size[1]:
        return strokes
    stem = strokes[0] if strokes[0][0, 1] <= strokes[0][-1, 1] else strokes[0][::-1]
    if size[0] > _SLIM * size[1] and stem[0, 0] < stem[-1, 0]:
        return strokes  # it leans to the left: with a flag it would be a roof
    kind = generator.random()
    others: Strokes = []
    if kind < 0.85:
        stem, others = _with_flag(stem, size[1], generator)
    if kind > 0.6:
        stem, foot = _with_foot(stem, size[1], generator)
        others = [*others, *foot]
    parts = [stem, *others]
    if len(others) == 2 or generator.random() >= 0.8:
        parts = [parts[place] for place in generator.permutation(len(parts))]
    return parts


def _with_flag(
    stem: Points, height: float, generator: np.random.Generator
) -> tuple[Points, Strokes]:
    """A stem with a flag, sharp or rounded; or the stem, and its flag as another stroke."""
    rise, length = _flag(generator)
    flag = _flag_stroke(stem[0], rise, length * height, generator)
    if generator.random() < 0.12:
        return stem, [flag]
    if generator.random() < 0.35:
        flag, stem = _rounded(flag, stem, generator)
    return np.concatenate([flag, stem[1:]]), []


def _with_foot(
    stem: Points, height: float, generator: np.random.Generator
) -> tuple[Points, Strokes]:
    """A stem with a foot, drawn without lifting the pen; or the stem, and its foot as a stroke."""
    left = height * generator.uniform([-0.4, -0.05], [-0.12, 0.05])
    right = height * generator.uniform([0.12, -0.05], [0.4, 0.05])
    lowest = stem[stem[:, 1].argmax()]
    foot = _line(lowest + left, lowest + right)
    if generator.random() < 0.25:
        return np.concatenate([stem, _line(stem[-1], foot[0], 6), foot]), []
    return stem, [foot]


def _flag_stroke(
    head: Points, rise: float, length: float, generator: np.random.Generator
) -> Points:
    """A flag (12, 2) that rises to the head of a stem, a little bent, its tip sometimes hooked."""
    tip = head + length * np.array([-np.cos(rise), np.sin(rise)])
    flag = _line(tip, head)
    flag[:, 1] += generator.normal(0, 0.09) * length * np.sin(np.linspace(0, np.pi, len(flag)))
    if generator.random() < 0.3:
        hook = length * generator.uniform(0.05, 0.25) * np.array([generator.normal(0, 0.7), -1])
        flag = np.concatenate([_line(tip + hook, tip, 4)[:-1], flag])
    return flag


def _rounded(flag: Points, stem: Points, generator: np.random.Generator) -> tuple[Points, Points]:
    """Both with an arc between them in place of the corner: a quadratic Bézier curve."""
    last = round(generator.uniform(0.6, 0.9) * (len(flag) - 1))
    first = round(generator.uniform(0.05, 0.2) * (len(stem) - 1))
    t = np.linspace(0, 1, 8)[:, None]
    arc = (1 - t) ** 2 * flag[last] + 2 * t * (1 - t) * stem[0] + t**2 * stem[first]
    return np.concatenate([flag[:last], arc]), stem[first:]


def _flag(generator: np.random.Generator) -> tuple[float, float]:
    """How steeply a 1's flag rises, rad, and its length as a share of the stem.

    In French and Turkish collections 20 to 50° and up to as long as the stem; a level flag is
    short, unlike a 7's bar.
    """
    kind = generator.random()
    if kind < 0.2:
        return generator.uniform(*np.radians((-5, 40))), generator.uniform(0.08, 0.35)
    if kind < 0.8:
        degrees = float(np.clip(generator.normal(37, 9), 20, 60))
        return float(np.radians(degrees)), generator.uniform(0.2, 0.9)
    return generator.uniform(*np.radians((45, 75))), generator.uniform(0.08, 0.8)


def _hooked(strokes: Strokes, low: Points, size: Points, generator: np.random.Generator) -> Strokes:
    """A stem whose lower end turns aside or flicks back, as where the pen goes on to the next."""
    last = int(np.argmax([stroke[-1, 1] for stroke in strokes]))
    stem = strokes[last]
    heading = stem[-1] - stem[max(0, len(stem) - 1 - len(stem) // 5)]
    if stem[-1, 1] < low[1] + 0.85 * size[1] or heading[1] <= 0:
        return strokes
    side = generator.choice([-1, 1], p=[0.35, 0.65])  # more often to the right, where one writes on
    turn = generator.uniform(np.radians(60), np.radians(165))
    headings = np.arctan2(*heading[::-1]) - side * turn * np.linspace(
        generator.uniform(0, 1), 1, 12
    )
    # A longer one makes a 1 an L, unless it flicks back up.
    short = size[0] < _SLIM * size[1] and turn < np.radians(120)
    length = generator.uniform(0.08, 0.22 if short else 0.42)
    hook = _along(headings, stem[-1], length * size.max())
    return [*strokes[:last], np.concatenate([stem, hook]), *strokes[last + 1 :]]


def _overrun(
    strokes: Strokes, _low: Points, size: Points, generator: np.random.Generator
) -> Strokes:
    """A loop that goes on past the point where it closes, or starts before it."""
    if len(strokes) > 1 or len(strokes[0]) < _FEW:
        return strokes
    loop = strokes[0] if generator.random() < 0.6 else strokes[0][::-1]
    travelled = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(loop, axis=0).T))])
    at = np.linspace(0.75, 1, 8) * travelled[-1]
    last = np.stack([np.interp(at, travelled, axis) for axis in loop.T], axis=1)
    headings = np.unwrap(np.arctan2(*np.diff(last, axis=0).T[::-1]))
    curvature = np.polyfit(at[:-1], headings, 1)[0] if at[-1] > at[0] else 0.0
    turn = np.clip(curvature * size.max(), -6, 6) * generator.uniform(0.6, 1.4)
    length = generator.uniform(0.1, 0.45)
    on = _along(headings[-1] + turn * length * np.linspace(0, 1, 10), loop[-1], length * size.max())
    return [np.concatenate([loop, on])]


def _along(headings: NDArray[np.float64], start: Points, length: float) -> Points:
    """Points (n, 2) of a curve that goes on from `start` in steps of these headings, rad."""
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return start + np.cumsum(steps, axis=0) * (length / len(headings))


def _line(start: Points, end: Points, steps: int = 12) -> Points:
    """A straight stroke (steps, 2)."""
    return start + np.linspace(0, 1, steps)[:, None] * (end - start)


_Change = Callable[[Strokes, Points, Points, np.random.Generator], Strokes]
_ALLOGRAPHS: dict[int, tuple[tuple[float, _Change], ...]] = {
    0: ((1, _overrun), (1, _slashed)),
    1: ((1.2, _hooked), (2.4, _flagged)),
    4: ((1, _hooked),),
    6: ((1, _overrun),),
    7: ((1, _hooked), (1, _crossed)),
    9: ((1, _hooked),),
}
_RARE_SHARES = {2: 0.45, 3: 0.1, 4: 0.6, 8: 0.45, 9: 0.5}  # times the share asked for
