"""What devices and unpractised writers do to strokes: unlifted pens, lost points, tremor, turns.

Lengths are shares of the drawing's longer side. Each function returns new strokes and leaves its
argument as it was.
"""

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.ink import Strokes

Points = NDArray[np.float64]
_SPACING = 0.02  # between points, before a line is bent


def extent(strokes: Strokes) -> tuple[Points, Points, float]:
    """The lower and the upper corner of the drawing's box, and its longer side (1 for a dot)."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return low, high, float((high - low).max()) or 1.0


def joined(strokes: Strokes) -> Strokes:
    """One stroke: the pen or mouse button is never lifted."""
    return [np.concatenate(strokes)]


def gapped(strokes: Strokes, generator: np.random.Generator, share: float = 0.12) -> Strokes:
    """The longest stroke without a part of its length, as where a pen skips."""
    lengths = [float(_travelled(stroke)[-1]) for stroke in strokes]
    place = int(np.argmax(lengths))
    begin = generator.uniform(0.1, 0.9 - share) * lengths[place]
    stroke, along = strokes[place], _travelled(strokes[place])
    parts = [
        _between(stroke, along, 0.0, begin),
        _between(stroke, along, begin + share * lengths[place], lengths[place]),
    ]
    return [*strokes[:place], *parts, *strokes[place + 1 :]]


def every_nth(strokes: Strokes, step: int) -> Strokes:
    """Every so many-th point of each stroke, and its last."""
    return [np.concatenate([stroke[:-1:step], stroke[-1:]]) for stroke in strokes]


def resampled(strokes: Strokes, count: int) -> Strokes:
    """About `count` points in all, at even distances; at least two a stroke."""
    lengths = np.array([_travelled(stroke)[-1] for stroke in strokes])
    shares = lengths / (lengths.sum() or 1.0)
    return [
        _at(stroke, np.linspace(0, _travelled(stroke)[-1], max(2, round(count * share))))
        for stroke, share in zip(strokes, shares, strict=True)
    ]


def wobbled(
    strokes: Strokes, generator: np.random.Generator, deviation: float, wave: float = 0.2
) -> Strokes:
    """Lines that sway: a random shift of this standard deviation at every `wave` of the way."""
    size = extent(strokes)[2]
    swayed = []
    for stroke in strokes:
        length = float(_travelled(stroke)[-1])
        at = np.linspace(0, length, max(len(stroke), int(length / (_SPACING * size)) + 2))
        knots = np.arange(int(length / (wave * size)) + 3.0) * (wave * size)
        shifts = generator.normal(0, deviation * size, (len(knots), 2))
        swayed.append(np.add(_at(stroke, at), _smoothly(at, knots, shifts)))
    return swayed


def jittered(strokes: Strokes, generator: np.random.Generator, deviation: float) -> Strokes:
    """Each point moved at random by this standard deviation."""
    size = extent(strokes)[2]
    return [stroke + generator.normal(0, deviation * size, stroke.shape) for stroke in strokes]


def turned(strokes: Strokes, degrees: float) -> Strokes:
    """The drawing turned clockwise about the middle of its box."""
    low, high, _ = extent(strokes)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    middle = (low + high) / 2
    return [(stroke - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle for stroke in strokes]


def squeezed(strokes: Strokes, factor: float) -> Strokes:
    """The drawing so many times as wide."""
    return [stroke * (factor, 1.0) for stroke in strokes]


def clamped(strokes: Strokes, side: int, share: float) -> Strokes:
    """A drawing that runs past the pad's edge, where the pen's position sticks to the edge.

    `side` is 0 to 3: left, top, right, bottom; `share` of the box lies beyond it.
    """
    axis, edge, below = _edge(strokes, side, share)
    held = [stroke.copy() for stroke in strokes]
    for stroke in held:
        stroke[:, axis] = (
            np.maximum(stroke[:, axis], edge) if below else np.minimum(stroke[:, axis], edge)
        )
    return held


def clipped(strokes: Strokes, side: int, share: float) -> Strokes:
    """A drawing that runs past the pad's edge, where what lies beyond is lost."""
    axis, edge, below = _edge(strokes, side, share)
    kept: Strokes = []
    for stroke in strokes:
        inside = stroke[:, axis] >= edge if below else stroke[:, axis] <= edge
        cuts = np.flatnonzero(np.diff(inside.astype(int))) + 1
        runs = np.split(stroke, cuts)
        kept += [run for run, inner in zip(runs, np.split(inside, cuts), strict=True) if inner[0]]
    return kept or strokes


def distorted(strokes: Strokes, generator: np.random.Generator, share: float) -> Strokes:
    """With probability `share` one random distortion, and now and then a second one."""
    while generator.random() < share:
        strokes = _one_distortion(strokes, generator)
        share = min(share, 0.25)
    return strokes


def _one_distortion(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """The strokes in one of the ways above, of random strength."""
    kind = generator.choice(_KINDS, p=_SHARES)
    if kind == "join" and len(strokes) == 1:
        kind = "turn"
    match kind:
        case "join":
            return joined(strokes)
        case "gap":
            return gapped(strokes, generator, generator.uniform(0.05, 0.16))
        case "sparse":
            return every_nth(strokes, int(generator.integers(2, 8)))
        case "few":
            return resampled(strokes, int(generator.integers(7, 16)))
        case "wobble":
            deviation, wave = generator.uniform(0.01, 0.07), generator.uniform(0.06, 0.35)
            return wobbled(strokes, generator, deviation, wave)
        case "jitter":
            return jittered(strokes, generator, generator.uniform(0.005, 0.045))
        case "turn":
            return turned(strokes, generator.uniform(-24, 24))
        case "squeeze":
            return squeezed(strokes, np.exp(generator.uniform(-0.6, 0.4)))
        case "clamp":
            return clamped(strokes, int(generator.integers(4)), generator.uniform(0.03, 0.15))
        case _:
            return clipped(strokes, int(generator.integers(4)), generator.uniform(0.02, 0.06))


_KINDS = ("join", "gap", "sparse", "few", "wobble", "jitter", "turn", "squeeze", "clamp", "clip")
_SHARES = (0.26, 0.11, 0.07, 0.1, 0.15, 0.08, 0.12, 0.06, 0.03, 0.02)


def _edge(strokes: Strokes, side: int, share: float) -> tuple[int, float, bool]:
    """The axis that an edge cuts, where it lies, and whether what is below it is beyond."""
    low, high, _ = extent(strokes)
    axis, below = side % 2, side < 2
    reach = share * (high[axis] - low[axis])
    return axis, float(low[axis] + reach if below else high[axis] - reach), below


def _travelled(stroke: Points) -> Points:
    """The way (n,) from the stroke's start to each of its points."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])


def _at(stroke: Points, at: Points) -> Points:
    """The points (n, 2) at these distances along the stroke."""
    along = _travelled(stroke)
    return np.stack([np.interp(at, along, axis) for axis in stroke.T], axis=1)


def _between(stroke: Points, along: Points, begin: float, end: float) -> Points:
    """The part of a stroke between two distances along it."""
    inner = along[(along > begin) & (along < end)]
    return _at(stroke, np.concatenate([[begin], inner, [end]]))


def _smoothly(at: Points, knots: Points, values: Points) -> Points:
    """Values (n, 2) at these places, between knots by a half cosine wave."""
    place = np.clip(at / knots[1], 0, len(knots) - 1.001)
    low = place.astype(int)
    weight = ((1 - np.cos(np.pi * (place - low))) / 2)[:, None]
    return values[low] * (1 - weight) + values[low + 1] * weight
