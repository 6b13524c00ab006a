"""Pen sketches as training data: held out by writer, and drawn again as their hands might have.

A sketch gives any number of images, no two alike: the strokes are redrawn before they are inked,
which is truer to hands than warping pixels.
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
    PEN_SPREAD,
    STRENGTH,
    Sketch,
    Strokes,
    allographs,
    augment_strokes,
    pen_widths,
    rasterise,
)

_BALANCE = 0.5  # half-way between every sketch alike and every hand alike
_HABITS = 0.25  # share of the digits that are drawn as other hands would


def augmented_drawings(
    sketches: Sequence[Sketch], count: int, seed: int, care: float = STRENGTH
) -> Iterator[tuple[Strokes, int]]:
    """`count` drawings, and their digits, of the sketches redrawn as `inked` does, but not inked.

    The same seed gives the same.
    """
    generator = np.random.default_rng([seed, 4])
    for place in _drawn_evenly(sketches, count, _BALANCE, generator).tolist():
        sketch = sketches[place]
        strokes = allographs.add_allograph(sketch.strokes, sketch.label, _HABITS, generator)
        yield augment_strokes(strokes, generator, care), sketch.label


def augmented_images(
    sketches: Sequence[Sketch],
    count: int,
    seed: int,
    *,
    redraw: bool = True,
    width_spread: float = PEN_SPREAD,
    balance: float = _BALANCE,
    habits_share: float = _HABITS,
) -> Digits:
    """`count` images of the sketches, each redrawn, and inked with a pen of its own.

    `width_spread` is that of the pens' widths, as in `synthesis.pen_widths`. `balance` is between
    0, where each sketch comes as often as the others, and 1, where each hand does. Where `habits`
    knows one to add, a share of `habits_share` gets it. The same seed gives the same images.
    """
    generator = np.random.default_rng([seed, 2])
    order = _drawn_evenly(sketches, count, balance, generator)
    widths = pen_widths(count, generator, width_spread)
    images = np.empty((count, 28, 28), np.uint8)
    for i, width in enumerate(tqdm(widths, desc="inking sketches", leave=False)):
        sketch = sketches[int(order[i])]
        strokes = allographs.add_allograph(sketch.strokes, sketch.label, habits_share, generator)
        images[i] = rasterise(augment_strokes(strokes, generator) if redraw else strokes, width)
    labels = torch.tensor([sketches[i].label for i in order.tolist()], dtype=torch.int64)
    return Digits(torch.from_numpy(images), labels)


def _drawn_evenly(
    sketches: Sequence[Sketch], count: int, balance: float, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Places (count,) of sketches in random order, a hand's as often as `balance` says."""
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
    """Training digits, shuffled, of which a share are redrawn sketches; and validation digits.

    To choose by, the sketches stay as they were drawn.
    """
    count = round(len(train.labels) * share / (1 - share))
    images, labels = concatenate(train, augmented_images(writers.train, count, seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    mixed = Digits(images[order], labels[order])
    if writers.validation:
        validation = concatenate(validation, rasterised(writers.validation))
    return mixed, validation
