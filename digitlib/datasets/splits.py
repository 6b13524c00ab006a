"""Splitting pen sketches by writer."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from digitlib.strokes import SUBMISSION, Sketch


class Writers(NamedTuple):
    """Sketches for training, validation and test, by different writers each."""

    train: list[Sketch]
    validation: list[Sketch]
    test: list[Sketch]


def split_by_writer(sketches: Iterable[Sketch], fraction: float, seed: int) -> Writers:
    """Split into training, validation (a share `fraction` of the writers) and test (as many).

    Each writer is in one part only, so that validation and test measure unseen writers. The split
    is reproducible by seed. Writers who are added later hardly move the others, so that a model
    doesn't train on writers who tested its predecessor.
    Raises ValueError when a part would be empty.
    """
    by_writer: dict[str, list[Sketch]] = {}
    for sketch in sketches:
        by_writer.setdefault(writer_of(sketch), []).append(sketch)
    writers = sorted(by_writer.values(), key=lambda drawn: min(_ranks(seed, drawn)))
    count = round(fraction * len(writers))
    if not 0 < count < len(writers) / 2:
        raise ValueError(
            f"A share of {fraction} of {len(writers)} writers leaves a part of the split empty: "
            "change `validation_fraction` or add sketches by more writers."
        )
    # From both ends, so that validation and test grow from training and not from each other.
    parts = (writers[count:-count], writers[:count], writers[-count:])
    return Writers(*([sketch for drawn in part for sketch in drawn] for part in parts))


def split_as_trained(
    sketches: Iterable[Sketch], facts: Mapping[str, Any], fraction: float, seed: int
) -> Writers:
    """The sketches of a model's collections in the split that it was trained with.

    `facts` is the `sketch_provenance` in its card. Writers who were added to these collections
    later count as training writers; a training writer never counts as held out. Sketches of other
    collections are left out. Raises ValueError as `split_by_writer` does.
    """
    known = [sketch for sketch in sketches if sketch.source in facts["sources"]]
    if "held_out" not in facts:  # an older card
        return split_by_writer(known, fraction, seed)
    part_of = {name: part for part, names in facts["held_out"].items() for name in names}
    parts: dict[str, list[Sketch]] = {part: [] for part in Writers._fields}
    for sketch in known:
        parts[part_of.get(writer_of(sketch), "train")].append(sketch)
    return Writers(**parts)


def writer_of(sketch: Sketch) -> str:
    """The writer's name without UNIPEN's collection, as some writers are in two collections.

    `apa/apa13/app1332` and `app/app13/app1332` are one writer, as are `art/art01trn` and
    `art/art01tst`.
    """
    return PurePosixPath(sketch.writer).name.removesuffix("trn").removesuffix("tst")


def _ranks(seed: int, sketches: list[Sketch]) -> set[bytes]:
    """Random ranks of a writer, one for each of the names, independent of other writers."""
    names = {(sketch.source, sketch.writer) for sketch in sketches}
    return {
        blake2b(f"{seed}\0{source}\0{writer}".encode(), digest_size=8).digest()
        for source, writer in names
    }


def sketch_provenance(writers: Writers) -> dict[str, Any]:
    """The sketches for a model's card: sizes of the split, writers, sources, held-out writers."""
    sketches = [sketch for part in writers for sketch in part]
    held_out = {"validation": writers.validation, "test": writers.test}
    return {
        **{name: len(part) for name, part in writers._asdict().items()},
        "writers": len({writer_of(sketch) for sketch in sketches}),
        "sources": sorted({sketch.source for sketch in sketches}),
        "held_out": {part: sorted(set(map(writer_of, drawn))) for part, drawn in held_out.items()},
    }


def trained_submissions(writers: Writers) -> list[str]:
    """The ids of exported submissions in training and validation."""
    known = (*writers.train, *writers.validation)
    return sorted(sketch.id for sketch in known if sketch.source == SUBMISSION)


def describe_sketches(writers: Writers) -> str:
    """The sizes of the split as Markdown."""
    train, validation, test = (f"{len(part):,}" for part in writers)
    return (
        f"**Pen sketches**, split by writer: {train} training (before augmentation), {validation} "
        f"validation, {test} test."
    )
