"""Look inside without a browser: what is shown of any network, and of the bundled one."""

import asyncio
import base64
import io
import re
import time

import numpy as np
import pytest
from PIL import Image

from digitlib.dashboard import activations
from digitlib.dashboard.activations import Activations
from digitlib.dashboard.colours import glowing, mosaic
from digitlib.dashboard.contributions import contributions, sentence
from digitlib.dashboard.detectors import find_detectors, shape_words
from digitlib.dashboard.trajectory_panel import STEPS, Decision, decision
from digitlib.dashboard.trajectory_panel import sentence as decision_sentence
from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.recogniser.prediction import Prediction

CROSSED = [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)], [(0.35, 0.5), (0.7, 0.5)]]


class FakeRecogniser:
    """A recogniser with one block that has these activations."""

    has_stroke_model = False

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.calls = values, 0

    def activations(self, _image: np.ndarray) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"layer1": self.values}


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return LoadedModel.latest()


def prediction(brightness: int = 255) -> Prediction:
    return Prediction([], np.full((28, 28), brightness, np.uint8), np.full(10, 0.1))


def pixels(url: bytes) -> np.ndarray:
    """The picture (h, w, 3) of a `data:` URL."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(b",")[1]))))


def shown(values: np.ndarray) -> tuple[str, np.ndarray]:
    """The block's caption and its picture (h, w, 3)."""
    panel = Activations()
    panel.show(FakeRecogniser(values), prediction())
    picture, caption = panel.children[1].children[1].children
    return caption.value, pixels(bytes(picture.children[0].value))


@pytest.mark.parametrize("strongest", [0, 36, 799])
def test_each_unit_of_a_layer_is_shown(strongest):
    units = np.zeros(800, np.float32)
    units[strongest] = 1
    title, picture = shown(units)
    assert "its 800 units" in title
    assert (picture == 255).all(axis=2).sum() == 1


def test_the_caption_says_how_many_of_many_are_shown():
    assert "1024 of 4096 units" in shown(np.zeros(4096, np.float32))[0]
    assert "The 6 strongest of its 64 maps, 4 × 4." in shown(np.zeros((64, 4, 4), np.float32))[0]


def test_the_strongest_maps_are_shown_the_strongest_first():
    maps = np.zeros((64, 4, 4), np.float32)
    maps[[50, 7]] = [[[1.0]], [[0.5]]]
    picture = shown(maps)[1]
    assert picture.shape == (12, 8, 3)
    np.testing.assert_array_equal(picture[:4, :4], glowing(np.ones((4, 4))))
    np.testing.assert_array_equal(picture[:4, 4:], glowing(np.full((4, 4), 0.5)))


def test_negative_activations_are_as_bright_as_positive_ones():
    maps = np.tanh(np.random.default_rng(0).normal(size=(6, 5, 5))).astype(np.float32)
    np.testing.assert_array_equal(mosaic(maps, 3), mosaic(-maps, 3))
    np.testing.assert_array_equal(mosaic(maps[:1], 1), glowing(abs(maps[0]) / abs(maps[0]).max()))


def test_nothing_is_computed_while_nobody_sees_it():
    panel, recogniser = Activations(), FakeRecogniser(np.ones((4, 5, 5), np.float32))
    panel.show(recogniser, Prediction())
    panel.is_seen = False
    panel.show(recogniser, prediction())
    assert recogniser.calls == 1
    panel.is_seen = True  # it catches up
    assert recogniser.calls == 2
    assert pixels(bytes(panel.children[1].children[1].children[0].children[0].value)).max() == 255


def test_while_the_pen_moves_there_are_few_pictures_and_the_last_one_is_shown():
    panel, recogniser = Activations(), FakeRecogniser(np.ones((4, 5, 5), np.float32))

    async def draw() -> tuple[int, float]:
        panel.show(recogniser, Prediction())
        begun = time.monotonic()
        for step in range(60):
            panel.show(recogniser, prediction(brightness=4 * step + 4))
            await asyncio.sleep(0.002)
        shown, took = recogniser.calls, time.monotonic() - begun
        await asyncio.sleep(2 * activations._PACE)
        return shown, took

    shown, took = asyncio.run(draw())
    assert shown <= 2 + took / activations._PACE
    seen = pixels(bytes(panel.children[1].children[0].children[0].children[0].value))
    assert np.array_equal(seen, glowing(prediction(brightness=240).image / 255))


