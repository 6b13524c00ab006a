"""Random digits drawn as pen strokes from hand-made glyphs: training data with no download.

Each digit has several glyphs, one for each way that people write it. A drawing picks one, shakes
its control points, passes a spline through them, and bends, slants and stretches the result.
"""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes import Strokes, rasterise

Points = NDArray[np.float64]

# How often a glyph is drawn, and its control points `x,y` in the order drawn, on a grid 10 wide and
# 14 high with y down. `/` lifts the pen; a point given twice running is a corner.
GLYPHS: dict[int, tuple[tuple[float, str], ...]] = {
    0: (
        (5, "6,0 2,2 0,7 2,12 5,14 8,12 10,7 8,2 5,0"),
        (3, "8,1 4,0 1,3 0,8 2,13 6,14 9,11 10,6 9,2 6,1"),
        (1, "2,2 0,7 2,12 5,14 8,12 10,7 8,2 4,0 2,2 5,4 9,1"),  # a curl at the top
        (1, "6,-1 3,3 1,7 3,13 7,13 10,8 7,3 4,4"),  # begun high
        (1, "5,0 1,3 0,8 3,14 7,13 10,7 8,2 5,0 / 10,0 0,14"),  # slashed
        (1, "5,0 1,3 0,8 3,14 7,13 10,7 8,2 5,0 / 8,3 2,11"),
        (1, "5,1 2,3 1,7 3,12 6,13 9,7 8,2 5,1 / 5,-2 5,16"),
        (0.5, "8,2 5,0 1,3 0,8 3,14 7,13 10,7 9,2 9,2 1,12"),  # slashed without lifting the pen
    ),
    1: (
        (8, "5,0 5,7 5,14"),
        (1, "3,3 5,0 5,0 5,7 5,14"),
        (1, "1,5 5,0 5,0 5,7 5,14"),
        (1.5, "2,3 5,0 5,0 5,14 / 1,14 9,14"),
        (0.3, "5,0 5,14 / 2,14 8,14"),
        (0.3, "4,1 5,0 5,13 8,13"),
    ),
    2: (
        (4, "1,3 4,0 8,1 9,4 6,9 0,14 0,14 5,14 10,14"),
        (2, "1,3 4,0 8,1 8,5 5,10 1,13 0,11 3,11 7,14 10,12"),  # looped at the foot
        (4, "1,3 4,0 8,1 8,5 6,10 3,14 0,13 1,10 4,10 7,13 10,13"),  # looped high
        (2, "2,2 5,0 8,3 7,9 4,14 0,13 2,10 5,11 8,12"),
        (2, "1,2 5,0 9,1 8,5 4,10 1,13 1,13 5,13 10,13"),
        (2, "0,1 5,0 9,0 9,0 5,7 0,14 0,14 10,14"),
        (1, "3,4 2,2 4,0 7,1 8,4 5,9 0,13 3,12 7,13 14,13"),  # a long tail
    ),
    3: (
        (4, "1,2 4,0 8,1 8,4 4,7 4,7 8,8 9,11 6,14 0,12"),
        (2, "0,0 4,0 9,0 9,0 4,6 4,6 8,7 9,11 5,14 0,12"),
        (2, "1,2 5,0 8,3 5,6 3,7 5,7 8,9 8,13 4,14 0,12"),
        (2, "1,1 5,0 8,2 5,6 8,9 8,12 4,14 0,13"),
        (1, "1,2 4,0 8,1 8,4 4,7 3,6 6,6 9,9 7,14 2,14 0,11"),
        (1, "2,2 5,0 9,1 8,4 5,6 5,6 7,8 6,12 2,14 0,13"),  # a small bowl
        (1, "1,3 4,0 7,1 7,4 4,6 4,6 7,7 8,10 6,13 3,15"),  # an open foot
    ),
    4: (
        (3, "2,0 0,8 0,8 10,8 / 8,1 7,14"),
        (2, "3,0 1,8 1,8 10,7 / 6,4 6,14"),
        (2, "1,0 1,6 4,8 8,7 / 9,0 8,7 7,14"),
        (2, "1,0 1,5 3,7 7,6 9,1 9,1 8,8 7,14"),
        (2, "7,0 0,9 0,9 10,9 / 7,0 7,14"),
        (1, "7,14 7,0 7,0 0,9 0,9 10,9"),
        (1, "8,0 4,3 0,7 0,7 5,8 10,7 / 8,0 7,14"),
    ),
    5: (
        (3, "2,0 1,6 1,6 5,5 9,7 9,11 5,14 0,13 / 2,0 10,0"),
        (3, "10,0 3,0 3,0 1,6 1,6 6,5 9,9 7,13 0,14"),
        (2, "9,0 4,0 2,3 3,6 8,8 9,11 6,14 0,13"),
        (1, "3,1 2,6 2,6 6,6 8,9 7,12 4,14 0,12 / 4,1 10,0"),
        (1, "10,1 3,0 1,5 4,6 8,8 8,12 4,14 1,13"),
        (1, "4,1 2,6 2,6 6,6 8,8 8,11 5,14 0,13 / 5,1 14,0"),  # a long bar
        (1, "3,2 2,6 2,6 6,7 8,10 6,13 2,14 0,12 / 3,2 8,1 12,-1"),
    ),
    6: (
        (3, "7,0 2,5 0,10 3,14 8,13 9,9 5,8 1,11"),
        (3, "8,0 3,3 0,9 2,14 7,14 9,10 6,7 2,9 1,11"),
        (2, "3,0 1,6 1,11 4,14 9,12 8,8 4,8 1,12"),
        (1, "9,1 5,0 1,4 0,10 3,14 8,13 9,9 6,7 1,9"),
        (1, "6,0 3,6 2,12 4,14 7,12 6,10 3,11 1,13"),  # a small bowl
        (1, "4,0 0,7 1,12 6,14 12,12 12,8 7,8 3,13"),  # a wide one
        (1.5, "4,0 1,8 1,12 5,14 10,11 7,10 2,13"),  # a flat bowl
    ),
    7: (
        (4, "0,1 5,1 10,0 10,0 6,7 4,14"),
        (2, "0,0 9,0 9,0 7,7 7,14"),
        (2, "0,3 1,0 1,0 10,0 10,0 6,7 4,14"),
        (2, "0,6 1,1 1,1 9,0 9,0 8,7 6,14"),
        (1, "0,5 3,1 6,2 10,0 10,0 6,7 5,14"),  # a wave at the top
        (2, "0,1 5,0 9,1 8,5 5,14"),
        (1, "0,3 3,0 8,1 9,3 7,7 4,14"),
        (3, "0,1 5,1 10,0 10,0 6,7 4,14 / 2,7 10,7"),  # crossed
        (1, "0,4 1,0 1,0 9,0 9,0 7,7 6,14 / 3,7 10,7"),
    ),
    8: (
        (4, "8,2 5,0 2,1 2,4 5,6 9,10 8,13 5,14 1,12 2,9 6,6 9,3 8,1"),
        (2, "9,1 5,0 2,2 4,6 8,10 6,14 2,13 2,10 6,5 10,0"),
        (3, "8,1 5,0 2,2 4,6 7,10 5,14 3,12 5,7 9,0"),
        (1, "7,1 3,1 1,3 4,6 7,10 4,14 1,12 4,7 9,4 7,1"),
        (1, "5,0 2,1 2,5 5,7 8,5 8,1 5,0 / 5,7 1,9 1,13 5,14 9,13 9,9 5,7"),
        (2, "5,6 2,4 3,1 6,0 9,2 7,5 3,8 1,11 4,14 8,13 8,9 5,6"),
        (1, "1,2 5,6 9,10 7,14 3,14 1,11 5,6 9,2 6,0 2,1"),
        (1, "9,2 5,0 1,1 1,5 5,7 7,11 5,14 3,11 5,8 9,3"),  # a small foot
        (1, "8,2 6,0 4,2 5,5 9,9 9,13 4,14 0,11 2,8 6,6 9,1"),  # a small head
        (1, "3,0 1,2 4,6 8,10 5,14 2,12 4,8 9,1"),  # open at the top
    ),
    9: (
        (3, "8,2 4,0 0,4 3,7 7,6 9,1 9,1 8,14"),
        (3, "9,2 4,0 0,4 3,8 8,6 9,2 9,9 6,14 1,13"),
        (3, "8,3 5,0 1,3 2,7 6,6 9,1 9,1 6,14"),
        (1, "8,1 4,0 1,3 3,7 7,6 8,1 / 9,0 8,14"),
        (2, "8,6 3,7 0,4 4,0 8,1 8,6 7,14"),
        (1, "9,1 5,1 1,4 1,7 5,6 8,3 8,3 6,9 3,14"),
        (1, "10,1 4,1 0,5 2,7 6,6 9,4 9,4 8,14"),  # open at the top
        (1, "8,1 3,1 0,3 2,5 8,3 8,3 7,8 5,14"),
        (2, "9,1 5,0 1,3 1,6 5,6 9,2 8,8 6,14"),
    ),
}

