"""Extra ink: a circle, a frame or a line round a digit, strokes through it, another digit."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes.distortions import extent
from digitlib.strokes.ink import Strokes

Points = NDArray[np.float64]


def circled(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """A digit in a loop that is round or oval and may not close, or runs on past its start."""
    low, high, size = extent(strokes)
    radii = (high - low) / 2 + size * generator.uniform(0.1, 0.45, 2)
    if generator.random() < 0.6:
        radii = np.maximum(radii, radii.max() * generator.uniform(0.75, 1, 2))
    start, sense = generator.uniform(0, 2 * np.pi), generator.choice([-1, 1])
    turn = start + sense * np.linspace(0, 2 * np.pi * generator.uniform(0.9, 1.15), 48)
    drift = 1 + generator.normal(0, 0.05) * np.linspace(-1, 1, 48)
    wave = 1 + generator.uniform(0, 0.06) * np.sin(2 * turn + generator.uniform(0, 6.3))
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * (radii * (drift * wave)[:, None])
    middle = (low + high) / 2 + size * generator.normal(0, 0.05, 2)
    return _before_or_after(strokes, [middle + ring], generator)


def framed(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """A digit in a box, drawn in one stroke, in two, or as four lines."""
    low, high, size = extent(strokes)
    low, high = (
        low - size * generator.uniform(0.08, 0.4, 2),
        high + size * generator.uniform(0.08, 0.4, 2),
    )
    corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]], low])
    corners = corners + generator.normal(0, 0.03 * size, corners.shape)
    if generator.random() < 0.5:
        corners = corners[::-1]
    sides = [_line(one, other) for one, other in pairwise(corners)]
    match generator.integers(3):
        case 0:
            frame = [np.concatenate(sides)]
        case 1:
            frame = [np.concatenate(sides[:2]), np.concatenate(sides[2:])]
        case _:
            frame = sides
    return _before_or_after(strokes, frame, generator)


def underlined(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """A digit with one line below it, or two; the line doesn't touch it."""
    low, high, size = extent(strokes)
    lines = []
    height = high[1] + size * generator.uniform(0.08, 0.3)
    for _ in range(generator.choice([1, 2], p=[0.85, 0.15])):
        ends = [low[0], high[0]] + size * generator.uniform([-0.4, -0.1], [0.1, 0.4])
        if ends[1] - ends[0] < 0.3 * size:
            ends = np.array([low[0], high[0]]) + size * np.array([-0.2, 0.2])
        heights = height + generator.normal(0, 0.025, 2) * size
        lines.append(_line(np.array([ends[0], heights[0]]), np.array([ends[1], heights[1]])))
        height += size * generator.uniform(0.08, 0.16)
    return [*strokes, *lines]


def crossed_out(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """A digit that is struck out: by an X, by two to four lines, or by a zigzag."""
    low, high, size = extent(strokes)
    out = size * generator.uniform(0.0, 0.25, 4)
    left, right = low[0] - out[0], high[0] + out[1]
    top, bottom = low[1] - out[2] / 2, high[1] + out[3] / 2
    if right - left < 0.5 * size:
        left, right = left - 0.25 * size, right + 0.25 * size
    match generator.integers(3):
        case 0:
            corners = np.array([[left, top], [right, bottom], [right, top], [left, bottom]])
            corners = corners + generator.normal(0, 0.06 * size, corners.shape)
            return [*strokes, _line(*corners[:2]), _line(*corners[2:])]
        case 1:
            count = generator.integers(2, 5)
            heights = np.linspace(0.25, 0.75, count) + generator.normal(0, 0.05, count)
            tilt = generator.uniform(-0.3, 0.3) * (bottom - top)
            ys = top + heights * (bottom - top)
            return [
                *strokes,
                *(_line(np.array([left, y + tilt]), np.array([right, y - tilt])) for y in ys),
            ]
        case _:
            count = generator.integers(5, 12)
            across = np.where(np.arange(count) % 2, right, left)
            down = np.linspace(top, bottom, count)
            zigzag = np.stack([across, down], axis=1)
            zigzag = zigzag + generator.normal(0, 0.06 * size, zigzag.shape)
            return [*strokes, zigzag]


def ticked(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """A digit with a tick to its right, or over it."""
    low, high, size = extent(strokes)
    shape = np.array([[0, 0.6], [0.3, 1.0], [1.0, 0.0]]) + generator.normal(0, 0.06, (3, 2))
    scale = size * generator.uniform(0.35, 0.9)
    x = generator.uniform(low[0], high[0] + 0.3 * size)
    y = low[1] - 0.2 * size + generator.random() * max(high[1] - low[1], 0.3 * size)
    tick = shape * scale + (x, y)
    return [*strokes, np.concatenate([_line(*tick[:2]), _line(*tick[1:])])]


def beside(
    left: Strokes, right: Strokes, generator: np.random.Generator, gap: float | None = None
) -> Strokes:
    """Two drawings as high as each other, more or less, side by side."""
    placed: Strokes = []
    x = 0.0
    for drawing in (left, right):
        low, high, size = extent(drawing)
        height = max(high[1] - low[1], 0.3 * size)
        scale = generator.uniform(0.8, 1.15) / height
        y = generator.normal(0, 0.06)
        placed += [(stroke - low) * scale + (x, y) for stroke in drawing]
        space = generator.uniform(0.1, 0.6) if gap is None else gap
        x += (high[0] - low[0]) * scale + space
    return placed


def _line(start: Points, end: Points, steps: int = 12) -> Points:
    """A straight stroke (steps, 2)."""
    return start + np.linspace(0, 1, steps)[:, None] * (end - start)


def _before_or_after(strokes: Strokes, ink: Strokes, generator: np.random.Generator) -> Strokes:
    """The extra ink mostly after the digit, sometimes before it."""
    return [*ink, *strokes] if generator.random() < 0.25 else [*strokes, *ink]
