"""What the model makes of the strokes on the pad, and how much of it may be said aloud."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.recogniser.locations import BUNDLED, current_model
from digitlib.recogniser.model import REJECTION_THRESHOLD, Recogniser
from digitlib.strokes import checked_strokes, rasterise

logger = logging.getLogger(__name__)
NEXT_TO_NONE = 0.01  # the probability of a label, below which it is asked about
SMALLEST_DIGIT = 0.06  # of the pad's side: less is a dot, and any picture of it a guess


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model makes of the strokes: the image (28, 28) and ten probabilities, or neither."""

    image: NDArray[np.uint8] | None = None
    probabilities: NDArray[np.float32] | None = None
    threshold: float = REJECTION_THRESHOLD
    is_dot: bool = False

    @property
    def ranking(self) -> list[int]:
        """The digits, likeliest first; empty without ink."""
        if self.probabilities is None:
            return []
        return [int(digit) for digit in np.argsort(-self.probabilities, kind="stable")]

    @property
    def digit(self) -> int | None:
        """The digit read, or None where there is none or too much doubt."""
        if self.probabilities is None or self.is_dot:
            return None
        digit = self.ranking[0]
        return digit if self.probabilities[digit] >= self.threshold else None

    def contradicts(self, label: int) -> bool:
        """Whether the model is sure of another digit, and gives the label next to no chance."""
        if self.probabilities is None or self.digit in (None, label):
            return False
        return bool(self.probabilities[label] < NEXT_TO_NONE)


class LoadedModel(NamedTuple):
    """A recogniser and what tells it from a later one: its folder and when its card was written."""

    recogniser: Recogniser
    folder: Path
    written: int

    @classmethod
    def latest(cls, before: Self | None = None) -> Self:
        """The promoted model, loaded only where it isn't the one before; else the bundled one."""
        try:
            folder = current_model()
            written = (folder / "card.json").stat().st_mtime_ns
            if before is not None and before[1:] == (folder, written):
                return before
            return cls(Recogniser.load(folder), folder, written)
        except (ValueError, OSError):
            logger.exception("The promoted model can't be used; another reads instead.")
            return before or cls(Recogniser.load(BUNDLED), BUNDLED, 0)

    def read(self, strokes: tuple[Any, ...]) -> Prediction:
        """What the model makes of strokes from the pad; an empty reading without ink."""
        return self.read_all([strokes])[0] if strokes else Prediction()

    def read_all(self, drawings: Sequence[Iterable[ArrayLike]]) -> list[Prediction]:
        """What the model makes of drawings, each given by its strokes; none is without ink.

        A drawing is read alike whatever the others are.
        """
        if not drawings:
            return []
        kept = [checked_strokes(strokes) for strokes in drawings]
        images, recogniser = np.array([rasterise(strokes) for strokes in kept]), self.recogniser
        probabilities = recogniser.with_stroke_model(recogniser.predict(images), kept)
        return [
            Prediction(
                image=image,
                probabilities=row,
                threshold=recogniser.threshold,
                is_dot=bool(np.ptp(np.concatenate(strokes), axis=0).max() < SMALLEST_DIGIT),
            )
            for image, row, strokes in zip(images, probabilities, kept, strict=True)
        ]

    def read_images(self, images: ArrayLike) -> list[Prediction]:
        """What the model makes of images (n, 28, 28) uint8, which have no trajectory."""
        pixels, card = np.array(images, np.uint8).reshape(-1, 28, 28), self.recogniser.card
        if not len(pixels):
            return []
        threshold = float(card.get("rejection_threshold", REJECTION_THRESHOLD))
        return [
            Prediction(image=image, probabilities=row, threshold=threshold)
            for image, row in zip(pixels, self.recogniser.predict(pixels), strict=True)
        ]
