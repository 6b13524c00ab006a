"""Prediction with a reject option: digits are named, other drawings are doubted."""

import json

import numpy as np
import pytest
from HersheyFonts import HersheyFonts
from recogniser.models import copied

from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.prediction import Prediction
from digitlib.recogniser.registry import promote
from digitlib.strokes.synthesis import draw, draw_many


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    """The bundled model, as a page holds it."""
    return LoadedModel(Recogniser.load(BUNDLED), BUNDLED, 0)


def letter(name: str) -> list[np.ndarray]:
    font = HersheyFonts()
    font.load_default_font("futural")
    return [np.array(s, float) / 32 for s in font.strokes_for_text(name) if len(s) > 0]


def rejected(model: LoadedModel, drawings: list) -> float:
    """The share of drawings for which no digit is named."""
    return float(np.mean([model.read(drawing).digit is None for drawing in drawings]))


def test_of_almost_equal_digits_none_is_likelier():
    equal = np.full(10, 0.1, np.float32)
    equal[:3] = 0.107, 0.104, 0.102
    assert Prediction(probabilities=equal).leader is None
    assert Prediction(probabilities=equal).candidates == []
    seven = np.full(10, 0.05, np.float32)
    seven[[1, 7]] = 0.25, 0.35
    assert Prediction(probabilities=seven).leader == 7
    assert Prediction(probabilities=seven).candidates == [7, 1]


def test_an_empty_pad_and_a_dot_are_no_digits(model):
    assert model.read(()).digit is None
    assert model.read(()).ranking == []
    assert model.read((np.array([[0.5, 0.5]]),)).digit is None
    assert model.read((np.array([[0.5, 0.5], [0.52, 0.51]]),)).is_dot


def test_a_prediction_holds_what_the_recogniser_reads(model):
    strokes = draw(5, np.random.default_rng(0))
    prediction = model.read(strokes)
    expected = model.recogniser.read([prediction.strokes])[0]
    np.testing.assert_array_equal(prediction.probabilities, expected)
    assert prediction.model == model.recogniser.name
    assert prediction.threshold == model.recogniser.threshold


def test_a_rejected_letter_still_has_a_ranking(model):
    prediction = model.read(letter("K"))
    assert prediction.digit is None
    assert sorted(prediction.ranking) == list(range(10))


def test_letters_are_rejected(model):
    assert rejected(model, [letter(name) for name in "CEFHKMNPRTUVWXYcdefkmnruvwx"]) > 0.85
    assert [model.read(letter(name)).digit for name in "MWH"] == [None] * 3


def test_most_scribbles_and_few_digits_are_rejected(model):
    generator = np.random.default_rng(0)
    scribbles = [[np.cumsum(generator.normal(size=(60, 2)), axis=0)] for _ in range(50)]
    scribbles += [[generator.random((12, 2))] for _ in range(50)]
    assert rejected(model, scribbles) > 0.9
    assert rejected(model, draw_many(150, seed=8)[0]) < 0.1


def test_few_real_pen_digits_are_rejected(model, pens):
    assert rejected(model, [sketch.strokes for sketch in pens[::30]]) < 0.02


def test_the_threshold_is_the_cards():
    folder = copied("careful")
    card = json.loads((folder / "card.json").read_text())
    card["pen"]["rejection_threshold"] = 0.999999  # with a stroke model, this one applies
    (folder / "card.json").write_text(json.dumps(card))
    promote("careful")
    strokes = draw_many(1, seed=0)[0][0]
    assert LoadedModel.latest().read(strokes).threshold == 0.999999
    assert LoadedModel.latest(LoadedModel.latest()).folder == folder
