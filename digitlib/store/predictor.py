"""What a submission needs from a model; any object with these members can be submitted with."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.strokes import Strokes, checked_strokes, rasterise


class Predictor(Protocol):
    """A model with a name that predicts from images, such as a `Recogniser`."""

    @property
    def name(self) -> str:
        """The model folder's name."""

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities (n, 10) of images (n, 28, 28) uint8."""


@runtime_checkable
class StrokePredictor(Predictor, Protocol):
    """A predictor that also uses the strokes, not only the image rasterised from them."""

    def with_stroke_model(
        self, probabilities: NDArray[np.float32], drawings: Sequence[Strokes]
    ) -> NDArray[np.float32]:
        """Probabilities (n, 10) of the drawings' images, combined with the stroke model's."""


class Prediction(Protocol):
    """One drawing and what a model predicted for it, such as the recogniser's `Prediction`."""

    @property
    def strokes(self) -> Strokes:
        """The strokes, as `checked_strokes` returns them."""

    @property
    def image(self) -> NDArray[np.uint8] | None:
        """The strokes rasterised, (28, 28); None without ink."""

    @property
    def probabilities(self) -> NDArray[np.float32] | None:
        """Probabilities (10,); None without ink."""

    @property
    def model(self) -> str:
        """The model's name."""


class PredictedDrawing(NamedTuple):
    """A `Prediction` that was made here."""

    strokes: Strokes
    image: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    model: str


def predicted_drawing(predictor: Predictor, strokes: Iterable[ArrayLike]) -> PredictedDrawing:
    """Check and rasterise strokes and predict their digit; ValueError for malformed strokes."""
    checked = checked_strokes(strokes)
    image = rasterise(checked)
    probabilities = predict_drawing(predictor, image, checked)
    return PredictedDrawing(checked, image, probabilities, predictor.name)


def predict_drawing(
    predictor: Predictor, image: NDArray[np.uint8], strokes: Strokes
) -> NDArray[np.float32]:
    """Probabilities (10,) of a drawing, given its image (28, 28) uint8 and its strokes."""
    probabilities = predictor.predict(image[None])
    if isinstance(predictor, StrokePredictor):
        probabilities = predictor.with_stroke_model(probabilities, [strokes])
    return probabilities[0]


def same_strokes(raw: Iterable[ArrayLike], checked: Strokes) -> bool:
    """Whether `checked_strokes(raw)` would be `checked`, at a fraction of its cost."""
    arrays = [array for stroke in raw if (array := np.asarray(stroke, np.float32)).size]
    return len(arrays) == len(checked) and all(map(np.array_equal, arrays, checked))
