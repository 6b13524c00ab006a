"""Numbers whose digits touch are cut where one digit ends; what stands alone is not cut."""

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_pages import encoded
from PIL import Image, ImageDraw

from digitlib.photos import read_photo
from digitlib.recogniser import Recogniser
from digitlib.strokes import draw


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load()


def written(digit: int, generator: np.random.Generator) -> NDArray[np.bool_]:
    """The ink of a digit, cut to its columns: (200, w)."""
    canvas = Image.new("1", (200, 200))
    pen = ImageDraw.Draw(canvas)
    for stroke in draw(digit, generator):
        points = [(40 + 100 * x, 30 + 130 * y) for x, y in stroke]
        pen.line(points, fill=1, width=9, joint="curve")
    ink = np.asarray(canvas)
    columns = np.flatnonzero(ink.any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1]


def touching(digits: str, generator: np.random.Generator) -> Image.Image:
    """A sheet with one number, each digit so far to the left that it touches the one before."""
    ink = np.zeros((200, 900), np.bool_)
    right = 60
    for place, digit in enumerate(digits):
        glyph = written(int(digit), generator)
        width = glyph.shape[1]
        left = right
        while place and not (ink[:, left : left + width] & glyph).any() and left > 0:
            left -= 1
        ink[:, left - 2 * bool(place) :][:, :width] |= glyph
        right = left + width
    pixels = np.full((600, 900), 225.0)
    pixels[200:400][ink] = 45
    pixels += generator.normal(0, 3, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def read(picture: Image.Image, recogniser: Recogniser) -> str:
    return "".join(str(digit.digit) for digit in read_photo(encoded(picture), recogniser))


def test_numbers_whose_digits_touch_are_read_without_a_mistake(recogniser):
    generator = np.random.default_rng(4)
    numbers = ["".join(map(str, generator.integers(0, 10, 3))) for _ in range(30)]
    pictures = {number: touching(number, generator) for number in numbers}
    for number in ("514", "492", "544", "398", "299"):  # with seams alone all were misread
        assert read(pictures[number], recogniser) == number


def test_a_lone_digit_is_not_cut(recogniser):
    generator = np.random.default_rng(5)
    for number in range(50):
        assert len(read(touching(str(number % 10), generator), recogniser)) == 1
