"""Drawings that are no digits, for a network to learn to doubt.

Their target is no digit at all: a network that saw them doubts other letters and scribbles too
(outlier exposure: Hendrycks, Mazeika and Dietterich 2019).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from digitlib.datasets.digits import NO_DIGIT, Digits, concatenate
from digitlib.strokes import (
    LETTERS,
    SIGNS,
    Sketch,
    Strokes,
    beside,
    circled,
    crossed_out,
    distorted,
    draw,
    drawn,
    framed,
    pen_widths,
    rasterise,
    ticked,
)

Points = NDArray[np.float64]
_ONE = 0.35  # share of the two-digit numbers in which a 1 is put on purpose
# Signs that people draw and that resemble digits, with their relative frequencies.
_COMMON = {
    "?": 1,
    "!": 2,
    ",": 4,
    "smiling face": 1,
    "arrow": 1,
    "long arrow": 2,
    "barred Z": 1,
    "tick": 1,
}
_COMMON_SHARE = 0.65  # of the signs, these


class Source(NamedTuple):
    """Where the digits come from that get extra ink: a generator, and sketches where there are."""

    generator: np.random.Generator
    sketches: Sequence[Sketch] = ()
    ones: Sequence[Sketch] = ()

    def digit(self) -> Strokes:
        """A digit of the sketches, mostly; else one drawn from glyphs."""
        if self.sketches and self.generator.random() < 0.8:
            return self.sketches[int(self.generator.integers(len(self.sketches)))].strokes
        return draw(int(self.generator.integers(10)), self.generator)

    def one(self) -> Strokes:
        """A 1, likewise."""
        if self.ones and self.generator.random() < 0.8:
            return self.ones[int(self.generator.integers(len(self.ones)))].strokes
        return draw(1, self.generator)


def _glyph(ways: Sequence[str], generator: np.random.Generator) -> Strokes:
    """One of a glyph's ways of writing."""
    return drawn(ways[int(generator.integers(len(ways)))], generator)


def letter(source: Source) -> Strokes:
    """A letter that nobody means as a digit."""
    return _glyph(LETTERS[source.generator.choice(list(LETTERS))], source.generator)


def sign(source: Source) -> Strokes:
    """A punctuation mark, an arrow, a smiling face."""
    if source.generator.random() < _COMMON_SHARE:
        weights = np.array([*_COMMON.values()])
        name = source.generator.choice(list(_COMMON), p=weights / weights.sum())
    else:
        name = source.generator.choice(list(SIGNS))
    return _glyph(SIGNS[name], source.generator)


def scribble(source: Source) -> Strokes:
    """One to three random lines: a pen with some momentum, pushed about at random."""
    generator = source.generator
    return [_wandering(generator) for _ in range(generator.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))]


def _wandering(generator: np.random.Generator) -> Points:
    """A random walk from a random place, from jerky (no momentum) to wide swings."""
    count, momentum = generator.integers(20, 160), generator.uniform(0.0, 0.97)
    velocity = np.zeros(2)
    line = [generator.random(2)]
    for push in generator.normal(0, 0.1 * (1 - momentum) ** 0.5, (count, 2)):
        velocity = momentum * velocity + push - 0.01 * (line[-1] - 0.5)
        line.append(line[-1] + velocity)
    return np.array(line)


def hatching(source: Source) -> Strokes:
    """A pen that goes back and forth, as to blacken a patch, or in loops."""
    generator = source.generator
    turns, loops = generator.uniform(2.5, 9), generator.uniform(0, 1) < 0.5
    t = np.linspace(0, 1, int(turns * 16))
    swing = generator.uniform(0.5, 1, len(t)) if generator.random() < 0.3 else 1.0
    x = swing * np.sin(2 * np.pi * turns * t) * generator.uniform(0.2, 0.6)
    y = t - 0.5 + loops * generator.uniform(0.05, 0.3) * np.cos(2 * np.pi * turns * t)
    angle = generator.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [np.stack([x, y], axis=1) @ turn]


def corners(source: Source) -> Strokes:
    """A few straight lines from one random point to the next."""
    return [source.generator.random((source.generator.integers(6, 20), 2))]


def number(source: Source) -> Strokes:
    """Two digits side by side, now and then three: no single digit is right."""
    generator = source.generator
    pair = [source.digit(), source.digit()]
    if generator.random() < _ONE:
        pair[int(generator.integers(2))] = source.one()
    strokes = beside(pair[0], pair[1], generator)
    return beside(strokes, source.digit(), generator) if generator.random() < 0.15 else strokes


def taps(source: Source) -> Strokes:
    """One to four dots at random places."""
    generator = source.generator
    return [dot[None] for dot in generator.random((generator.integers(1, 5), 2))]


Kind = Callable[[Source], Strokes]
KINDS: tuple[tuple[float, Kind], ...] = (
    (0.24, letter),
    (0.28, sign),
    (0.06, scribble),
    (0.04, hatching),
    (0.04, corners),
    (0.19, number),
    (0.05, lambda source: circled(source.digit(), source.generator)),
    (0.04, lambda source: framed(source.digit(), source.generator)),
    (0.03, lambda source: crossed_out(source.digit(), source.generator)),
    (0.02, lambda source: ticked(source.digit(), source.generator)),
    (0.01, taps),
)
_DISTORTED = 0.15  # share of the drawings with one of `strokes.distortions`
_BLANK = 0.05  # share of the images that are blank or almost blank


def nondigit_drawings(count: int, seed: int, sketches: Sequence[Sketch] = ()) -> list[Strokes]:
    """The strokes of `count` letters, signs, scribbles, numbers and digits with extra ink.

    The digits among them are those of the `sketches`, where there are any. The same seed draws the
    same.
    """
    generator = np.random.default_rng([seed, 5])
    source = Source(generator, sketches, [sketch for sketch in sketches if sketch.label == 1])
    kinds = generator.choice(len(KINDS), count, p=[share for share, _ in KINDS])
    return [distorted(KINDS[kind][1](source), generator, _DISTORTED) for kind in kinds]


def nondigit_images(count: int, seed: int, sketches: Sequence[Sketch] = ()) -> Digits:
    """`count` images of such drawings, some of them blank, labelled `NO_DIGIT`.

    The same seed draws the same.
    """
    generator = np.random.default_rng([seed, 3])
    widths = pen_widths(count, generator)
    images = np.empty((count, 28, 28), np.uint8)
    drawings = nondigit_drawings(count, seed, sketches)
    for i, (strokes, width) in enumerate(zip(drawings, widths, strict=True)):
        images[i] = rasterise(strokes, ink_width=width)
    for i in np.flatnonzero(generator.random(count) < _BLANK).tolist():
        images[i] = _almost_blank(images[i], generator)
    return Digits(torch.from_numpy(images), torch.full((count,), NO_DIGIT))


def _almost_blank(image: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """A blank image (28, 28), one bright pixel, faint noise, or the image with very faint ink."""
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


def mix_nondigits(
    train: Digits, share: float, seed: int, sketches: Sequence[Sketch] = ()
) -> Digits:
    """Training digits of which a share are no digits, shuffled; `sketches` as above."""
    count = round(len(train.labels) * share / (1 - share))
    images, labels = concatenate(train, nondigit_images(count, seed, sketches))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    return Digits(images[order], labels[order])
