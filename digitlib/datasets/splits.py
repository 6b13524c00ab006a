"""Pen sketches split by writer."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from digitlib.strokes import SUBMISSION, Sketch


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
        of_hand.setdefault(writer_of(sketch), []).append(sketch)
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


def split_as_trained(
    sketches: Iterable[Sketch], facts: Mapping[str, Any], fraction: float, seed: int
) -> Writers:
    """The sketches that a model may know, in the parts that they had when it was trained.

    `facts` is the card's provenance of sketches. Who came to its collections later may be taken for
    one who was learnt from, but none who was learnt from for one held out. Of collections that it
    didn't have there is nobody. Raises ValueError as `split_by_writer` does.
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


def sketch_provenance(writers: Writers) -> dict[str, Any]:
    """What a model's card says of the sketches: how many to learn from, to choose by, to test on.

    And how many writers there are in all, where their sketches come from, and who was held out.
    """
    everything = [sketch for part in writers for sketch in part]
    held_out = {"validation": writers.validation, "test": writers.test}
    return {
        **{name: len(part) for name, part in writers._asdict().items()},
        "writers": len({writer_of(sketch) for sketch in everything}),
        "sources": sorted({sketch.source for sketch in everything}),
        "held_out": {part: sorted(set(map(writer_of, drawn))) for part, drawn in held_out.items()},
    }


def trained_submissions(writers: Writers) -> list[str]:
    """The ids of exported submissions that a model learnt from or was chosen by."""
    known = (*writers.train, *writers.validation)
    return sorted(sketch.id for sketch in known if sketch.source == SUBMISSION)


def describe_sketches(writers: Writers) -> str:
    """What the sketches add, as Markdown."""
    train, validation, test = (f"{len(part):,}" for part in writers)
    return (
        f"**Pen sketches** too: {train} at hand to learn from, redrawn as on other days; "
        f"{validation} of other writers to choose by, and {test} of yet others to test on."
    )
