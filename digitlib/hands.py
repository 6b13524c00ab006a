"""Pen sketches as training data: held out by writer, and drawn again as their hands might have.

A sketch gives any number of images, no two alike: the strokes are redrawn before they are inked,
which is truer to hands than warping pixels.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm.auto import tqdm

from digitlib import habits
from digitlib.datasets import Digits, joined, rasterised
from digitlib.strokes import SUBMISSION, Sketch, Strokes, rasterise
from digitlib.synthesis import PEN_SPREAD, bent, pen_widths, posed

_CARE = 0.45  # of what `synthesis` does to a glyph: these are real hands already
_TREMBLE = 0.006  # of the digit's size, standard deviation of the points' shift
_LOST = 0.08  # of a stroke's points, at most, are missing at either end
_BALANCE = 0.5  # half-way between every sketch alike and every hand alike
_HABITS = 0.25  # share of the digits that are drawn as other hands would


class Writers(NamedTuple):
    """Sketches of writers to learn from, of others to choose by, and of yet others to test on."""

    train: list[Sketch]
    validation: list[Sketch]
    test: list[Sketch]


def split_by_writer(sketches: Iterable[Sketch], fraction: float, seed: int) -> Writers:
    """Hold out a share `fraction` of the writers to choose by, and as many to test on.

    A hand is in one part only: it would flatter the result. The same seed parts alike, and writers
    who join later move hardly any of the others, lest a model learn from who tested its ancestor.
    Raises ValueError when a part would be empty.
    """
    of_hand: dict[str, list[Sketch]] = {}
    for sketch in sketches:
        of_hand.setdefault(hand(sketch), []).append(sketch)
    writers = sorted(of_hand.values(), key=lambda drawn: min(_ranks(seed, drawn)))
    count = round(fraction * len(writers))
    if not 0 < count < len(writers) / 2:
        raise ValueError(
            f"A share of {fraction} of {len(writers)} writers leaves nobody to learn from or to "
            "test on: change `validation_fraction` or add sketches of more writers."
        )
    # From both ends: a part that grows takes from those who are learnt from, not from the other.
    parts = (writers[count:-count], writers[:count], writers[-count:])
    return Writers(*([sketch for drawn in part for sketch in drawn] for part in parts))


def parted_as_before(
    sketches: Iterable[Sketch], facts: Mapping[str, Any], fraction: float, seed: int
) -> Writers:
    """The sketches that a model may know, in the parts that they had when it was trained.

    `facts` is the `pedigree` of its sketches. Who came to its collections later may be taken for
    one who was learnt from, but none who was learnt from for one held out. Of collections that it
    didn't have there is nobody. Raises ValueError as `split_by_writer` does.
    """
    known = [sketch for sketch in sketches if sketch.source in facts["sources"]]
    if "held_out" not in facts:  # an older card
        return split_by_writer(known, fraction, seed)
    part_of = {name: part for part, names in facts["held_out"].items() for name in names}
    parts: dict[str, list[Sketch]] = {part: [] for part in Writers._fields}
    for sketch in known:
        parts[part_of.get(hand(sketch), "train")].append(sketch)
    return Writers(**parts)


def hand(sketch: Sketch) -> str:
    """Who drew it: some of UNIPEN's writers are in two collections, or in a file to train and test.

    `apa/apa13/app1332` and `app/app13/app1332` are one hand, `art/art01trn` and `art/art01tst` too.
    """
    return PurePosixPath(sketch.writer).name.removesuffix("trn").removesuffix("tst")


def _ranks(seed: int, sketches: list[Sketch]) -> set[bytes]:
    """Places in line by chance, whoever else is there: one for each name that a hand goes by."""
    names = {(sketch.source, sketch.writer) for sketch in sketches}
    return {
        blake2b(f"{seed}\0{source}\0{writer}".encode(), digest_size=8).digest()
        for source, writer in names
    }


def redrawn(strokes: Strokes, generator: np.random.Generator, care: float = _CARE) -> Strokes:
    """The strokes as the same hand might draw them another time, in units of the digit's size.

    Bent, slanted, stretched and turned a little, `care` times as far as `synthesis` does; with a
    tremble, sometimes sparser points (a fast pen) and ends that the tablet missed.
    """
    strokes = [_cut(stroke, generator) for stroke in strokes]
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) / ((high - low).max() or 1.0)
    points = points + generator.normal(0, _TREMBLE, points.shape)
    points = posed(bent(points[None], generator, care), generator, care)[0]
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    return np.split(points, ends)


def _cut(stroke: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Lose some of a stroke's points at its ends, and some of those between."""
    lost = (generator.uniform(-_LOST, _LOST, 2).clip(0) * len(stroke)).astype(int)
    step = generator.integers(1, 4) if len(stroke) > 20 else 1
    kept = stroke[lost[0] : len(stroke) - lost[1]]
    return np.concatenate([kept[:-1:step], kept[-1:]])


