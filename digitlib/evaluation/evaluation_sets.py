"""Digits to evaluate a model on: none of them had a part in its training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from digitlib import datasets, settings, training
from digitlib.datasets import DataUnavailable, Digits, load_qmnist
from digitlib.recogniser import lineage
from digitlib.strokes import SUBMISSION, Sketch, Strokes, as_strokes

MNIST, PENS = "MNIST's test set", "pen digits of unseen writers"
SUBMISSIONS, QMNIST = "submissions of new visits", "QMNIST's further test digits"


class EvaluationSet(NamedTuple):
    """Digits that a model was not trained on, and where they come from."""

    name: str
    digits: Digits
    drawings: Sequence[Strokes] = ()  # (n,), where digits were drawn with a pen; empty for others
    writers: Sequence[str] = ()  # (n,), the writer or visit of each drawing
    sketches: Sequence[Sketch] = ()  # (n,), the drawings of a sketches file
    disputed: int = 0  # digits left out for their disputed label


class MissingSet(NamedTuple):
    """An evaluation set that is not available, and why."""

    name: str
    reason: str


def undisputed(frame: pd.DataFrame) -> pd.DataFrame:
    """The submissions whose label is neither rejected nor disputed (rows of `with_disputed`)."""
    return frame[(frame.review != "rejected") & ~frame.disputed]


def not_trained_on(frame: pd.DataFrame, card: dict[str, Any]) -> pd.Series:
    """Which rows (n,) are of visits that neither this card's model nor an ancestor learnt from."""
    learnt = set(lineage(card).get("submissions", []))
    known = frame.session[frame.id.astype(str).isin(learnt)]
    return ~frame.session.isin(known)


def original_test_sets(card: dict[str, Any]) -> list[EvaluationSet | MissingSet]:
    """The test set of the model's own dataset, and MNIST's where that is another."""
    parameters = training.recipe_parameters(card)
    data = datasets.load_dataset(
        card["data"]["name"], parameters["seed"], parameters["limit"] or 30_000
    )
    if data.name == "mnist":
        return [EvaluationSet(MNIST, data.test)]
    return [EvaluationSet(f"{data.name} test digits", data.test), _downloaded_mnist()]


def _downloaded_mnist() -> EvaluationSet | MissingSet:
    """MNIST's test set if it is on disk: a model of other data needs no download."""
    raw = settings.data_dir() / "MNIST" / "raw"
    if not datasets.find_mnist(settings.data_dir()):
        return MissingSet(MNIST, f"it is not in {raw} (docs/data.md)")
    try:
        return EvaluationSet(MNIST, datasets.load_mnist()[1])
    except ValueError as error:
        return MissingSet(MNIST, str(error))


def pen_test_set(*cards: dict[str, Any]) -> EvaluationSet | MissingSet:
    """Pen digits of writers that none of the cards' models was trained on.

    Exported submissions are left out: a refined model may have been trained on them.
    """
    try:
        everything = datasets.load_sketches()
        sketches = [sketch for sketch in everything if sketch.source != SUBMISSION]
        if not sketches:
            return MissingSet(PENS, "there are only submissions")
        unseen = [_unseen_writers(everything, card) for card in cards]
    except (DataUnavailable, ValueError) as error:  # no sketches, or too few writers to split
        return MissingSet(PENS, str(error))
    sketches = [
        sketch
        for sketch in sketches
        if all(datasets.writer_of(sketch) in writers for writers in unseen)
    ]
    if not sketches:
        return MissingSet(PENS, "no writer is new to all models")
    drawings = [sketch.strokes for sketch in sketches]
    writers = [datasets.writer_of(sketch) for sketch in sketches]
    return EvaluationSet(PENS, datasets.rasterised(sketches), drawings, writers, sketches)


def _unseen_writers(sketches: Sequence[Sketch], card: dict[str, Any]) -> set[str]:
    """The writers that a card's model was not trained on."""
    everybody = {datasets.writer_of(sketch) for sketch in sketches}
    facts = card["data"].get("sketches")
    if not facts or not any(sketch.source in facts["sources"] for sketch in sketches):
        return everybody
    parts = training.writers_as_trained(card, sketches)
    return everybody - {datasets.writer_of(sketch) for sketch in (*parts.train, *parts.validation)}


def submission_test_set(frame: pd.DataFrame, *cards: dict[str, Any]) -> EvaluationSet | MissingSet:
    """Undisputed submissions (rows of `with_disputed`) of visits new to the cards' models.

    Not only those that a person accepted: people review what a model disputes, so these are harder.
    """
    rows = frame
    for card in cards:
        rows = rows[not_trained_on(frame, card)[rows.index]]
    disputed = int((rows.disputed & (rows.review != "rejected")).sum())
    rows = undisputed(rows)
    if rows.empty:
        return MissingSet(SUBMISSIONS, "there are none that are new to the model")
    images = np.frombuffer(b"".join(map(bytes, rows.image)), np.uint8).reshape(-1, 28, 28)
    digits = Digits(
        torch.from_numpy(images.copy()), torch.from_numpy(rows.label.to_numpy(np.int64))
    )
    drawings = [row_strokes(strokes) for strokes in rows.strokes]
    return EvaluationSet(SUBMISSIONS, digits, drawings, rows.session.tolist(), disputed=disputed)


def row_strokes(column: Any) -> Strokes:
    """The strokes in a row of the submissions' table; empty where an image was submitted."""
    drawn = column if isinstance(column, list | np.ndarray) else []  # NULL is read as NaN
    strokes = [np.stack(stroke) for stroke in drawn if len(stroke)]
    return as_strokes(strokes) if strokes else []


def qmnist_test_set(root: Path | None = None) -> EvaluationSet | MissingSet:
    """QMNIST's further test digits, downloaded on first use; missing where that fails."""
    try:
        return EvaluationSet(QMNIST, load_qmnist(root))
    except (DataUnavailable, ValueError) as error:
        return MissingSet(QMNIST, str(error))


def describe_test_sets(test_sets: Sequence[EvaluationSet | MissingSet]) -> str:
    """A Markdown table with a row for each evaluation set: its size, or why it is missing."""
    rows = ["| evaluation set | digits | |", "|---|---|---|"]
    for found in test_sets:
        if isinstance(found, EvaluationSet):
            note = f"without {found.disputed:,} disputed labels" if found.disputed else ""
            rows.append(f"| {found.name} | {len(found.digits.labels):,} | {note} |")
        else:
            rows.append(f"| {found.name} | none | {found.reason} |")
    return "\n".join(rows)
