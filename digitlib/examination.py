"""What a model may be tested on: digits that had no part in its training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from digitlib import datasets, evaluation, hands, origins, settings
from digitlib.datasets import DataUnavailable, Digits
from digitlib.evaluation import Accuracy, Comparison
from digitlib.intake import unlearnt
from digitlib.recogniser import Recogniser
from digitlib.strokes import SUBMISSION, Sketch


class Exam(NamedTuple):
    """Digits that a model never saw, and where each comes from."""

    name: str
    digits: Digits
    sketches: Sequence[Sketch] = ()  # as drawn, where they were drawn with a pen


class Result(NamedTuple):
    """What a model makes of an exam: probabilities (n, 10)."""

    exam: Exam
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
        return evaluation.accuracy(self.labels, self.predicted)

    def by(self, groups: Sequence[str], least: int = 20) -> dict[str, Accuracy]:
        """The accuracy in each group (n,), the largest first; small ones are left out."""
        names = np.asarray(groups)
        counted = sorted(((int((names == name).sum()), name) for name in set(groups)), reverse=True)
        return {
            str(name): evaluation.accuracy(
                self.labels[names == name], self.predicted[names == name]
            )
            for count, name in counted
            if count >= least
        }


def test_digits(card: dict[str, Any]) -> Exam:
    """The test set of the data that the model was trained on: MNIST's, unless it never saw it."""
    begun = origins.parameters(card)
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    return Exam("MNIST's test set" if data.name == "mnist" else "synthetic test digits", data.test)


def pen_digits(card: dict[str, Any]) -> Exam | None:
    """Pen sketches of writers whom the model never saw; None where there are none at hand.

    Without exported submissions, which a refined model may know.
    """
    try:
        sketches = datasets.load_sketches()
    except DataUnavailable:
        return None
    if card["data"].get("sketches"):
        begun = origins.parameters(card)
        sketches = hands.split_by_writer(sketches, begun["validation_fraction"], begun["seed"]).test
    sketches = [sketch for sketch in sketches if sketch.source != SUBMISSION]
    if not sketches:
        return None
    return Exam("pen digits of unseen writers", datasets.rasterised(sketches), sketches)


def reviewed_submissions(card: dict[str, Any], frame: pd.DataFrame) -> Exam | None:
    """Submissions whose label a person accepted; None where there are none.

    Only those of visits that neither the model nor an ancestor learnt from.
    """
    rows = frame[(frame.review == "accepted") & unlearnt(frame, card)]
    if rows.empty:
        return None
    images = np.frombuffer(b"".join(map(bytes, rows.image)), np.uint8).reshape(-1, 28, 28)
    labels = torch.from_numpy(rows.label.to_numpy(np.int64))
    return Exam("accepted submissions", Digits(torch.from_numpy(images.copy()), labels))


def more_mnist(root: Path | None = None) -> Exam | None:
    """QMNIST's 50,000 further test digits of MNIST's makers (Yadav and Bottou 2019).

    Downloaded on first use; None where they are neither on disk nor to be had.
    """
    from torchvision.datasets import QMNIST

    root = settings.data_dir() if root is None else root
    try:
        data = QMNIST(str(root), what="test50k", download=True)
    except (OSError, RuntimeError):
        return None
    return Exam("QMNIST's further test digits", Digits(data.data, data.targets[:, 0].long()))


def sat(recogniser: Recogniser, exams: Sequence[Exam | None]) -> list[Result]:
    """The model's results in the exams that there are."""
    return [Result(exam, recogniser.predict(exam.digits.images.numpy())) for exam in exams if exam]


def compared(results: Sequence[Result], others: Sequence[Result]) -> dict[str, Comparison]:
    """For each exam, a model's results beside a baseline's in the same exam."""
    return {
        result.exam.name: evaluation.compared(result.labels, other.predicted, result.predicted)
        for result, other in zip(results, others, strict=True)
    }
