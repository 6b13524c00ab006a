"""What a model may be tested on: digits that had no part in its training."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from digitlib import datasets, evaluation, hands, origins, settings, styles
from digitlib.datasets import DataUnavailable, Digits
from digitlib.evaluation import Accuracy, Comparison
from digitlib.intake import unlearnt
from digitlib.recogniser import Recogniser
from digitlib.strokes import SUBMISSION, Sketch, Strokes, as_strokes

_MNIST, _PENS = "MNIST's test set", "pen digits of unseen writers"
_ACCEPTED, _QMNIST = "accepted submissions", "QMNIST's further test digits"
# QMNIST's files, the type of their values and their shape.
_QMNIST_FILES: dict[str, tuple[str, tuple[int, ...]]] = {
    "qmnist-test-images-idx3-ubyte": ("u1", (60_000, 28, 28)),
    "qmnist-test-labels-idx2-int": (">i4", (60_000, 8)),
}


class Exam(NamedTuple):
    """Digits that a model never saw, and where each comes from."""

    name: str
    digits: Digits
    drawings: Sequence[Strokes] = ()  # the strokes, where they were drawn with a pen
    sketches: Sequence[Sketch] = ()  # and who drew them, where that is known


class Missing(NamedTuple):
    """An exam that a model can't sit, and why not."""

    name: str
    reason: str


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


def test_sets(card: dict[str, Any]) -> list[Exam | Missing]:
    """The test set of the data that the model was trained on, and MNIST's where that is another."""
    begun = origins.parameters(card)
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    if data.name == "mnist":
        return [Exam(_MNIST, data.test)]
    return [Exam("synthetic test digits", data.test), _mnist_at_hand()]


def _mnist_at_hand() -> Exam | Missing:
    """MNIST's test set where it is on disk: a model that never saw it needs no download."""
    raw = settings.data_dir() / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in datasets.MNIST_FILES):
        return Missing(_MNIST, f"it is not in {raw} (README, 'Getting MNIST')")
    try:
        return Exam(_MNIST, datasets.load_mnist()[1])
    except ValueError as error:
        return Missing(_MNIST, str(error))


def pen_digits(card: dict[str, Any]) -> Exam | Missing:
    """Pen sketches of writers whom the model never saw.

    Without exported submissions, which a refined model may know.
    """
    try:
        sketches = datasets.load_sketches()
    except (DataUnavailable, ValueError) as error:
        return Missing(_PENS, str(error))
    if card["data"].get("sketches"):
        begun = origins.parameters(card)
        sketches = hands.split_by_writer(sketches, begun["validation_fraction"], begun["seed"]).test
    sketches = [sketch for sketch in sketches if sketch.source != SUBMISSION]
    if not sketches:
        return Missing(_PENS, "there are none but submissions")
    drawings = [sketch.strokes for sketch in sketches]
    return Exam(_PENS, datasets.rasterised(sketches), drawings, sketches)


def reviewed_submissions(card: dict[str, Any], frame: pd.DataFrame) -> Exam | Missing:
    """Submissions whose label a person accepted.

    Only those of visits that neither the model nor an ancestor learnt from.
    """
    rows = frame[(frame.review == "accepted") & unlearnt(frame, card)]
    if rows.empty:
        return Missing(
            _ACCEPTED, "none that is new to the model was accepted yet (submissions.ipynb)"
        )
    images = np.frombuffer(b"".join(map(bytes, rows.image)), np.uint8).reshape(-1, 28, 28)
    labels = torch.from_numpy(rows.label.to_numpy(np.int64))
    drawings = [as_strokes(map(np.stack, strokes)) for strokes in rows.strokes]
    return Exam(_ACCEPTED, Digits(torch.from_numpy(images.copy()), labels), drawings)


def more_mnist(root: Path | None = None) -> Exam | Missing:
    """QMNIST's 50,000 further test digits of MNIST's makers (Yadav and Bottou 2019).

    Downloaded on first use; missing where they are neither on disk nor to be had, or broken.
    """
    root = settings.data_dir() if root is None else root
    raw = root / "QMNIST" / "raw"
    try:
        if not all((raw / name).is_file() for name in _QMNIST_FILES):
            _download_qmnist(root, raw)
        images, labels = (_values(raw / name, *held) for name, held in _QMNIST_FILES.items())
    except (OSError, RuntimeError) as error:
        return Missing(_QMNIST, f"it is not in {raw} and could not be downloaded there ({error})")
    except ValueError as error:
        return Missing(_QMNIST, str(error))
    # The first 10,000 are MNIST's own test set; the first column of a label is the digit.
    digits = torch.from_numpy(labels[10_000:, 0].astype(np.int64))
    return Exam(_QMNIST, Digits(torch.from_numpy(images[10_000:]), digits))


def _download_qmnist(root: Path, raw: Path) -> None:
    """To a temporary folder, then moved: what fails or is cut short leaves nothing behind."""
    from torchvision.datasets import QMNIST

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as temporary:
        QMNIST(temporary, what="test50k", download=True)
        raw.mkdir(parents=True, exist_ok=True)
        for name in _QMNIST_FILES:
            os.replace(Path(temporary) / "QMNIST" / "raw" / name, raw / name)


def _values(file: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """What a file in MNIST's format holds past its header; ValueError naming a broken one."""
    header = 4 + 4 * len(shape)
    size = header + int(np.prod(shape)) * np.dtype(kind).itemsize
    if file.stat().st_size != size:
        raise ValueError(
            f"{file} is broken or truncated: {file.stat().st_size:,} bytes in place of {size:,}; "
            "delete it and run again"
        )
    return np.fromfile(file, kind, offset=header).reshape(shape)


def described(exams: Sequence[Exam | Missing]) -> str:
    """A line for each exam: how many digits it has, or why it isn't taken."""
    return "\n".join(
        f"{exam.name}: {len(exam.digits.labels):,} digits"
        if isinstance(exam, Exam)
        else f"without {exam.name}: {exam.reason}"
        for exam in exams
    )


def sat(recogniser: Recogniser, exams: Sequence[Exam | Missing]) -> list[Result]:
    """The model's results in the exams that there are; drawings are read as the dashboard does."""
    taken = [exam for exam in exams if isinstance(exam, Exam)]
    seen = [recogniser.predict(exam.digits.images.numpy()) for exam in taken]
    return [
        Result(exam, recogniser.with_pen(probabilities, exam.drawings))
        for exam, probabilities in zip(taken, seen, strict=True)
    ]


def by_hand(result: Result) -> dict[str, dict[str, Accuracy]]:
    """A result in pen digits by collection, by style, and by writer."""
    sketches = result.exam.sketches
    drawings = [sketch.strokes for sketch in sketches]
    return {
        "collection": result.by([sketch.source for sketch in sketches]),
        **{name: result.by(grouped(drawings)) for name, grouped in styles.GROUPS.items()},
        "writer": result.by([sketch.writer for sketch in sketches], least=5),
    }


def compared(results: Sequence[Result], others: Sequence[Result]) -> dict[str, Comparison]:
    """For each exam, a model's results beside a baseline's in the same exam."""
    return {
        result.exam.name: evaluation.compared(result.labels, other.predicted, result.predicted)
        for result, other in zip(results, others, strict=True)
    }
