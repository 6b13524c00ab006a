"""Which submissions are trained on, which validate, which test, and which are left out."""

from collections.abc import Collection
from hashlib import blake2b
from typing import NamedTuple

import pandas as pd
from sklearn.model_selection import GroupKFold

from digitlib.evaluation import not_trained_on
from digitlib.recogniser import Recogniser
from digitlib.refine import label_errors
from digitlib.refine.submissions import Submission, submissions_of

FOLDS = 3  # also the minimum number of new visits
MINIMUM_NEW = 20  # submissions of new visits, below which no improvement can be significant
_VALIDATION_SHARE = 0.1


class Split(NamedTuple):
    """Submissions to train on and to validate with, of different visits."""

    train: list[Submission]
    validation: list[Submission]


class Selected(NamedTuple):
    """Usable submissions, split by visit.

    Visits that are new to the model test its challenger by cross-validation: for each of `folds`,
    a copy is trained on all others.
    """

    train: list[Submission]
    validation: list[Submission]  # never trained on
    folds: list[list[Submission]]  # those of new visits in `train`
    disputed: pd.DataFrame  # left out; with `likeliest` and `confidence`
    rejected: int
    duplicates: int

    @property
    def usable(self) -> int:
        """The number of submissions to train on and validate with."""
        return len(self.train) + len(self.validation)

    @property
    def new(self) -> list[Submission]:
        """The submissions of new visits, fold after fold."""
        return [submission for fold in self.folds for submission in fold]

    def without(self, fold: list[Submission]) -> Split:
        """The split that holds out one fold; with an empty fold, nothing is held out."""
        held_out = {submission.id for submission in fold}
        train = [submission for submission in self.train if submission.id not in held_out]
        return Split(train, self.validation)

    def insufficient_reason(self, minimum: int) -> str:
        """Why there is too little to refine on; empty where there is enough."""
        if self.usable < minimum:
            return f"{self.usable} submissions are usable; refining needs {minimum}."
        if len(self.new) >= MINIMUM_NEW and len(self.folds) == FOLDS:
            return ""
        visits = len({submission.visit for submission in self.new})
        return (
            f"{len(self.new)} usable submissions are from {visits} visits that the model was not "
            f"trained on; testing needs {MINIMUM_NEW} from {FOLDS} or more such visits."
        )

    def describe(self) -> str:
        """The counts, as a Markdown table."""
        rows = {
            "training": len(self.train),
            "of these, from visits new to the model": len(self.new),
            "validation": len(self.validation),
            "left out: disputed label": len(self.disputed),
            "left out: rejected in a review": self.rejected,
            "left out: duplicate": self.duplicates,
        }
        lines = [f"| {name} | {count:,} |" for name, count in rows.items()]
        return "\n".join(["| submissions | |", "|---|---:|", *lines])


def is_validation_session(session: str) -> bool:
    """Whether a session's sketches are for validation only; the same in every run."""
    share = int.from_bytes(blake2b(session.encode(), digest_size=6).digest()) / 2**48
    return share < _VALIDATION_SHARE


def select(frame: pd.DataFrame, recogniser: Recogniser, before: Collection[str] = ()) -> Selected:
    """Split the submissions' table by session; leave out rejected, duplicate and disputed rows.

    Ids in `before` were disputed by earlier runs and stay disputed unless accepted since.
    """
    frame = frame.assign(new=not_trained_on(frame, recogniser.card))
    kept = _not_rejected(frame)
    earlier = {*before, *kept[label_errors.still_disputed(kept, before)].id.astype(str)}
    single = label_errors.with_disputed(_without_duplicates(kept), recogniser, earlier)
    usable = single[~single.disputed]
    validates = usable.session.map(is_validation_session).astype(bool)
    train = usable[~validates]
    return Selected(
        submissions_of(train),
        submissions_of(usable[validates]),
        _folds(submissions_of(train[train.new])),
        single[single.disputed],
        rejected=len(frame) - len(kept),
        duplicates=len(kept) - len(single),
    )


def _not_rejected(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows that no review rejected, in this or another copy, unless one accepted a copy."""
    image = frame.image.map(bytes)
    reviewed = {
        review: (frame.review == review).groupby(image).transform("any").astype(bool)
        for review in ("accepted", "rejected")
    }
    return frame[(frame.review != "rejected") & (reviewed["accepted"] | ~reviewed["rejected"])]


def _without_duplicates(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an image, oldest first: the accepted one, else the first."""
    order = rows.assign(accepted=rows.review == "accepted").sort_values(
        ["accepted", "submitted_at", "id"], ascending=[False, True, True]
    )
    return rows.loc[order.index[~order.image.map(bytes).duplicated()]].sort_values(
        ["submitted_at", "id"]
    )


def _folds(submissions: list[Submission]) -> list[list[Submission]]:
    """The submissions in `FOLDS` parts of about equal size, split by visit; fewer if few visits."""
    visits = [submission.visit for submission in submissions]
    count = min(FOLDS, len(set(visits)))
    if count < 2:
        return [submissions] if submissions else []
    parts = GroupKFold(count).split(visits, groups=visits)
    return [[submissions[place] for place in places] for _, places in parts]
