"""Submissions sorted out: what may be learnt from, what is held out, and what is left out."""

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pandas as pd

from digitlib import suspects
from digitlib.hands import Writers
from digitlib.recogniser import Recogniser
from digitlib.strokes import Sketch, as_strokes

LEARNT, CHOSEN_BY, TESTED = range(3)  # the parts that sessions fall into
SHARE_TESTED, SHARE_CHOSEN_BY = 0.25, 0.1
FEWEST_HELD_OUT = 20  # sketches, below which no improvement could be told from chance


class Intake(NamedTuple):
    """Submissions sorted out: what is learnt from, chosen by and tested on, and what is not."""

    sketches: Writers
    suspects: pd.DataFrame  # their rows, with `likeliest` and `odds`
    rejected: int
    duplicates: int

    @property
    def usable(self) -> int:
        """How many are of use."""
        return sum(map(len, self.sketches))

    def wanting(self, least: int) -> str:
        """Why these are too few to refine on, in words; empty where they are enough."""
        if self.usable < least:
            return f"{self.usable} submissions are of use; refining starts with {least}."
        train, validation, held_out = map(len, self.sketches)
        if held_out < FEWEST_HELD_OUT or not train or not validation:
            return (
                f"The {self.usable} submissions are of too few visits to hold some out to test on: "
                f"{held_out} are, and {FEWEST_HELD_OUT} are needed."
            )
        return ""

    def describe(self) -> str:
        """What was found, as Markdown."""
        train, validation, held_out = (f"{len(part):,}" for part in self.sketches)
        return (
            f"**{self.usable:,} submissions** are of use: {train} to learn from, {validation} of "
            f"other visits to choose by, and {held_out} of yet others to test on. Left out: "
            f"{self.rejected:,} rejected in a review, {self.duplicates:,} duplicates, and "
            f"**{len(self.suspects):,} whose label is contradicted**."
        )


def part_of(session: str) -> int:
    """Where a session's sketches go, the same every night: `LEARNT`, `CHOSEN_BY` or `TESTED`."""
    share = int.from_bytes(blake2b(session.encode(), digest_size=6).digest()) / 2**48
    if share < SHARE_TESTED:
        return TESTED
    return CHOSEN_BY if share < SHARE_TESTED + SHARE_CHOSEN_BY else LEARNT


def sort_out(frame: pd.DataFrame, recogniser: Recogniser) -> Intake:
    """Part the submissions' table by session; leave out the rejected, copies and suspects."""
    kept = frame[frame.review != "rejected"].sort_values(["submitted_at", "id"])
    images = kept.image.map(bytes)
    single = kept[~images.duplicated()]
    single = suspects.marked(single, recogniser)
    parts: tuple[list[Sketch], ...] = ([], [], [])
    for row in single[~single.suspect].itertuples():
        sketch = Sketch(
            str(row.id),
            int(row.label),
            as_strokes(map(np.stack, row.strokes)),
            "submission",
            row.session,
        )
        parts[part_of(row.session)].append(sketch)
    return Intake(
        Writers(*parts),
        single[single.suspect],
        rejected=len(frame) - len(kept),
        duplicates=len(kept) - len(single),
    )
