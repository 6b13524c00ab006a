"""The activations panel: the model's input, its feature maps, and the ink behind the guess."""

import asyncio

import ipywidgets as ipw
import numpy as np
from numpy.typing import NDArray

from digitlib.dashboard.colours import glowing, highlight, mosaic
from digitlib.dashboard.tasks import run_in_background, running_loop
from digitlib.recogniser import Prediction, Recogniser
from digitlib.text import data_url

PATCH = 5  # px: side of the square that is blanked (occlusion)
STEP = 2  # px between two squares
MOST_MAPS = 36  # shown of a block: more would be too small to see
MOST_UNITS = 1024  # shown of a fully connected block, one pixel each
_ATTRIBUTION_DELAY = 0.15  # seconds without a change before the attribution is computed
_INTRODUCTION = """<h2>Look inside</h2><p>The input image, and the activations of each block of
layers. Each square is a feature map: bright means strongly activated.</p>"""
_STROKES = "<p>The model also follows the order and direction of your strokes.</p>"
_BATCH = 8  # images a batch: larger ones raise the memory that the kernel keeps
_BLANK = np.full((28, 28, 3), (14, 17, 30), np.uint8)


def attribution(
    recogniser: Recogniser, image: NDArray[np.uint8], digit: int
) -> NDArray[np.floating]:
    """How much the ink at each pixel supports `digit`: (28, 28), 0 to 1.

    Occlusion (Zeiler & Fergus 2014): squares of the image are blanked one at a time, and each
    pixel gets the mean fall of the digit's log-odds.
    """
    edges = [*range(0, 28 - PATCH, STEP), 28 - PATCH]
    corners = [
        (row, column)
        for row in edges
        for column in edges
        if image[row : row + PATCH, column : column + PATCH].any()
    ]
    blanked = np.repeat(image[None], len(corners) + 1, axis=0)
    for number, (row, column) in enumerate(corners, 1):
        blanked[number, row : row + PATCH, column : column + PATCH] = 0
    batches = [recogniser.predict(blanked[i : i + _BATCH]) for i in range(0, len(blanked), _BATCH)]
    probabilities = np.concatenate(batches)[:, digit].astype(np.float64).clip(1e-6, 1 - 1e-6)
    log_odds = np.log(probabilities / (1 - probabilities))
    heat, count = np.zeros((28, 28)), np.zeros((28, 28))
    for (row, column), fall in zip(corners, log_odds[0] - log_odds[1:], strict=True):
        heat[row : row + PATCH, column : column + PATCH] += max(fall, 0.0)
        count[row : row + PATCH, column : column + PATCH] += 1
    heat /= np.maximum(count, 1)
    return heat / max(float(heat.max()), 1e-6)


def attribution_image(
    recogniser: Recogniser, image: NDArray[np.uint8], digit: int
) -> NDArray[np.uint8]:
    """The image (28, 28) with the supporting ink highlighted; takes about 90 predictions."""
    return highlight(image, attribution(recogniser, image, digit))


class Activations(ipw.VBox):
    """The input image and each block's activations, live, and the attribution of the guess."""

    def __init__(self) -> None:
        self._input, input_box = _panel("What the model sees, 28 × 28", _BLANK)
        self._input.add_class("digit-seen")
        self._attribution, attribution_box = _panel("Ink that led to the guess", _BLANK)
        self._blocks: dict[str, ipw.Image] = {}
        self._prediction = Prediction()
        self._pending: asyncio.TimerHandle | None = None
        self._fixed = [input_box, attribution_box]
        self._row = ipw.Box(self._fixed)
        self._row.add_class("digit-inside-row")
        self._introduction = ipw.HTML(_INTRODUCTION)
        super().__init__([self._introduction, self._row])
        self.add_class("digit-inside")

    def show(self, recogniser: Recogniser, prediction: Prediction) -> None:
        """Show the prediction's image and activations now, and its attribution after a pause."""
        self._prediction, image = prediction, prediction.image
        self._introduction.value = _INTRODUCTION + _STROKES * recogniser.has_stroke_model
        blank = np.zeros((28, 28), np.uint8)
        _show(self._input, _BLANK if image is None else glowing(image / 255))
        activations = recogniser.activations(blank if image is None else image)
        if list(activations) != list(self._blocks):
            self._set_up(activations)
        for name, maps in activations.items():
            _show(self._blocks[name], _tiles(np.zeros_like(maps) if image is None else maps))
        if self._pending is not None:
            self._pending.cancel()
        if image is None:
            _show(self._attribution, _BLANK)
        elif (loop := running_loop()) is not None:
            self._pending = loop.call_later(
                _ATTRIBUTION_DELAY,
                lambda: run_in_background(self._attribute(recogniser, prediction)),
            )

    async def _attribute(self, recogniser: Recogniser, prediction: Prediction) -> None:
        assert prediction.image is not None
        digit = prediction.ranking[0]
        picture = await asyncio.to_thread(attribution_image, recogniser, prediction.image, digit)
        if self._prediction is prediction:  # the pad has not changed meanwhile
            _show(self._attribution, picture)

    def _set_up(self, activations: dict[str, NDArray[np.floating]]) -> None:
        panels = {
            name: _panel(_title(name, maps), _tiles(maps)) for name, maps in activations.items()
        }
        self._blocks = {name: picture for name, (picture, _) in panels.items()}
        self._row.children = [*self._fixed, *(box for _, box in panels.values())]


def _tiles(maps: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A block's feature maps (channels, h, w), or its units (n,), as one picture."""
    maps = maps[: _limit(maps)]
    columns = int(np.ceil(np.sqrt(len(maps))))
    if maps.ndim == 1:  # one pixel each, without gaps
        square = np.pad(maps, (0, -len(maps) % columns)).reshape(1, -1, columns)
        return mosaic(square, columns=1)
    return mosaic(maps, columns)


def _limit(maps: NDArray[np.floating]) -> int:
    return MOST_UNITS if maps.ndim == 1 else MOST_MAPS


def _title(name: str, maps: NDArray[np.floating]) -> str:
    limit = _limit(maps)
    count = len(maps) if len(maps) <= limit else f"{limit} of {len(maps)}"
    shape = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, maps.shape[1:]))
    return f"{name}: {count} maps, {shape}" if shape else f"{name}: {count} units"


def _panel(title: str, picture: NDArray[np.uint8]) -> tuple[ipw.Image, ipw.VBox]:
    image = ipw.Image(format="url")
    _show(image, picture)
    image.add_class("digit-map")
    caption = ipw.Label(title)
    return image, ipw.VBox([image, caption])


def _show(image: ipw.Image, picture: NDArray[np.uint8]) -> None:
    """Show the picture as a data URL; bytes become a blob, which doubled the browser's work."""
    image.value = data_url(picture).encode()