def test_an_empty_pad_shows_no_activations(model):
    panel = Activations()
    panel.show(model.recogniser, model.read(CROSSED))
    assert "is-empty" not in panel._dom_classes
    panel.show(model.recogniser, Prediction())
    assert "is-empty" in panel._dom_classes  # the style sheet hides the pictures


def test_ink_speaks_for_the_guess_where_the_other_digit_has_none(model):
    """The bar of a crossed 7 and its top make it no 1."""
    image = model.read([[(0.3, 0.2), (0.7, 0.2), (0.5, 0.85)]]).image
    found = contributions(model.recogniser, image, 7, 1)
    assert found.heat.shape == (28, 28)
    assert np.abs(found.heat).max() == 1
    assert not found.heat[image == 0].any()
    assert found.heat[:9].sum() > 0
    assert "Blue ink spoke for 7 and against 1" in sentence(found)
    other = contributions(model.recogniser, image, 1, 7)
    np.testing.assert_allclose(other.heat, -found.heat)


def test_a_map_is_shown_with_the_spots_that_excite_it_most(model):
    found = find_detectors(model.recogniser)
    for name, maps in model.recogniser.activations(found.images[0]).items():
        spots = found.blocks[name]
        assert spots.values.shape == (len(found.images), len(maps))
        np.testing.assert_allclose(spots.values[0], np.abs(maps).max(axis=(1, 2)))
    patches = found.patches("block1", 0)
    assert patches.shape[1] == patches.shape[2] == found.blocks["block1"].side
    assert found.patches("block4", 0).shape[1:] == (28, 28)


LINES = {
    "a level line": (3, slice(None)),
    "an upright line": (slice(None), 3),
    "a line that falls to the right": (range(7), range(7)),
    "a line that rises to the right": (range(7), range(6, -1, -1)),
    "the lower edge of a line": (slice(0, 3), slice(None)),
    "the left edge of a line": (slice(None), slice(4, 7)),
}


@pytest.mark.parametrize("words", LINES)
def test_what_a_map_looks_for_is_named(words):
    patches = np.zeros((4, 7, 7), np.uint8)
    patches[(slice(None), *LINES[words])] = 255
    assert shape_words(patches) == words


def test_the_strokes_alone_make_up_their_mind_along_the_way(model):
    drawing = model.read(CROSSED)
    found = decision(model.recogniser, drawing.strokes)
    assert found.probabilities.shape == (STEPS, 10)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)
    assert found.leaders[-1] == 7
    assert 0 < found.decided < STEPS - 1
    text = decision_sentence(found)
    assert re.search(r"From \d+ % of the pen's way on, the strokes alone said 7", text)


def test_strokes_that_stay_unsure_say_so():
    probabilities = np.full((STEPS, 10), 0.05, np.float32)
    probabilities[:, 4] = 0.45
    found = Decision(np.arange(1, STEPS + 1) / STEPS, probabilities)
    assert found.decided is None
    assert "could be a 4, but only with 45 %" in decision_sentence(found)


def test_a_dot_and_a_line_are_explained_too(model):
    async def steps() -> None:
        panel = Activations()
        for strokes in ([[(0.5, 0.5)]], [[(0.5, 0.2), (0.5, 0.8)]]):
            panel.show(model.recogniser, Prediction())
            panel.show(model.recogniser, model.read(strokes))
            while "svg" not in panel._way.value:
                await asyncio.sleep(0.02)
            assert "looks for" in panel._details.value
            assert "ink spoke" in panel._ink_text.value

    asyncio.run(asyncio.wait_for(steps(), 60))