_STEPS = 6  # points drawn between two control points


class _Spline(NamedTuple):
    """One stroke of a glyph: its control points, and the linear map from them to the line drawn."""

    control: Points  # (k, 2), a corner once
    chords: Points  # (p, k), with tangents left out
    tangents: Points  # (p, k), what a tension of 1 adds


def _spline(text: str) -> _Spline:
    """Catmull-Rom through the points of `text`, broken at its corners (Catmull & Rom 1974)."""
    points = [tuple(map(float, point.split(","))) for point in text.split()]
    corner = [i for i in range(1, len(points)) if points[i] == points[i - 1]]
    control = np.array([point for i, point in enumerate(points) if i not in corner])
    breaks = [0, *(at - 1 - i for i, at in enumerate(corner)), len(control) - 1]
    blocks = [_piece(first, last, len(control)) for first, last in pairwise(breaks)]
    chords, tangents = (np.concatenate(maps) for maps in zip(*blocks, strict=True))
    return _Spline(control, chords, tangents)


def _piece(first: int, last: int, count: int) -> tuple[Points, Points]:
    """The maps (p, count) for a smooth piece from control point `first` to `last`."""
    unit = np.eye(count)
    slope = np.zeros((count, count))
    for i in range(first, last + 1):
        slope[i] = unit[min(i + 1, last)] - unit[max(i - 1, first)]
    t = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    h01, h10, h11 = t**2 * (3 - 2 * t), t * (1 - t) ** 2, t**2 * (t - 1)  # Hermite's basis
    chords = [(1 - h01) * unit[i] + h01 * unit[i + 1] for i in range(first, last)]
    tangents = [h10 * slope[i] + h11 * slope[i + 1] for i in range(first, last)]
    chords.append(unit[last : last + 1])
    tangents.append(np.zeros((1, count)))
    return np.concatenate(chords), np.concatenate(tangents)


