"""What the model predicts for a drawing or an image, with a reject option."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.recogniser.model import REJECTION_THRESHOLD, Recogniser
from digitlib.recogniser.onnx_session import checked_images
from digitlib.strokes import Strokes, rasterise

_UNLIKELY = 0.01  # probability of a label, below which the page asks before it keeps the sketch
_VISIBLE = 0.02  # difference between probabilities, below which neither digit is likelier
_DOT_SIZE = 0.06  # of the pad's side: a smaller drawing is a dot, not a digit


@dataclass(frozen=True, eq=False)
class Prediction:
    """One drawing and what a model predicts for it.

    Without ink, there is no image and there are no probabilities; an image has no strokes.
    """

    strokes: Strokes = field(default_factory=list)  # as `checked_strokes` returns them
    image: NDArray[np.uint8] | None = None  # (28, 28)
    probabilities: NDArray[np.float32] | None = None  # (10,)
    model: str = ""  # its name
    threshold: float = REJECTION_THRESHOLD  # confidence below which the drawing is rejected

    @cached_property
    def is_dot(self) -> bool:
        """Whether the drawing is too small to be a digit."""
        return bool(self.strokes) and bool(
            np.ptp(np.concatenate(self.strokes), axis=0).max() < _DOT_SIZE
        )

    @cached_property
    def ranking(self) -> list[int]:
        """The digits, most likely first; empty without ink."""
        if self.probabilities is None:
            return []
        ranking: list[int] = np.argsort(-self.probabilities, kind="stable").tolist()
        return ranking

    @property
    def digit(self) -> int | None:
        """The predicted digit; None without ink, for a dot, and below the threshold."""
        if self.probabilities is None or self.is_dot:
            return None
        digit = self.ranking[0]
        return digit if self.probabilities[digit] >= self.threshold else None

    @property
    def leader(self) -> int | None:
        """The digit that is visibly the likeliest, sure or not; None where there is none."""
        if self.probabilities is None:
            return None
        first, second = self.ranking[:2]
        is_likelier = self.probabilities[first] - self.probabilities[second] > _VISIBLE
        return first if is_likelier else None

    @property
    def candidates(self) -> list[int]:
        """The two likeliest digits of a rejected drawing; none of a dot, or where all are equal."""
        if self.probabilities is None or self.is_dot or self.digit is not None:
            return []
        first, second, third = self.ranking[:3]
        is_likelier = self.probabilities[first] - self.probabilities[third] > _VISIBLE
        return [first, second] if is_likelier else []

    def contradicts(self, label: int) -> bool:
        """Whether the model confidently predicts another digit and finds the label unlikely."""
        if self.probabilities is None or self.digit in (None, label):
            return False
        return bool(self.probabilities[label] < _UNLIKELY)


def predict_drawings(recogniser: Recogniser, drawings: Sequence[Strokes]) -> list[Prediction]:
    """Rasterise and predict drawings, each given by its checked strokes.

    A drawing's prediction does not depend on the others. Raises ValueError when the model does not
    give ten probabilities for each.
    """
    if not drawings:
        return []
    images = np.array([rasterise(strokes) for strokes in drawings])
    rows = recogniser.with_stroke_model(recogniser.predict(images), drawings)
    _check_probabilities(rows, recogniser)
    return [
        Prediction(strokes, image, row, recogniser.name, recogniser.threshold)
        for strokes, image, row in zip(drawings, images, rows, strict=True)
    ]


def predict_images(recogniser: Recogniser, images: ArrayLike) -> list[Prediction]:
    """Predict images (n, 28, 28) uint8, which have no trajectory.

    Raises ValueError as `Recogniser.predict` and `predict_drawings` do.
    """
    array = np.asarray(images)
    if not array.size:
        return []
    pixels = checked_images(array)
    rows = recogniser.predict(pixels)
    _check_probabilities(rows, recogniser)
    return [
        Prediction([], image, row, recogniser.name, recogniser.image_threshold)
        for image, row in zip(pixels, rows, strict=True)
    ]


def _check_probabilities(rows: NDArray[np.float32], recogniser: Recogniser) -> None:
    sums = rows.sum(axis=1)
    if rows.shape[1] != 10 or not np.all(np.abs(sums - 1) < 0.01):  # NaN is not
        raise ValueError(
            f"{recogniser.folder} holds a broken model: it gives {rows.shape[1]} probabilities"
            f" with the sum {sums[0]}, not 10 with the sum 1."
        )
