"""The model that serves this process; a newly promoted one serves the next request."""

from collections.abc import Sequence

import numpy as np
from fastapi import FastAPI

from digitlib.api.schemas import ImageInput, PredictionOutput, StrokesInput
from digitlib.recogniser import LoadedModel, Prediction


def latest_model(app: FastAPI) -> LoadedModel:
    """The promoted model, loaded only where it isn't the one that served the last request."""
    app.state.model = LoadedModel.latest(getattr(app.state, "model", None))
    model: LoadedModel = app.state.model
    return model


def predict(
    model: LoadedModel, drawings: Sequence[StrokesInput | ImageInput]
) -> list[PredictionOutput]:
    """What the model reads in each drawing, as the dashboard would."""
    strokes = [drawing.strokes for drawing in drawings if isinstance(drawing, StrokesInput)]
    images = [drawing.image for drawing in drawings if isinstance(drawing, ImageInput)]
    of_strokes = iter(model.read_all(strokes))
    of_images = iter(model.read_images(np.array(images, np.uint8)))
    predictions = (
        next(of_strokes if isinstance(drawing, StrokesInput) else of_images) for drawing in drawings
    )
    return [output(prediction) for prediction in predictions]


def output(prediction: Prediction) -> PredictionOutput:
    """A prediction as the service answers it."""
    assert prediction.probabilities is not None  # there is ink: the schema asks for a point
    likeliest = prediction.ranking[0]
    return PredictionOutput.model_construct(
        digit=prediction.digit,
        likeliest=likeliest,
        confidence=float(prediction.probabilities[likeliest]),
        probabilities=prediction.probabilities.tolist(),
        model=prediction.model,
    )
