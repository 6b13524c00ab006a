"""What a submission needs of a model, so that anything that reads digits can be submitted with."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes import Strokes


class Predictor(Protocol):
    """A name and probabilities, as a `Recogniser` has them."""

    @property
    def name(self) -> str:
        """The model folder's name."""

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (n, 28, 28) uint8 to probabilities (n, 10)."""


@runtime_checkable
class DrawingPredictor(Predictor, Protocol):
    """One that reads the strokes themselves, not only the image that becomes of them."""

    def with_stroke_model(
        self, probabilities: NDArray[np.float32], drawings: Sequence[Strokes]
    ) -> NDArray[np.float32]:
        """Probabilities (n, 10), read from images of the drawings, joined by the pens' way."""


def predict_drawing(
    reader: Predictor, image: NDArray[np.uint8], strokes: Strokes
) -> NDArray[np.float32]:
    """Ten probabilities of a drawing, whose image is (28, 28) uint8."""
    probabilities = reader.predict(image[None])
    if isinstance(reader, DrawingPredictor):
        probabilities = reader.with_stroke_model(probabilities, [strokes])
    return probabilities[0]
