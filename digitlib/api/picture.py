"""A picture of one digit, from a file to the 28×28 image that the model reads."""

from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 25_000_000  # of a picture: a phone's has 12 million
_SIDE = 1000  # px: larger ones are made smaller first
_LEAST_CONTRAST = 40  # grey levels between ink and paper
_BOX = 20  # px, the longer side of the digit's ink


class Found(NamedTuple):
    """A digit in a picture: its image (28, 28) uint8 and its box (x, y, width, height) in px."""

    image: NDArray[np.uint8]
    box: tuple[int, int, int, int]


def find_digit(content: bytes) -> Found:
    """The one digit in a picture: dark on light paper, or light on dark.

    Raises ValueError, with a sentence, for what is no picture, too large or empty.
    """
    grey, scale = _decoded(content)
    ink = _ink(np.asarray(grey, np.float64))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    box = (left * scale, top * scale, (right - left) * scale, (bottom - top) * scale)
    whole = [round(float(side)) for side in box]
    return Found(_centred(ink[top:bottom, left:right]), (whole[0], whole[1], whole[2], whole[3]))


def _decoded(content: bytes) -> tuple[Image.Image, float]:
    """The picture in grey, upright and not too large, and how many of its px one of these is."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(
                    f"The picture has {picture.width:,} × {picture.height:,} pixels; at most"
                    f" {MOST_PIXELS:,} are read. Make it smaller."
                )
            picture.draft("L", (_SIDE, _SIDE))  # a JPEG can be decoded smaller than it is
            width = max(picture.width, picture.height)
            upright = ImageOps.exif_transpose(picture)
            if upright.has_transparency_data:
                paper = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(paper, upright.convert("RGBA"))
            grey = upright.convert("L")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"The file is not a whole picture in one of the formats {', '.join(FORMATS)}."
        ) from error
    grey.thumbnail((_SIDE, _SIDE))
    return grey, width / max(grey.size)


def _ink(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of each pixel is ink, 0 to 1; what differs little from the paper is paper."""
    paper = np.median(grey)
    dark, light = paper - grey.min(), grey.max() - paper
    contrast = max(dark, light)
    if contrast < _LEAST_CONTRAST:
        raise ValueError("There is no digit to be seen: ink and paper are almost equally bright.")
    ink = (paper - grey if dark >= light else grey - paper) / contrast
    return np.where(ink > 0.4, np.minimum(ink * 1.25, 1.0), 0.0)


def _centred(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The ink within 20×20, its centre of mass in the middle of 28×28 (LeCun et al. 1998)."""
    height, width = ink.shape
    scale = _BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(
        Image.fromarray((255 * ink).astype(np.uint8)).resize(size, Image.Resampling.BOX), np.float64
    )
    small *= 255 / small.max()
    rows, columns = small.sum(axis=1), small.sum(axis=0)
    middle = [float(sums @ (np.arange(len(sums)) + 0.5) / sums.sum()) for sums in (rows, columns)]
    top, left = (
        int(np.clip(round(14 - centre), 0, 28 - length))
        for centre, length in zip(middle, small.shape, strict=True)
    )
    image = np.zeros((28, 28), np.uint8)
    image[top : top + small.shape[0], left : left + small.shape[1]] = np.rint(small)
    return image
