"""What the look inside shows of networks unlike the bundled one."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from digitlib.dashboard.activations import Activations
from digitlib.dashboard.colours import glowing, mosaic
from digitlib.recogniser.prediction import Prediction


class Answers:
    """Stands at the recogniser's place: its only block answers these values."""

    has_stroke_model = False

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def activations(self, _image: np.ndarray) -> dict[str, np.ndarray]:
        return {"layer1": self.values}


def shown(values: np.ndarray) -> tuple[str, np.ndarray]:
    """The title of the block's picture, and the picture (h, w, 3)."""
    inside = Activations()
    image = np.full((28, 28), 255, np.uint8)
    inside.look(Answers(values), Prediction(image, np.full(10, 0.1)))
    picture, caption = inside.children[1].children[-1].children
    file = base64.b64decode(bytes(picture.value).split(b",")[1])
    return caption.value, np.asarray(Image.open(io.BytesIO(file)))


@pytest.mark.parametrize("strongest", [0, 36, 799])
def test_each_unit_of_a_layer_is_shown(strongest):
    units = np.zeros(800, np.float32)
    units[strongest] = 1
    title, picture = shown(units)
    assert title == "layer1: 800 units"
    assert (picture == 255).all(axis=2).sum() == 1


def test_of_more_units_than_can_be_told_apart_the_title_says_how_many_are_shown():
    assert shown(np.zeros(4096, np.float32))[0] == "layer1: 1024 of 4096 units"
    assert shown(np.zeros((64, 4, 4), np.float32))[0].startswith("layer1: 36 of 64 maps, 4")


def test_a_map_is_as_bright_below_zero_as_above():
    maps = np.tanh(np.random.default_rng(0).normal(size=(6, 5, 5))).astype(np.float32)
    np.testing.assert_array_equal(mosaic(maps, 3), mosaic(-maps, 3))
    np.testing.assert_array_equal(mosaic(maps[:1], 1), glowing(abs(maps[0]) / abs(maps[0]).max()))
