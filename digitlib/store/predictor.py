"""What a submission needs from a model; any object with these members can be submitted with."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.strokes import Strokes, checked_image, checked_strokes, rasterise


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
        """The strokes, as `checked_strokes` returns them; empty for an image."""

    @property
    def image(self) -> NDArray[np.uint8] | None:
        """The strokes rasterised, or the image, (28, 28); None without ink."""

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


def submitted(
    predictor: Predictor,
    strokes: Iterable[ArrayLike] | None,
    image: ArrayLike | None,
    prediction: Prediction | None,
) -> Prediction:
    """What is predicted for strokes, or for an image: `prediction`, or else it is made here.

    Raises ValueError unless one of both is given, and where the prediction is of another one.
    """
    if image is None and strokes is not None:
        if prediction is None:
            return predicted_drawing(predictor, strokes)
        if not same_strokes(strokes, prediction.strokes):
            raise ValueError("The prediction is for other strokes than the submitted ones.")
    elif image is not None and strokes is None:
        checked = checked_image(image)
        if prediction is None:
            probabilities = predictor.predict(checked[None])[0]
            return PredictedDrawing([], checked, probabilities, predictor.name)
        known = prediction.image
        if prediction.strokes or known is None or not np.array_equal(known, checked):
            raise ValueError("The prediction is for another image than the submitted one.")
    else:
        raise ValueError("Submit either strokes or an image.")
    return prediction


def same_strokes(raw: Iterable[ArrayLike], checked: Strokes) -> bool:
    """Whether `checked_strokes(raw)` would be `checked`, at a fraction of its cost."""
    arrays = [array for stroke in raw if (array := np.asarray(stroke, np.float32)).size]
    return len(arrays) == len(checked) and all(map(np.array_equal, arrays, checked))
