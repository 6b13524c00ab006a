"""What may be said aloud: digits for sure, and doubt about what is none."""

import json

import numpy as np
import pytest
from HersheyFonts import HersheyFonts

from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.prediction import LoadedModel
from digitlib.recogniser.registry import promote
from digitlib.strokes.synthesis import draw_many


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    """The bundled model, as a page holds it."""
    return LoadedModel(Recogniser.load(BUNDLED), BUNDLED, 0)


def letter(name: str) -> tuple[np.ndarray, ...]:
    font = HersheyFonts()
    font.load_default_font("futural")
    return tuple(np.array(s, float) / 32 for s in font.strokes_for_text(name) if len(s) > 0)


def refused(model: LoadedModel, drawings: list) -> float:
    return float(np.mean([model.read(tuple(drawing)).digit is None for drawing in drawings]))


def test_an_empty_pad_and_a_dot_are_no_digits(model):
    assert model.read(()).digit is None
    assert model.read(()).ranking == []
    assert model.read((np.array([[0.5, 0.5]]),)).digit is None
    assert model.read((np.array([[0.5, 0.5], [0.52, 0.51]]),)).is_dot


def test_a_letter_that_is_refused_is_asked_about(model):
    reading = model.read(letter("K"))
    assert reading.digit is None
    assert len(reading.ranking) == 10


def test_letters_are_refused(model):
    assert refused(model, [letter(name) for name in "CEFHKMNPRTUVWXYcdefkmnruvwx"]) > 0.85
    assert [model.read(letter(name)).digit for name in "MWH"] == [None] * 3  # once a sure 4


def test_most_scribbles_are_refused_and_hardly_any_digit(model):
    generator = np.random.default_rng(0)
    scribbles = [[np.cumsum(generator.normal(size=(60, 2)), axis=0)] for _ in range(100)]
    scribbles += [[generator.random((12, 2))] for _ in range(100)]
    assert refused(model, scribbles) > 0.9
    assert refused(model, draw_many(300, seed=8)[0]) < 0.08


def test_hardly_any_real_pen_digit_is_refused(model, pens):
    assert refused(model, [sketch.strokes for sketch in pens[::10]]) < 0.02


def test_the_threshold_is_the_cards(outputs):
    folder = outputs / "models" / "careful"
    folder.mkdir(parents=True)
    for file in BUNDLED.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    card = json.loads((folder / "card.json").read_text())
    card["pen"]["rejection_threshold"] = 0.999999  # of drawings, which the pen's way helps to read
    (folder / "card.json").write_text(json.dumps(card))
    promote("careful")
    strokes = tuple(draw_many(1, seed=0)[0][0])
    assert LoadedModel.latest().read(strokes).threshold == 0.999999
    assert LoadedModel.latest(LoadedModel.latest()).folder == folder
