"""A picture with a box round each digit that was read, and what it was read as."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitlib.photos.decoding import Picture
from digitlib.photos.reading import PhotoDigit

_READ, _DOUBTED = (0, 114, 178), (213, 94, 0)  # told apart by the colour-blind too


def annotated(
    picture: Picture, digits: Sequence[PhotoDigit], threshold: float
) -> NDArray[np.uint8]:
    """The picture (h, w, 3) with its digits; those below the threshold have a question mark."""
    image = Image.fromarray(picture.colour)
    pen = ImageDraw.Draw(image)
    unit = max(image.size) / 800
    for digit in digits:
        x, y, width, height = (side / picture.scale for side in digit.box)
        doubted = digit.confidence < threshold
        colour = _DOUBTED if doubted else _READ
        pen.rectangle((x, y, x + width, y + height), outline=colour, width=max(1, round(2 * unit)))
        text = f"{digit.digit}?" if doubted else str(digit.digit)
        size = max(8.0, min(0.5 * height, 24 * unit))
        pen.text((x, max(y - 1.2 * size, 0)), text, fill=colour, font_size=size)
    return np.asarray(image)
