"""Drawings that are no digits, for a network to learn to be unsure about.

Shown with no digit as their answer, they teach it what a digit isn't; other letters and scribbles
than these are then doubted too (outlier exposure: Hendrycks, Mazeika and Dietterich 2019).
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from digitlib.datasets.digits import NO_DIGIT, Digits, concatenate
from digitlib.strokes import LETTERS, Strokes, draw, drawn, pen_widths, rasterise

Points = NDArray[np.float64]


def letter(generator: np.random.Generator) -> Strokes:
    """A letter or sign that nobody means as a digit."""
    glyphs = LETTERS[list(LETTERS)[generator.integers(len(LETTERS))]]
    return drawn(glyphs[generator.integers(len(glyphs))], generator)


def scribble(generator: np.random.Generator) -> Strokes:
    """One to three lines that go nowhere: a pen with some momentum, pushed about at random."""
    return [_wandering(generator) for _ in range(generator.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))]


def _wandering(generator: np.random.Generator) -> Points:
    """A random walk from anywhere: of jerks at the one end, of wide swings at the other."""
    count, momentum = generator.integers(20, 160), generator.uniform(0.0, 0.97)
    velocity = np.zeros(2)
    line = [generator.random(2)]
    for push in generator.normal(0, 0.1 * (1 - momentum) ** 0.5, (count, 2)):
        velocity = momentum * velocity + push - 0.01 * (line[-1] - 0.5)
        line.append(line[-1] + velocity)
    return np.array(line)


def hatching(generator: np.random.Generator) -> Strokes:
    """A pen that goes to and fro, as to blacken a patch, or in loops."""
    turns, loops = generator.uniform(2.5, 9), generator.uniform(0, 1) < 0.5
    t = np.linspace(0, 1, int(turns * 16))
    swing = generator.uniform(0.5, 1, len(t)) if generator.random() < 0.3 else 1.0
    x = swing * np.sin(2 * np.pi * turns * t) * generator.uniform(0.2, 0.6)
    y = t - 0.5 + loops * generator.uniform(0.05, 0.3) * np.cos(2 * np.pi * turns * t)
    angle = generator.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [np.stack([x, y], axis=1) @ turn]


def corners(generator: np.random.Generator) -> Strokes:
    """A few straight lines from one random point to the next."""
    return [generator.random((generator.integers(6, 20), 2))]


def number(generator: np.random.Generator) -> Strokes:
    """Two or three digits side by side: a number, of which no single digit may be read."""
    strokes = []
    distance = generator.uniform(0.6, 1.1)  # between digits, in their height
    for place in range(generator.choice([2, 3], p=[0.8, 0.2])):
        digit = draw(int(generator.integers(10)), generator)
        x = np.concatenate(digit)[:, 0]
        width = max(np.ptp(x), 0.3)
        strokes += [
            (stroke - (x.min(), 0)) / (width, 1) + (place * distance, 0) for stroke in digit
        ]
    return strokes


def taps(generator: np.random.Generator) -> Strokes:
    """One to four dots, anywhere."""
    return [dot[None] for dot in generator.random((generator.integers(1, 5), 2))]


KINDS: tuple[tuple[float, Callable[[np.random.Generator], Strokes]], ...] = (
    (0.6, letter),
    (0.12, scribble),
    (0.08, hatching),
    (0.07, corners),
    (0.1, number),
    (0.03, taps),
)
_BLANK = 0.05  # share of the images that hold next to nothing


def nondigit_drawings(count: int, seed: int) -> list[Strokes]:
    """The strokes of `count` letters, scribbles and numbers; the same seed draws the same."""
    generator = np.random.default_rng([seed, 5])
    kinds = generator.choice(len(KINDS), count, p=[share for share, _ in KINDS])
    return [KINDS[kind][1](generator) for kind in kinds]


def nondigit_images(count: int, seed: int) -> Digits:
    """`count` images of letters, scribbles, numbers and nothing, labelled `NO_DIGIT`.

    The same seed draws the same.
    """
    generator = np.random.default_rng([seed, 3])
    kinds = generator.choice(len(KINDS), count, p=[share for share, _ in KINDS])
    widths = pen_widths(count, generator)
    images = np.empty((count, 28, 28), np.uint8)
    for i, (kind, width) in enumerate(zip(kinds, widths, strict=True)):
        images[i] = rasterise(KINDS[kind][1](generator), ink_width=width)
    for i in np.flatnonzero(generator.random(count) < _BLANK).tolist():
        images[i] = _next_to_nothing(images[i], generator)
    return Digits(torch.from_numpy(images), torch.full((count,), NO_DIGIT))


def _next_to_nothing(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """A blank image (28, 28), a speck, a little noise, or what is left of the image's ink."""
    faint = generator.uniform(0, 0.15)
    match generator.integers(4):
        case 0:
            return np.zeros_like(image)
        case 1:
            blank = np.zeros_like(image)
            blank[tuple(generator.integers(0, 28, 2))] = generator.integers(1, 256)
            return blank
        case 2:
            return (255 * faint * generator.random(image.shape)).astype(np.uint8)
        case _:
            return (image * faint).astype(np.uint8)


def mix_nondigits(train: Digits, share: float, seed: int) -> Digits:
    """Training digits of which a share are no digits, shuffled."""
    count = round(len(train.labels) * share / (1 - share))
    images, labels = concatenate(train, nondigit_images(count, seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return Digits(images[order], labels[order])
