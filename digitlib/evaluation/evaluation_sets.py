"""What a model may be tested on: digits that had no part in its training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from digitlib import datasets, settings, training
from digitlib.datasets import DataUnavailable, Digits, load_qmnist
from digitlib.evaluation import metrics, significance
from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.significance import Comparison
from digitlib.recogniser import Recogniser, lineage
from digitlib.strokes import SUBMISSION, Sketch, Strokes, as_strokes, features


def undisputed(frame: pd.DataFrame) -> pd.DataFrame:
    """The marked rows to judge models by: neither rejected, nor contradicted and not accepted."""
    return frame[(frame.review != "rejected") & ~frame.disputed]


def not_trained_on(frame: pd.DataFrame, card: dict[str, Any]) -> pd.Series:
    """Which rows (n,) are of visits that neither the model of this card nor an ancestor knows."""
    learnt = set(lineage(card).get("submissions", []))
    known = frame.session[frame.id.astype(str).isin(learnt)]
    return ~frame.session.isin(known)


_MNIST, _PENS = "MNIST's test set", "pen digits of unseen writers"
_SUBMITTED, _QMNIST = "submissions of new visits", "QMNIST's further test digits"


class EvaluationSet(NamedTuple):
    """Digits that a model never saw, and where each comes from."""

    name: str
    digits: Digits
    drawings: Sequence[Strokes] = ()  # the strokes, where they were drawn with a pen
    hands: Sequence[str] = ()  # and whose each is: a writer's, or a visit's
    sketches: Sequence[Sketch] = ()  # and what else is known of them


class MissingSet(NamedTuple):
    """An exam that a model can't sit, and why not."""

    name: str
    reason: str


class Result(NamedTuple):
    """What a model makes of an exam: probabilities (n, 10)."""

    exam: EvaluationSet
    probability: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true digits (n,)."""
        labels: NDArray[np.int64] = self.exam.digits.labels.numpy()
        return labels

    @property
    def images(self) -> NDArray[np.uint8]:
        """The images (n, 28, 28)."""
        images: NDArray[np.uint8] = self.exam.digits.images.numpy()
        return images

    @property
    def predicted(self) -> NDArray[np.int64]:
        """What was read (n,)."""
        return self.probability.argmax(axis=1)

    @property
    def accuracy(self) -> Accuracy:
        """The share of hits."""
        return metrics.accuracy(self.labels, self.predicted, self.exam.hands)

    def by(self, groups: Sequence[str], least: int = 20) -> dict[str, Accuracy]:
        """The accuracy in each group (n,), the largest first; small ones are left out."""
        names, hands = np.asarray(groups), np.asarray(self.exam.hands)
        counted = sorted(((int((names == name).sum()), name) for name in set(groups)), reverse=True)
        return {
            name: metrics.accuracy(self.labels[of_it], self.predicted[of_it], hands[of_it])
            for count, name in counted
            if count >= least
            for of_it in (names == name,)
        }


def original_test_sets(card: dict[str, Any]) -> list[EvaluationSet | MissingSet]:
    """The test set of the data that the model was trained on, and MNIST's where that is another."""
    begun = training.recipe_parameters(card)
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    if data.name == "mnist":
        return [EvaluationSet(_MNIST, data.test)]
    return [EvaluationSet("synthetic test digits", data.test), _mnist_at_hand()]


def _mnist_at_hand() -> EvaluationSet | MissingSet:
    """MNIST's test set where it is on disk: a model that never saw it needs no download."""
    raw = settings.data_dir() / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in datasets.MNIST_FILES):
        return MissingSet(_MNIST, f"it is not in {raw} (README, 'Getting MNIST')")
    try:
        return EvaluationSet(_MNIST, datasets.load_mnist()[1])
    except ValueError as error:
        return MissingSet(_MNIST, str(error))


def pen_test_set(*cards: dict[str, Any]) -> EvaluationSet | MissingSet:
    """Pen sketches of writers whom none of the cards' models ever saw.

    Without exported submissions, which a refined model may know.
    """
    try:
        everything = datasets.load_sketches()
    except (DataUnavailable, ValueError) as error:
        return MissingSet(_PENS, str(error))
    sketches = [sketch for sketch in everything if sketch.source != SUBMISSION]
    if not sketches:
        return MissingSet(_PENS, "there are none but submissions")
    try:
        unseen = [_unseen_hands(everything, card) for card in cards]
    except ValueError as error:  # the writers are too few to be parted
        return MissingSet(_PENS, str(error))
    sketches = [
        sketch for sketch in sketches if all(datasets.writer_of(sketch) in u for u in unseen)
    ]
    if not sketches:
        return MissingSet(_PENS, "there is no writer whom none of the models saw")
    drawings = [sketch.strokes for sketch in sketches]
    writers = [datasets.writer_of(sketch) for sketch in sketches]
    return EvaluationSet(_PENS, datasets.rasterised(sketches), drawings, writers, sketches)


