"""A submission from the page is checked, rasterised and predicted once: what is shown is kept."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.status import State
from digitlib.recogniser import model, prediction
from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.store import predictor
from digitlib.store.store import Store
from digitlib.strokes.synthesis import draw


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the costly functions, one entry for each call."""
    made: list[str] = []

    def counted(owner: object, name: str) -> None:
        original: Callable[..., object] = getattr(owner, name)

        def call(*arguments: object, **named: object) -> object:
            made.append(name)
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, call)

    for owner in (prediction, predictor):
        counted(owner, "rasterise")
    counted(predictor, "predict_drawing")
    counted(model.Recogniser, "with_stroke_model")
    return made


def test_a_submission_costs_one_prediction_and_keeps_it(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    read = LoadedModel.read
    monkeypatch.setattr(LoadedModel, "read", lambda *a: shown.append(read(*a)) or shown[-1])

    async def steps() -> None:
        page = Dashboard()
        calls.clear()
        page.pad.put([[tuple(map(float, p)) for p in s] for s in draw(4, np.random.default_rng(0))])
        page.labels.children[4].click()
        page.submit_button.click()
        while page.status.state is State.SAVING:
            await asyncio.sleep(0.01)
        assert page.status.state is State.SAVED, page.status.value

    asyncio.run(steps())
    assert sorted(calls) == ["rasterise", "with_stroke_model"]
    (drawing,) = [prediction for prediction in shown if prediction.image is not None]
    row = Store().submissions().project("image, probabilities, strokes, model, predicted")
    image, probabilities, strokes, name, predicted = row.fetchone()
    assert image == drawing.image.tobytes()
    assert np.array(probabilities, np.float32).tobytes() == drawing.probabilities.tobytes()
    for kept, stroke in zip(strokes, drawing.strokes, strict=True):
        np.testing.assert_array_equal(np.array(kept), stroke)
    assert (name, predicted) == (drawing.model, drawing.ranking[0])