@cache
def _glyphs(digit: int) -> tuple[Points, list[list[_Spline]]]:
    """The shares (g,) of a digit's glyphs, which sum to 1, and each glyph's strokes."""
    weights = np.array([weight for weight, _ in GLYPHS[digit]])
    glyphs = [[_spline(stroke) for stroke in text.split("/")] for _, text in GLYPHS[digit]]
    return weights / weights.sum(), glyphs


def _drawn(glyph: list[_Spline], count: int, generator: np.random.Generator) -> list[Strokes]:
    """One glyph drawn `count` times, each differently."""
    care = np.exp(generator.normal(0, 0.4, (count, 1, 1)))  # below 1: a tidy hand
    tension = generator.uniform(0.3, 0.6, (count, 1, 1))  # 0.5 is Catmull and Rom's
    lines = [_line(spline, care, tension, generator) for spline in glyph]
    ends = np.cumsum([line.shape[1] for line in lines])[:-1]
    points = (np.concatenate(lines, axis=1) - (5, 7)) / 14
    points = _posed(_bent(points, generator), generator)
    return [np.split(drawing, ends) for drawing in points]


def _line(spline: _Spline, care: Points, tension: Points, generator: np.random.Generator) -> Points:
    """One stroke drawn once for each `care` (n, 1, 1): (n, p, 2), in the glyphs' grid."""
    count, (k, _) = len(care), spline.control.shape
    control = spline.control + care * generator.normal(0, 0.4, (count, k, 2))
    control += care * generator.normal(0, 0.3, (count, 1, 2))  # the stroke as a whole
    for end, neighbour in ((0, 1), (-1, -2)):  # starts and stops early or late
        reach = np.clip(care[:, 0] * generator.normal(0, 0.15, (count, 1)), -0.5, 0.5)
        control[:, end] += reach * (control[:, end] - control[:, neighbour])
    line = spline.chords @ control + tension * (spline.tangents @ control)
    tremor = generator.normal(0, 0.1, line.shape)
    tremor[:, 1:-1] = (tremor[:, :-2] + tremor[:, 2:]) / 2
    return line + care * tremor


