"""From a picture to its digits: every step, and `read_photo` that goes through them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.components import Components, binarise, find_components
from digitlib.photos.decoding import MOST_PIXELS, Picture, decode
from digitlib.photos.layout import groups, places
from digitlib.photos.light import Contrast, enlargement, flatten, grey_of, is_light_on_dark
from digitlib.photos.pieces import cut_out, levelled
from digitlib.photos.rules import Cleaned, remove_lines
from digitlib.photos.weighing import Found, weigh
from digitlib.recogniser import Recogniser

Image = NDArray[np.uint8]


class PhotoDigit(NamedTuple):
    """A digit in a picture: what is read, its box in px of the upright file, and its place."""

    digit: int  # the likeliest
    confidence: float
    probabilities: NDArray[np.float32]  # (10,)
    box: tuple[int, int, int, int]  # x, y, width, height
    image: Image  # (28, 28), as in MNIST
    line: int  # from 0, from the top
    number: int  # from 0, in reading order: digits of a number follow each other


class Steps(NamedTuple):
    """What each step makes of a picture; all are (h, w), `picture` with three colours."""

    picture: Picture
    contrast: Contrast
    cleaned: Cleaned
    mask: NDArray[np.uint8]
    components: Components
    enlarged: int  # how many times larger than `picture` the others are


def prepare(source: bytes | str | Path, most_pixels: int = MOST_PIXELS) -> Steps:
    """The steps from a file, or its bytes, to connected ink; ValueError as `decode` raises it."""
    return prepare_picture(decode(source, most_pixels))


def prepare_picture(picture: Picture) -> Steps:
    """The steps from a decoded picture to connected ink."""
    enlarged = enlargement(picture.colour.shape)
    grey = grey_of(picture.colour)
    if enlarged > 1:
        grey = cv2.resize(grey, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    if is_light_on_dark(grey):
        grey = 255 - grey
    contrast = flatten(np.clip(grey, 0, 255))
    cleaned = remove_lines(contrast.ink, contrast.noise)
    mask = binarise(cleaned.ink, contrast.noise)
    components = find_components(mask, contrast.ink, cleaned.lines)
    return Steps(picture, contrast, cleaned, mask, components, enlarged)


def read_photo(
    source: bytes | str | Path, recogniser: Recogniser | None = None
) -> list[PhotoDigit]:
    """The digits in a photo, a scan or a screenshot (PNG, JPEG, WebP), in reading order.

    `source` is a path or the file's bytes; by default the serving model reads. Raises ValueError,
    with a sentence, for what is no such picture or too large; OSError for a missing file.
    """
    return read_steps(prepare(source), recogniser or Recogniser.load())


def read_steps(steps: Steps, recogniser: Recogniser) -> list[PhotoDigit]:
    """The digits in a prepared picture, in reading order."""
    found = steps.components
    if not found.found:
        return []
    together = groups(found.found, found.height)
    cut = [cut_out(steps.cleaned.ink, found.labels, group, found.height) for group in together]
    return _placed(weigh([levelled(group) for group in cut], recogniser), steps)


def _placed(digits: Sequence[Found], steps: Steps) -> list[PhotoDigit]:
    """The digits with their places, in reading order."""
    scale = steps.picture.scale / steps.enlarged
    found = []
    where = places([box for _, box, _ in digits])
    for (row, box, image), place in zip(digits, where, strict=True):
        x, y, width, height = (round(scale * side) for side in box)
        whole = (max(x, 0), max(y, 0), max(width, 1), max(height, 1))
        found.append(PhotoDigit(int(row.argmax()), float(row.max()), row, whole, image, *place))
    return sorted(found, key=lambda digit: (digit.number, digit.box[0]))
