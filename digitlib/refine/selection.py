"""Submissions sorted out: what may be learnt from, by whom it is judged, and what is left out."""

from collections.abc import Collection
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from digitlib.datasets import Writers
from digitlib.evaluation import not_trained_on
from digitlib.recogniser import Recogniser
from digitlib.refine import label_errors
from digitlib.strokes import SUBMISSION, Sketch, as_strokes

FOLDS = 3  # and so many visits at least: of two, all that they gain is chance
FEWEST_JUDGED = 20  # sketches, below which no improvement could be told from chance
_SHARE_CHOSEN_BY = 0.1


class Selected(NamedTuple):
    """Submissions sorted out.

    The model can be judged by those of visits that are new to it. They are parted by visit into
    `folds`: learning from all others shows what a model makes of people whom it never saw.
    """

    learnt: list[Sketch]
    chosen_by: list[Sketch]  # the validation part, never learnt from
    folds: list[list[Sketch]]  # the new ones among `learnt`
    suspects: pd.DataFrame  # their rows, with `likeliest` and `odds`
    rejected: int
    duplicates: int

    @property
    def usable(self) -> int:
        """How many are of use."""
        return len(self.learnt) + len(self.chosen_by)

    @property
    def judged(self) -> list[Sketch]:
        """Those that old and new are compared by, fold after fold."""
        return [sketch for fold in self.folds for sketch in fold]

    def without(self, fold: list[Sketch]) -> Writers:
        """What is learnt from to be tested on one fold; all, where it is empty."""
        apart = {sketch.id for sketch in fold}
        learnt = [sketch for sketch in self.learnt if sketch.id not in apart]
        return Writers(learnt, self.chosen_by, fold)

    def wanting(self, least: int) -> str:
        """Why these are too few to refine on, in words; empty where they are enough."""
        if self.usable < least:
            return f"{self.usable} submissions are of use; refining starts with {least}."
        new = len(self.judged)
        if new >= FEWEST_JUDGED and len(self.folds) == FOLDS:
            return ""
        found = {
            0: f"None of the {self.usable} submissions is of a visit that the model doesn't know",
            1: f"Of the {self.usable} submissions, {new} are of visits that the model doesn't know,"
            " and all of these of one",
            2: f"Of the {self.usable} submissions, {new} are of visits that the model doesn't know,"
            " and all of these of two",
        }.get(
            len(self.folds),
            f"{new} of the {self.usable} submissions are of visits that the model doesn't know",
        )
        return (
            f"{found}; to judge it by other people's sketches, {FEWEST_JUDGED} of three visits "
            "or more are needed."
        )

    def describe(self) -> str:
        """What was found, as Markdown."""
        return (
            f"**{self.usable:,} submissions** are of use: {len(self.learnt):,} to learn from, of "
            f"which {len(self.judged):,} are of visits that are new to the model, and "
            f"{len(self.chosen_by):,} of other visits to choose by. Left out: {self.rejected:,} "
            f"rejected in a review, {self.duplicates:,} duplicates, and "
            f"**{len(self.suspects):,} whose label is contradicted**."
        )


def is_validation_session(session: str) -> bool:
    """Whether a session's sketches are never learnt from but chosen by; the same every night."""
    share = int.from_bytes(blake2b(session.encode(), digest_size=6).digest()) / 2**48
    return share < _SHARE_CHOSEN_BY


def select(frame: pd.DataFrame, recogniser: Recogniser, before: Collection[str] = ()) -> Selected:
    """Part the submissions' table by session; leave out the rejected, copies and suspects.

    Those whose ids are in `before` are suspect unless they were accepted since.
    """
    frame = frame.assign(new=not_trained_on(frame, recogniser.card))
    kept = _not_rejected(frame)
    doubts = {*before, *kept[label_errors.still_disputed(kept, before)].id.astype(str)}
    single = label_errors.with_disputed(_single(kept), recogniser, doubts)  # copies have one voice
    usable = single[~single.suspect]
    chooses_by = usable.session.map(is_validation_session).astype(bool)
    learnt = usable[~chooses_by]
    return Selected(
        _sketches(learnt),
        _sketches(usable[chooses_by]),
        _folds(_sketches(learnt[learnt.new])),
        single[single.suspect],
        rejected=len(frame) - len(kept),
        duplicates=len(kept) - len(single),
    )


def _not_rejected(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of images that no review rejected, or that one accepted in another copy."""
    image = frame.image.map(bytes)
    verdict = {
        review: (frame.review == review).groupby(image).transform("any").astype(bool)
        for review in ("accepted", "rejected")
    }
    return frame[(frame.review != "rejected") & (verdict["accepted"] | ~verdict["rejected"])]


def _single(rows: pd.DataFrame) -> pd.DataFrame:
    """One row of each image, the oldest first: the accepted one, else the first."""
    order = rows.assign(accepted=rows.review == "accepted").sort_values(
        ["accepted", "submitted_at", "id"], ascending=[False, True, True]
    )
    return rows.loc[order.index[~order.image.map(bytes).duplicated()]].sort_values(
        ["submitted_at", "id"]
    )


def _sketches(rows: pd.DataFrame) -> list[Sketch]:
    """The submissions as sketches; a visit is their writer."""
    return [
        Sketch(
            str(row.id),
            int(row.label),
            as_strokes(map(np.stack, row.strokes)),
            SUBMISSION,
            row.session,
        )
        for row in rows.itertuples()
    ]


def _folds(sketches: list[Sketch]) -> list[list[Sketch]]:
    """The sketches parted by visit into `FOLDS` of about one size, or as many as visits."""
    visits = [sketch.writer for sketch in sketches]
    count = min(FOLDS, len(set(visits)))
    if count < 2:
        return [sketches] if sketches else []
    parts = GroupKFold(count).split(visits, groups=visits)
    return [[sketches[place] for place in places] for _, places in parts]