def _bent(points: Points, generator: np.random.Generator) -> Points:
    """Move points (n, p, 2), within ±0.5, along a smooth random field: two long waves an axis."""
    count = len(points)
    x, y = points[..., 0], points[..., 1]
    taper, top = generator.normal(0, 0.25, (2, count, 1))  # a small head or foot; how low the waist
    points = np.stack([x * (1 + taper * y), y + 0.5 * top * (0.25 - y**2)], axis=-1)
    for _ in range(2):
        wave = generator.normal(0, 3.0, (count, 2, 2))  # radians over the digit's height
        phase = generator.uniform(0, 2 * np.pi, (count, 1, 2))
        points = points + generator.normal(0, 0.06, (count, 1, 2)) * np.sin(points @ wave + phase)
    return points


def _posed(points: Points, generator: np.random.Generator) -> Points:
    """Stretch, slant and turn points (n, p, 2), each drawing in its own way."""
    count = len(points)
    width = np.exp(generator.normal(0, 0.25, count))
    slant = generator.normal(0.15, 0.25, count)
    turn = generator.normal(0, 0.1, count)  # radians
    cos, sin = np.cos(turn), np.sin(turn)
    shape = np.stack([[width, -slant], [np.zeros(count), np.ones(count)]])
    rotation = np.stack([[cos, -sin], [sin, cos]])
    pose = np.einsum("ijn,jkn->nik", rotation, shape)
    return points @ pose.transpose(0, 2, 1) + 0.5


def draw(digit: int, generator: np.random.Generator) -> Strokes:
    """One random drawing of `digit` (0 to 9), about the size of the pad (0 to 1)."""
    shares, glyphs = _glyphs(digit)
    return _drawn(glyphs[generator.choice(len(glyphs), p=shares)], 1, generator)[0]


def draw_many(count: int, seed: int) -> tuple[list[Strokes], NDArray[np.int64]]:
    """`count` random drawings in random order and their labels (count,), digits equally likely."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count)
    drawings: list[Strokes] = [[]] * count
    for digit in range(10):
        shares, glyphs = _glyphs(digit)
        chosen = np.where(labels == digit, generator.choice(len(glyphs), count, p=shares), -1)
        for number, glyph in enumerate(glyphs):
            places = np.flatnonzero(chosen == number)
            for place, drawing in zip(places, _drawn(glyph, len(places), generator), strict=True):
                drawings[place] = drawing
    return drawings, labels


def draw_images(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """`count` random digits as images (count, 28, 28) uint8, and their labels (count,)."""
    drawings, labels = draw_many(count, seed)
    widths = _ink_widths(count, np.random.default_rng([seed, 1]))
    images = np.empty((count, 28, 28), np.uint8)
    for i, (drawing, width) in enumerate(zip(drawings, widths, strict=True)):
        images[i] = rasterise(drawing, ink_width=width)
    return images, labels


def _ink_widths(count: int, generator: np.random.Generator) -> Points:
    """Random widths (count,) in px, as the pens of MNIST's writers vary."""
    return np.clip(2.4 * np.exp(generator.normal(0, 0.35, count)), 1.2, 6.0)
