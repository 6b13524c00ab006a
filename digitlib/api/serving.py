"""The model that serves this process; a newly promoted one serves the next request."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fastapi import FastAPI

from digitlib.api.schemas import ImageInput, StrokesInput
from digitlib.recogniser import BUNDLED, LoadedModel, Prediction, models_dir


class _Serving(NamedTuple):
    """A model, the file that names the promoted one, and the versions of the files of both."""

    model: LoadedModel
    current: Path
    versions: tuple[int, ...]


def latest_model(app: FastAPI) -> LoadedModel:
    """The promoted model, loaded only where it isn't the one that served the last request.

    Whether it is takes 0.03 ms to see from the times of the files, and `LoadedModel.latest` 0.2.
    """
    serving: _Serving | None = getattr(app.state, "serving", None)
    if serving and serving.versions == _versions(serving.current, serving.model.folder):
        return serving.model
    current = models_dir() / "current"
    model = LoadedModel.latest(serving.model if serving else None)
    named = current.read_text().strip() if current.exists() else ""
    is_promoted = model.folder == (current.with_name(named) if named else BUNDLED)
    # One that stands in for the promoted model gives way as soon as that works again.
    versions = _versions(current, model.folder) if is_promoted else ()
    app.state.serving = _Serving(model, current, versions)
    return model


def _versions(current: Path, folder: Path) -> tuple[int, ...]:
    """Times in ns of a model's files, and of the file that names it if there is one."""
    try:
        with os.scandir(folder) as files:
            times = [file.stat().st_mtime_ns for file in files]
    except OSError:
        return (0,)
    try:
        named = current.stat()
    except OSError:
        return (0, 0, *times)
    return (named.st_mtime_ns, named.st_ino, *times)


def predict(
    app: FastAPI, model: LoadedModel, drawings: Sequence[StrokesInput | ImageInput]
) -> list[Prediction]:
    """What the model reads in each drawing, as the dashboard would."""
    strokes = [drawing.strokes for drawing in drawings if isinstance(drawing, StrokesInput)]
    images = [drawing.image for drawing in drawings if isinstance(drawing, ImageInput)]
    of_strokes = iter(model.read_all(strokes))
    of_images = iter(model.read_images(np.array(images, np.uint8)))
    predictions = [
        next(of_strokes if isinstance(drawing, StrokesInput) else of_images) for drawing in drawings
    ]
    if any(prediction.model != model.recogniser.name for prediction in predictions):
        app.state.serving = None  # it failed, and the model before it has read instead
    return predictions


def answer(prediction: Prediction) -> dict[str, object]:
    """A prediction with the fields of `PredictionOutput`."""
    assert prediction.probabilities is not None  # there is ink: the schema asks for a point
    likeliest = prediction.ranking[0]
    probabilities = prediction.probabilities.tolist()
    return {
        "digit": prediction.digit,
        "likeliest": likeliest,
        "confidence": probabilities[likeliest],
        "probabilities": probabilities,
        "model": prediction.model,
    }