def drawn_again(
    sketches: Sequence[Sketch], count: int, seed: int, care: float = _CARE
) -> Iterator[tuple[Strokes, int]]:
    """`count` drawings, and their digits, of the sketches redrawn as `inked` does, but not inked.

    The same seed gives the same.
    """
    generator = np.random.default_rng([seed, 4])
    for place in _drawn_evenly(sketches, count, _BALANCE, generator).tolist():
        sketch = sketches[place]
        strokes = habits.added(sketch.strokes, sketch.label, _HABITS, generator)
        yield redrawn(strokes, generator, care), sketch.label


def inked(
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
        strokes = habits.added(sketch.strokes, sketch.label, habits_share, generator)
        images[i] = rasterise(redrawn(strokes, generator) if redraw else strokes, width)
    labels = torch.tensor([sketches[i].label for i in order.tolist()], dtype=torch.int64)
    return Digits(torch.from_numpy(images), labels)


def _drawn_evenly(
    sketches: Sequence[Sketch], count: int, balance: float, generator: np.random.Generator
) -> NDArray[np.intp]:
    """Places (count,) of sketches in random order, a hand's as often as `balance` says."""
    _, drawer, number = np.unique(
        [hand(sketch) for sketch in sketches],
        return_inverse=True,
        return_counts=True,
    )
    order = generator.permutation(len(sketches))
    share = np.cumsum(number[drawer][order] ** -float(balance))
    at = (np.arange(count) + 0.5) / count * share[-1]
    return generator.permutation(order[np.searchsorted(share, at)])


def with_sketches(
    train: Digits, validation: Digits, writers: Writers, share: float, seed: int
) -> tuple[Digits, Digits]:
    """Training digits, shuffled, of which a share are redrawn sketches; and validation digits.

    To choose by, the sketches stay as they were drawn.
    """
    count = round(len(train.labels) * share / (1 - share))
    images, labels = joined(train, inked(writers.train, count, seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    mixed = Digits(images[order], labels[order])
    if writers.validation:
        validation = joined(validation, rasterised(writers.validation))
    return mixed, validation


def pedigree(writers: Writers) -> dict[str, Any]:
    """What a model's card says of the sketches: how many to learn from, to choose by, to test on.

    And how many writers there are in all, where their sketches come from, and who was held out.
    """
    everything = [sketch for part in writers for sketch in part]
    held_out = {"validation": writers.validation, "test": writers.test}
    return {
        **{name: len(part) for name, part in writers._asdict().items()},
        "writers": len({hand(sketch) for sketch in everything}),
        "sources": sorted({sketch.source for sketch in everything}),
        "held_out": {part: sorted(set(map(hand, drawn))) for part, drawn in held_out.items()},
    }


def learnt_submissions(writers: Writers) -> list[str]:
    """The ids of exported submissions that a model learnt from or was chosen by."""
    known = (*writers.train, *writers.validation)
    return sorted(sketch.id for sketch in known if sketch.source == SUBMISSION)


def describe(writers: Writers) -> str:
    """What the sketches add, as Markdown."""
    train, validation, test = (f"{len(part):,}" for part in writers)
    return (
        f"**Pen sketches** too: {train} at hand to learn from, redrawn as on other days; "
        f"{validation} of other writers to choose by, and {test} of yet others to test on."
    )
