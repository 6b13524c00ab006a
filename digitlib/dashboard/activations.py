"""A look inside the model: what each block of layers answers, and which ink spoke for the guess."""

import asyncio

import ipywidgets as ipw
import numpy as np
from numpy.typing import NDArray

from digitlib.dashboard.colours import glowing, highlight, mosaic
from digitlib.dashboard.tasks import run_in_background, running_loop
from digitlib.recogniser import Prediction, Recogniser
from digitlib.text import data_url

PATCH = 5  # px of the square that is blanked to see whether the model misses it
STEP = 2  # px between two such squares
MOST_MAPS = 36  # of a block: more are too small to see
MOST_UNITS = 1024  # of a block without maps, where each is a pixel
_EXPLAIN_AFTER = 0.15  # seconds of rest before the ink that spoke for the guess is lit
_INTRODUCTION = """<h2>Look inside</h2><p>The image, and what each block of layers makes of it: a
square is a feature map, bright where it fires.</p>"""
_PEN = "<p>The model also follows the order and direction of your strokes.</p>"
_BATCH = 8  # images at a time: more cost memory that a visitor's kernel would keep
_NOTHING = np.full((28, 28, 3), (14, 17, 30), np.uint8)


def attribution(
    recogniser: Recogniser, image: NDArray[np.uint8], digit: int
) -> NDArray[np.floating]:
    """How much the ink at each pixel (28, 28) speaks for `digit`: 0 to 1.

    A square of the image is blanked at a time (occlusion: Zeiler & Fergus 2014); where the
    digit's log-odds fall, the ink there spoke for it.
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
    shares = np.concatenate(batches)[:, digit].astype(np.float64).clip(1e-6, 1 - 1e-6)
    odds = np.log(shares / (1 - shares))
    heat, visits = np.zeros((28, 28)), np.zeros((28, 28))
    for (row, column), fall in zip(corners, odds[0] - odds[1:], strict=True):
        heat[row : row + PATCH, column : column + PATCH] += max(fall, 0.0)
        visits[row : row + PATCH, column : column + PATCH] += 1
    heat /= np.maximum(visits, 1)
    return heat / max(float(heat.max()), 1e-6)


def attribution_image(
    recogniser: Recogniser, image: NDArray[np.uint8], digit: int
) -> NDArray[np.uint8]:
    """The image (28, 28) with the ink lit that spoke for the digit; takes about 90 predictions."""
    return highlight(image, attribution(recogniser, image, digit))


class Activations(ipw.VBox):
    """What goes in and what the blocks answer, following the pen, and what spoke for the guess."""

    def __init__(self) -> None:
        self._seen, seen_box = _panel("What the model sees, 28 × 28", _NOTHING)
        self._seen.add_class("digit-seen")
        self._spoke, spoke_box = _panel("Ink that spoke for the guess", _NOTHING)
        self._blocks: dict[str, ipw.Image] = {}
        self._reading = Prediction()
        self._explaining: asyncio.TimerHandle | None = None
        self._first = [seen_box, spoke_box]
        self._row = ipw.Box(self._first)
        self._row.add_class("digit-inside-row")
        self._introduction = ipw.HTML(_INTRODUCTION)
        super().__init__([self._introduction, self._row])
        self.add_class("digit-inside")

    def look(self, recogniser: Recogniser, reading: Prediction) -> None:
        """Show the image and what the blocks answer to it, and soon what spoke for the guess."""
        self._reading, image = reading, reading.image
        self._introduction.value = _INTRODUCTION + _PEN * recogniser.has_stroke_model
        blank = np.zeros((28, 28), np.uint8)
        _show(self._seen, _NOTHING if image is None else glowing(image / 255))
        activations = recogniser.activations(blank if image is None else image)
        if list(activations) != list(self._blocks):
            self._set_up(activations)
        for name, maps in activations.items():
            _show(self._blocks[name], _tiles(np.zeros_like(maps) if image is None else maps))
        if self._explaining is not None:
            self._explaining.cancel()
        if image is None:
            _show(self._spoke, _NOTHING)
        elif (loop := running_loop()) is not None:
            self._explaining = loop.call_later(
                _EXPLAIN_AFTER, lambda: run_in_background(self._explain(recogniser, reading))
            )

    async def _explain(self, recogniser: Recogniser, reading: Prediction) -> None:
        assert reading.image is not None
        digit = reading.ranking[0]
        picture = await asyncio.to_thread(attribution_image, recogniser, reading.image, digit)
        if self._reading is reading:  # the pad hasn't changed meanwhile
            _show(self._spoke, picture)

    def _set_up(self, activations: dict[str, NDArray[np.floating]]) -> None:
        panels = {
            name: _panel(_title(name, maps), _tiles(maps)) for name, maps in activations.items()
        }
        self._blocks = {name: picture for name, (picture, _) in panels.items()}
        self._row.children = [*self._first, *(box for _, box in panels.values())]


def _tiles(maps: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A block's maps (channels, h, w), or its units (n,), as one picture."""
    maps = maps[: _most(maps)]
    columns = int(np.ceil(np.sqrt(len(maps))))
    if maps.ndim == 1:  # a pixel each, with nothing between them
        square = np.pad(maps, (0, -len(maps) % columns)).reshape(1, -1, columns)
        return mosaic(square, columns=1)
    return mosaic(maps, columns)


def _most(maps: NDArray[np.floating]) -> int:
    return MOST_UNITS if maps.ndim == 1 else MOST_MAPS


def _title(name: str, maps: NDArray[np.floating]) -> str:
    most = _most(maps)
    count = len(maps) if len(maps) <= most else f"{most} of {len(maps)}"
    shape = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, maps.shape[1:]))
    return f"{name}: {count} maps, {shape}" if shape else f"{name}: {count} units"


def _panel(title: str, picture: NDArray[np.uint8]) -> tuple[ipw.Image, ipw.VBox]:
    image = ipw.Image(format="url")
    _show(image, picture)
    image.add_class("digit-map")
    caption = ipw.Label(title)
    return image, ipw.VBox([image, caption])


def _show(image: ipw.Image, picture: NDArray[np.uint8]) -> None:
    """As a URL that carries it: of bytes a browser makes a file, which took half of its time."""
    image.value = data_url(picture).encode()
