"""Pictures of synthetic digits on paper, drawn with Pillow, and what is read on them."""

import io
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw

from digitlib.photos import read_photo
from digitlib.recogniser import Recogniser
from digitlib.strokes import draw


def page(
    rows: Sequence[str], *, rules: bool = False, shadow: bool = False, width: int = 6
) -> Image.Image:
    """A white page of 900 × 700 px with these digits, a blank parts numbers."""
    generator = np.random.default_rng(8)
    canvas = Image.new("L", (900, 700), 225)
    pen = ImageDraw.Draw(canvas)
    if rules:
        for y in range(20, 700, 35):
            pen.line((0, y, 900, y + 8), fill=170, width=2)
        for x in range(15, 900, 35):
            pen.line((x, 0, x - 8, 700), fill=170, width=2)
    for row, digits in enumerate(rows):
        for column, digit in enumerate(digits):
            if digit == " ":
                continue
            for stroke in draw(int(digit), generator):
                points = [(70 + 75 * column + 55 * x, 60 + 150 * row + 80 * y) for x, y in stroke]
                pen.line(points, fill=45, width=width, joint="curve")
    pixels = np.asarray(canvas, np.float64)
    if shadow:
        x = np.linspace(-1, 1, 900)
        pixels = pixels * (1 - 0.5 / (1 + np.exp(-(x - 0.1) / 0.05)))
    pixels += generator.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    """The picture as a file's bytes."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def rows_read(content: bytes, recogniser: Recogniser) -> list[str]:
    """What is read, a text a line, with a blank between numbers."""
    digits = read_photo(content, recogniser)
    lines = [list(line) for _, line in groupby(digits, key=lambda digit: digit.line)]
    return [
        " ".join(
            "".join(str(d.digit) for d in number)
            for _, number in groupby(line, key=lambda digit: digit.number)
        )
        for line in lines
    ]
