"""Pen sketches as training data: stroke augmentation and allographs, then images.

A sketch gives any number of images, no two alike: the strokes are changed before they are inked,
which is closer to how people vary than warping pixels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm.auto import tqdm

from digitlib.datasets.digits import Digits, concatenate
from digitlib.datasets.loading import rasterised
from digitlib.datasets.splits import Writers, writer_of
from digitlib.strokes import (
    DISTORTED,
    PEN_SPREAD,
    STRENGTH,
    Sketch,
    Strokes,
    allographs,
    augment_strokes,
    pen_widths,
    rasterise,
    underlined,
)

_BALANCE = 0.5  # half-way between each sketch as often and each writer as often
_ALLOGRAPHS = 0.25  # share of the digits drawn in another way: see `strokes.allographs`
_UNDERLINED = 0.03  # share of the digits with a line below: people read the digit all the same


def augmented_drawings(
    sketches: Sequence[Sketch],
    count: int,
    seed: int,
    strength: float = STRENGTH,
    distorted_share: float = DISTORTED,
) -> Iterator[tuple[Strokes, int]]:
    """`count` drawings of the sketches, augmented as `augmented_images` does, and their digits.

    The same seed gives the same.
    """
    generator = np.random.default_rng([seed, 4])
    for place in _evenly(sketches, count, _BALANCE, generator).tolist():
        sketch = sketches[place]
        strokes = allographs.add_allograph(sketch.strokes, sketch.label, _ALLOGRAPHS, generator)
        strokes = augment_strokes(strokes, generator, strength, distorted_share)
        yield _underlined(strokes, generator), sketch.label


def augmented_images(
    sketches: Sequence[Sketch],
    count: int,
    seed: int,
    *,
    redraw: bool = True,
    width_spread: float = PEN_SPREAD,
    balance: float = _BALANCE,
    allograph_share: float = _ALLOGRAPHS,
    distorted_share: float = DISTORTED,
) -> Digits:
    """`count` images of the sketches, each augmented, and inked with a random width.

    `width_spread` is that of the widths, as in `strokes.pen_widths`. `balance` is between 0, where
    each sketch comes as often as the others, and 1, where each writer does. `allograph_share` and
    `distorted_share` are as in `add_allograph` and `augment_strokes`; without `redraw` the strokes
    stay otherwise as they are. The same seed gives the same images.
    """
    generator = np.random.default_rng([seed, 2])
    order = _evenly(sketches, count, balance, generator)
    widths = pen_widths(count, generator, width_spread)
    images = np.empty((count, 28, 28), np.uint8)
    for i, width in enumerate(tqdm(widths, desc="inking sketches", leave=False, delay=1)):
        sketch = sketches[int(order[i])]
        strokes = allographs.add_allograph(sketch.strokes, sketch.label, allograph_share, generator)
        if redraw:
            strokes = augment_strokes(strokes, generator, distorted_share=distorted_share)
            strokes = _underlined(strokes, generator)
        images[i] = rasterise(strokes, width)
    labels = torch.tensor([sketches[i].label for i in order.tolist()], dtype=torch.int64)
    return Digits(torch.from_numpy(images), labels)


def examples(sketches: Sequence[Sketch], rows: int, seed: int) -> list[Sketch]:
    """`rows` random sketches of each digit, by different writers where there are enough.

    They come row by row, each with the digits in order; a digit without sketches is left out.
    """
    order = np.random.default_rng([seed, 8]).permutation(len(sketches)).tolist()
    chosen: list[list[Sketch]] = [[] for _ in range(10)]
    seen: set[str] = set()
    left = []
    for sketch in (sketches[place] for place in order):
        if len(chosen[sketch.label]) < rows and writer_of(sketch) not in seen:
            chosen[sketch.label].append(sketch)
            seen.add(writer_of(sketch))
        else:
            left.append(sketch)
    for sketch in left:
        if len(chosen[sketch.label]) < rows:
            chosen[sketch.label].append(sketch)
    return [column[row] for row in range(rows) for column in chosen if row < len(column)]


def augmented_examples(sketches: Sequence[Sketch], times: int, seed: int) -> Digits:
    """Each sketch augmented so many times: (times * n) images, all sketches, then all again."""
    parts = [augmented_images([sketch], times, seed + i) for i, sketch in enumerate(sketches)]
    images = torch.stack([part.images for part in parts], dim=1).flatten(0, 1)
    labels = torch.stack([part.labels for part in parts], dim=1).flatten()
    return Digits(images, labels)


def _underlined(strokes: Strokes, generator: np.random.Generator) -> Strokes:
    """The strokes, a few of them with a line below."""
    return underlined(strokes, generator) if generator.random() < _UNDERLINED else strokes


def _evenly(
    sketches: Sequence[Sketch], count: int, balance: float, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Indices (count,) of sketches in random order, a writer's as often as `balance` says."""
    _, drawer, number = np.unique(
        [writer_of(sketch) for sketch in sketches],
        return_inverse=True,
        return_counts=True,
    )
    order = generator.permutation(len(sketches))
    share = np.cumsum(number[drawer][order] ** -float(balance))
    at = (np.arange(count) + 0.5) / count * share[-1]
    return generator.permutation(order[np.searchsorted(share, at)])


def mix_sketches(
    train: Digits, validation: Digits, writers: Writers, share: float, seed: int
) -> tuple[Digits, Digits]:
    """Training digits, shuffled, of which a share are augmented sketches; and validation digits.

    The validation sketches stay as they were drawn.
    """
    count = round(len(train.labels) * share / (1 - share))
    images, labels = concatenate(train, augmented_images(writers.train, count, seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    mixed = Digits(images[order], labels[order])
    if writers.validation:
        validation = concatenate(validation, rasterised(writers.validation))
    return mixed, validation
