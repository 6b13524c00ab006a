"""A picture to try the photo reader with: numbers on squared paper in uneven light."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitlib.strokes import draw

_SIZE = (1000, 760)  # px
_NUMBERS = ("352 06", "7 814", "29 643")
_SQUARE = 38  # px


def sample_photo(seed: int = 0) -> bytes:
    """A JPEG of synthetic digits on squared paper, half in shadow; the same seed draws the same."""
    generator = np.random.default_rng(seed)
    canvas = Image.new("RGB", _SIZE, (238, 236, 228))
    pen = ImageDraw.Draw(canvas)
    for place in range(20, max(_SIZE), _SQUARE):
        pen.line((0, place, _SIZE[0], place + 9), fill=(178, 196, 214), width=2)
        pen.line((place, 0, place - 7, _SIZE[1]), fill=(178, 196, 214), width=2)
    for row, numbers in enumerate(_NUMBERS):
        for column, digit in enumerate(numbers):
            if digit != " ":
                corner = np.array([90 + 95 * column, 90 + 210 * row])
                _write(pen, int(digit), corner, generator)
    picture = np.asarray(canvas) * _light()[..., None] + generator.normal(0, 3, (*_SIZE[::-1], 3))
    file = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def _write(
    pen: ImageDraw.ImageDraw,
    digit: int,
    corner: NDArray[np.int64],
    generator: np.random.Generator,
) -> None:
    """Draw a digit 110 px high at a corner (x, y)."""
    for stroke in draw(digit, generator):
        points = [tuple(point) for point in (corner + stroke * (76, 110)).tolist()]
        pen.line(points, fill=(38, 46, 110), width=8, joint="curve")


def _light() -> NDArray[np.float64]:
    """The brightness (h, w) of a page that a shadow falls on from the right."""
    x, y = np.meshgrid(*(np.linspace(-1, 1, side) for side in _SIZE))
    shadow = 1 / (1 + np.exp(-(x + 0.4 * y - 0.25) / 0.06))
    return (1 - 0.15 * (x**2 + y**2)) * (1 - 0.45 * shadow)