def _unseen_hands(sketches: Sequence[Sketch], card: dict[str, Any]) -> set[str]:
    """Whose sketches the model of a card never saw."""
    everybody = {datasets.writer_of(sketch) for sketch in sketches}
    if not (facts := card["data"].get("sketches")):
        return everybody
    begun = training.recipe_parameters(card)
    parts = datasets.split_as_trained(sketches, facts, begun["validation_fraction"], begun["seed"])
    return everybody - {datasets.writer_of(sketch) for sketch in (*parts.train, *parts.validation)}


def submission_test_set(frame: pd.DataFrame, *cards: dict[str, Any]) -> EvaluationSet | MissingSet:
    """Submissions whose label nothing contradicts, or a person accepted (rows of `with_disputed`).

    Only those of visits that none of the cards' models, nor an ancestor, learnt from. Those that
    were accepted alone would be no fair exam: people review what a model contradicts.
    """
    rows = undisputed(frame)
    for card in cards:
        rows = rows[not_trained_on(frame, card)[rows.index]]
    if rows.empty:
        return MissingSet(_SUBMITTED, "there are none that are new to the model")
    images = np.frombuffer(b"".join(map(bytes, rows.image)), np.uint8).reshape(-1, 28, 28)
    labels = torch.from_numpy(rows.label.to_numpy(np.int64))
    drawings = [as_strokes(map(np.stack, strokes)) for strokes in rows.strokes]
    visits = rows.session.tolist()
    return EvaluationSet(
        _SUBMITTED, Digits(torch.from_numpy(images.copy()), labels), drawings, visits
    )


def qmnist_test_set(root: Path | None = None) -> EvaluationSet | MissingSet:
    """QMNIST's further test digits, downloaded on first use; missing where they can't be had."""
    try:
        return EvaluationSet(_QMNIST, load_qmnist(root))
    except (DataUnavailable, ValueError) as error:
        return MissingSet(_QMNIST, str(error))


def describe_test_sets(exams: Sequence[EvaluationSet | MissingSet]) -> str:
    """A line for each exam: how many digits it has, or why it isn't taken."""
    return "\n".join(
        f"{exam.name}: {len(exam.digits.labels):,} digits"
        if isinstance(exam, EvaluationSet)
        else f"without {exam.name}: {exam.reason}"
        for exam in exams
    )


def evaluate(recogniser: Recogniser, exams: Sequence[EvaluationSet | MissingSet]) -> list[Result]:
    """The model's results in the exams that there are; drawings are read as the dashboard does."""
    taken = [exam for exam in exams if isinstance(exam, EvaluationSet)]
    seen = [recogniser.predict(exam.digits.images.numpy()) for exam in taken]
    return [
        Result(exam, recogniser.with_stroke_model(probabilities, exam.drawings))
        for exam, probabilities in zip(taken, seen, strict=True)
    ]


def results_by_group(result: Result) -> dict[str, dict[str, Accuracy]]:
    """A result in pen digits by collection, by style, and by writer."""
    sketches = result.exam.sketches
    drawings = [sketch.strokes for sketch in sketches]
    return {
        "collection": result.by([sketch.source for sketch in sketches]),
        **{name: result.by(grouped(drawings)) for name, grouped in features.GROUPS.items()},
        "writer": result.by([sketch.writer for sketch in sketches], least=5),
    }


def compare_results(
    results: Sequence[Result], recogniser: Recogniser, other: Recogniser, frame: pd.DataFrame
) -> dict[str, Comparison]:
    """For each exam, the model's results beside a baseline's, on digits that neither learnt from.

    `frame` are all submissions, marked. An exam of which the baseline learnt all is left out.
    """
    cards = (recogniser.card, other.card)
    narrower = {_PENS: pen_test_set(*cards), _SUBMITTED: submission_test_set(frame, *cards)}
    pairs = []
    for result in results:
        exam = narrower.get(result.exam.name, result.exam)
        if isinstance(exam, EvaluationSet):
            fewer = len(exam.digits.labels) < len(result.labels)
            (new,) = evaluate(recogniser, [exam]) if fewer else [result]
            pairs.append((new, *evaluate(other, [exam])))
    return {
        new.exam.name: significance.compare(
            new.labels, old.predicted, new.predicted, new.exam.hands
        )
        for new, old in pairs
    }
