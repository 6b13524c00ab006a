"""One layer of the pipeline: its strongest feature maps, and what each of them looks for."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from digitlib.dashboard.colours import glowing, mosaic
from digitlib.dashboard.detectors import Detectors, shape_words
from digitlib.dashboard.parts import Column, Html, Picture, Row
from digitlib.dashboard.wording import in_words
from digitlib.text import data_url

MAPS = 6  # shown of a layer
COLUMNS = 2  # of its picture
MOST_UNITS = 1024  # shown of a dense layer, one pixel each
Maps = NDArray[np.floating]  # (channels, h, w), or (units,) of a dense layer


class Layer(Column):
    """A layer's picture with a button over each of its maps; `Details` tells more of them."""

    def __init__(self, number: int, name: str, maps: Maps) -> None:
        self.number, self.name = number, name
        self.chosen: list[int] = []  # the channels shown, strongest first
        self.picture = Picture(format="url")
        self.picture.add_class("digit-map")
        picture = Row([self.picture, Html(self._buttons(min(MAPS, len(maps))))])
        picture.add_class("digit-picture")
        if maps.ndim == 1:
            picture.children = [self.picture]
        super().__init__([picture, Html(f"<p>{escape(title(number, maps))}</p>")])
        self.add_class("digit-stage")

    def show(self, maps: Maps) -> None:
        """Show the chosen maps as they are now; choose them where none are."""
        if maps.ndim == 1:
            maps = maps[:MOST_UNITS]
            columns = int(np.ceil(np.sqrt(len(maps))))
            square = np.pad(maps, (0, -len(maps) % columns)).reshape(1, -1, columns)
            show(self.picture, mosaic(square, columns=1))
            return
        self.chosen = self.chosen or strongest(maps)
        show(self.picture, mosaic(maps[self.chosen], COLUMNS))

    def _buttons(self, count: int) -> str:
        """A list with a button for each map shown; focus and pointer bring its details."""
        items = "".join(
            f'<li><button type="button" class="digit-at-{self.number}-{place}"'
            f' aria-label="Layer {self.number}, strongest map {place + 1}"'
            f' aria-describedby="digit-more-{self.number}-{place}"></button></li>'
            for place in range(count)
        )
        return f'<ol class="digit-maps">{items}</ol>'

    def details(self, channels: list[int], maps: Maps, detectors: Detectors) -> str:
        """The details of some maps as HTML, in the order of their buttons."""
        return "".join(
            self._detail(place, channel, maps, detectors) for place, channel in enumerate(channels)
        )

    def _detail(self, place: int, channel: int, maps: Maps, detectors: Detectors) -> str:
        patches = detectors.patches(self.name, channel)
        digits = detectors.digits(self.name, channel)
        answers = f" It answers most to {in_words(digits)}." if digits else ""
        highest = float(np.abs(maps).max())
        large = glowing(np.abs(maps[channel]) / max(highest, 1e-6))
        spots = np.concatenate(
            [np.pad(patch / 255.0, ((0, 0), (0, 1)), constant_values=0.35) for patch in patches], 1
        )
        return (
            f'<div class="digit-more-{self.number}-{place}">'
            f'<img class="digit-large" alt="" src="{data_url(large)}">'
            f'<div><p id="digit-more-{self.number}-{place}"><strong>Layer {self.number}, map'
            f" {channel + 1} of {len(maps)}</strong> looks for {shape_words(patches)}.{answers}</p>"
            f'<p class="digit-small">The spots in example digits that excite it most:</p>'
            f'<img class="digit-spots" alt="" src="{data_url(glowing(spots[:, :-1]))}"></div></div>'
        )


def strongest(maps: Maps) -> list[int]:
    """The channels with the highest activations, strongest first; none of a dense layer."""
    if maps.ndim == 1:
        return []
    highest = np.abs(maps).reshape(len(maps), -1).max(axis=1)
    return [int(channel) for channel in np.argsort(-highest, kind="stable")[:MAPS]]


def title(number: int, maps: Maps) -> str:
    """A layer's caption: what it does, and how many of its maps are shown."""
    if maps.ndim == 1:
        units = f"{MOST_UNITS} of {len(maps)}" if len(maps) > MOST_UNITS else f"{len(maps)}"
        return f"Layer {number}. Each of its {units} units weighs all before it."
    count, height, width = maps.shape
    shown = f"The {MAPS} strongest of its {count} maps" if count > MAPS else f"Its {count} maps"
    does = (
        "finds small features"
        if number == 1
        else "sees whole shapes"
        if height < 4
        else f"combines what layer {number - 1} found"
    )
    return f"Layer {number} {does}. {shown}, {height} × {width}."


def rules(layers: list[Layer]) -> str:
    """The style sheet's rules by which a button brings the details of its map."""
    slots = [f"{layer.number}-{place}" for layer in layers for place in range(MAPS)]
    return "".join(
        f".digit-inside:has(.digit-at-{slot}:{how}) .digit-more-{slot}"
        f"{{visibility: visible; z-index: {level};}}"
        for level, how in enumerate(("focus", "hover"), 1)
        for slot in slots
    )  # fmt: skip


def show(image: Picture, picture: NDArray[np.uint8]) -> None:
    """Show the picture as a data URL; bytes become a blob, which doubled the browser's work."""
    image.value = data_url(picture).encode()
