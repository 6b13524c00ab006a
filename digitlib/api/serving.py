"""The model that serves this process; a newly promoted one serves the next request."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fastapi import FastAPI

from digitlib.api.schemas import ImageInput, StrokesInput
from digitlib.recogniser import BUNDLED, LoadedModel, Prediction, models_dir

_LOOK_AGAIN = 0.1  # seconds


@dataclass
class _Serving:
    """A model, and how its files and the one that names the promoted model were last seen."""

    model: LoadedModel
    current: str  # path of the file that names the promoted model
    promoted: tuple[int, ...]  # time and inode of `current`
    files: tuple[int, ...]  # times of the model's files
    looked: float  # seconds of the monotonic clock

    def is_latest(self) -> bool:
        """Whether the same model serves, from the same files.

        Which one is promoted is looked up each time, in 2 µs; its files, in 40 µs, every 0.1 s.
        """
        if _named(self.current) != self.promoted:
            return False
        if time.monotonic() - self.looked > _LOOK_AGAIN:
            self.looked = time.monotonic()
            return _times(self.model.folder) == self.files
        return True


def latest_model(app: FastAPI) -> LoadedModel:
    """The promoted model, loaded only where it isn't the one that served the last request."""
    serving: _Serving | None = getattr(app.state, "serving", None)
    if serving and serving.is_latest():
        return serving.model
    current, looked = models_dir() / "current", time.monotonic()
    promoted = _named(str(current))
    model = LoadedModel.latest(serving.model if serving else None)
    named = current.read_text().strip() if current.exists() else ""
    if model.folder != (current.with_name(named) if named else BUNDLED):
        promoted = ()  # it stands in for the promoted model, until that works again
    app.state.serving = _Serving(model, str(current), promoted, _times(model.folder), looked)
    return model


def _named(current: str) -> tuple[int, ...]:
    """Time in ns and inode of the file that names the promoted model; zeros if there is none."""
    try:
        found = os.stat(current)  # noqa: PTH116, half of what Path.stat costs each request
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)


def _times(folder: Path) -> tuple[int, ...]:
    """Times in ns of a model's files."""
    try:
        with os.scandir(folder) as files:
            return tuple(file.stat().st_mtime_ns for file in files)
    except OSError:
        return ()


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
