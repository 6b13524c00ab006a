"""Random digits drawn as pen strokes from hand-made glyphs: training data with no download.

A drawing picks one of its digit's glyphs, shakes the control points, passes a spline through them,
and bends, slants and stretches the result.
"""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.glyphs import GLYPHS
from digitlib.strokes.ink import INK_WIDTH, Strokes, rasterise

Points = NDArray[np.float64]
PEN_SPREAD = 0.35  # standard deviation of the ink width's logarithm
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
    return weights / weights.sum(), [_splines(text) for _, text in GLYPHS[digit]]


@cache
def _splines(text: str) -> list[_Spline]:
    """The strokes of a glyph."""
    return [_spline(stroke) for stroke in text.split("/")]


def drawn(text: str, generator: np.random.Generator) -> Strokes:
    """One random drawing of a glyph in the notation of `glyphs`, about the pad's size (0 to 1)."""
    return _drawn(_splines(text), 1, generator)[0]


def _drawn(glyph: list[_Spline], count: int, generator: np.random.Generator) -> list[Strokes]:
    """One glyph drawn `count` times, each differently."""
    care = np.exp(generator.normal(0, 0.4, (count, 1, 1)))  # below 1: a tidy hand
    tension = generator.uniform(0.3, 0.6, (count, 1, 1))  # 0.5 is Catmull and Rom's
    lines = [_line(spline, care, tension, generator) for spline in glyph]
    ends = np.cumsum([line.shape[1] for line in lines])[:-1]
    points = (np.concatenate(lines, axis=1) - (5, 7)) / 14
    points = posed(bent(points, generator), generator, slant=0.15)
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


def bent(points: Points, generator: np.random.Generator, strength: float = 1.0) -> Points:
    """Move points (n, p, 2), within ±0.5, along a smooth random field: two long waves an axis."""
    count = len(points)
    x, y = points[..., 0], points[..., 1]
    # A small head or foot; how low the waist.
    taper, top = generator.normal(0, 0.25 * strength, (2, count, 1))
    points = np.stack([x * (1 + taper * y), y + 0.5 * top * (0.25 - y**2)], axis=-1)
    for _ in range(2):
        wave = generator.normal(0, 3.0, (count, 2, 2))  # radians over the digit's height
        phase = generator.uniform(0, 2 * np.pi, (count, 1, 2))
        points = points + generator.normal(0, 0.06 * strength, (count, 1, 2)) * np.sin(
            points @ wave + phase
        )
    return points


def posed(
    points: Points, generator: np.random.Generator, strength: float = 1.0, slant: float = 0.0
) -> Points:
    """Stretch, slant (by `slant` on average) and turn points (n, p, 2), each drawing anew."""
    count = len(points)
    width = np.exp(generator.normal(0, 0.25 * strength, count))
    slants = generator.normal(slant, 0.25 * strength, count)
    turn = generator.normal(0, 0.1 * strength, count)  # radians
    cos, sin = np.cos(turn), np.sin(turn)
    shape = np.stack([[width, -slants], [np.zeros(count), np.ones(count)]])
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
    """`count` random digits as images (count, 28, 28) uint8, and their labels (count,).

    Each is inked with a pen of its own. The same seed draws the same digits.
    """
    drawings, labels = draw_many(count, seed)
    widths = pen_widths(count, np.random.default_rng([seed, 1]))
    images = np.empty((count, 28, 28), np.uint8)
    for i, (drawing, width) in enumerate(zip(drawings, widths, strict=True)):
        images[i] = rasterise(drawing, ink_width=width)
    return images, labels


def pen_widths(count: int, generator: np.random.Generator, spread: float = PEN_SPREAD) -> Points:
    """Random widths (count,) in px, about MNIST's median and a little more varied than MNIST's."""
    return np.clip(INK_WIDTH * np.exp(generator.normal(0, spread, count)), 1.2, 6.0)
