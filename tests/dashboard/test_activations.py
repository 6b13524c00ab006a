"""The activations panel for networks other than the bundled one."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from digitlib.dashboard.activations import Activations
from digitlib.dashboard.colours import glowing, mosaic
from digitlib.recogniser.prediction import Prediction


class FakeRecogniser:
    """A recogniser with one block that has these activations."""

    has_stroke_model = False

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def activations(self, _image: np.ndarray) -> dict[str, np.ndarray]:
        return {"layer1": self.values}


def shown(values: np.ndarray) -> tuple[str, np.ndarray]:
    """The block's title and its picture (h, w, 3)."""
    panel = Activations()
    image = np.full((28, 28), 255, np.uint8)
    panel.show(FakeRecogniser(values), Prediction(image, np.full(10, 0.1)))
    picture, caption = panel.children[1].children[-1].children
    file = base64.b64decode(bytes(picture.value).split(b",")[1])
    return caption.value, np.asarray(Image.open(io.BytesIO(file)))


@pytest.mark.parametrize("strongest", [0, 36, 799])
def test_each_unit_of_a_layer_is_shown(strongest):
    units = np.zeros(800, np.float32)
    units[strongest] = 1
    title, picture = shown(units)
    assert title == "layer1: 800 units"
    assert (picture == 255).all(axis=2).sum() == 1


def test_the_title_says_how_many_of_many_units_are_shown():
    assert shown(np.zeros(4096, np.float32))[0] == "layer1: 1024 of 4096 units"
    assert shown(np.zeros((64, 4, 4), np.float32))[0].startswith("layer1: 36 of 64 maps, 4")


def test_negative_activations_are_as_bright_as_positive_ones():
    maps = np.tanh(np.random.default_rng(0).normal(size=(6, 5, 5))).astype(np.float32)
    np.testing.assert_array_equal(mosaic(maps, 3), mosaic(-maps, 3))
    np.testing.assert_array_equal(mosaic(maps[:1], 1), glowing(abs(maps[0]) / abs(maps[0]).max()))
