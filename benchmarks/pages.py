"""Composed pictures of handwritten digits whose places and labels are known, for photos.py.

A page is made as a camera would see it: paper, rules, ink, then perspective, light, blur, noise and
JPEG. The same generator of random numbers makes the same page.
"""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digitlib.strokes import Sketch, Strokes

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]  # x, y, width, height in px

INKS = ((30, 30, 35), (25, 40, 120), (20, 20, 20), (95, 95, 100), (170, 30, 40), (20, 90, 60))
PAPERS = ((245, 244, 240), (255, 255, 255), (236, 228, 205), (225, 232, 240), (240, 225, 228))


class Placed(NamedTuple):
    """A digit on a page: its label, its box, and the number that it belongs to."""

    label: int
    box: Box
    number: int


class Page(NamedTuple):
    """A picture as a file's bytes, and its digits in reading order."""

    content: bytes
    digits: list[Placed]


class Glyph(NamedTuple):
    """The ink of a digit, 0 to 1, cut to its box."""

    ink: Floats
    label: int


Source = Callable[[np.random.Generator, float, float], Glyph]  # chance, height and pen in px


def pen_source(sketches: Sequence[Sketch]) -> Source:
    """Digits of these sketches, drawn with a round pen."""

    def glyph(generator: np.random.Generator, height: float, pen: float) -> Glyph:
        sketch = sketches[int(generator.integers(len(sketches)))]
        return Glyph(inked(sketch.strokes, height, pen), sketch.label)

    return glyph


def image_source(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> Source:
    """Digits of MNIST-like images (n, 28, 28), enlarged."""

    def glyph(generator: np.random.Generator, height: float, pen: float) -> Glyph:
        number = int(generator.integers(len(labels)))
        image = images[number]
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        cut = np.pad(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 1)
        scale = max(height / cut.shape[0], 1.0)
        large = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        soft = cv2.GaussianBlur(large.astype(np.float32) / 255, (0, 0), 0.3 * scale)
        sharp = np.clip((soft - 0.5) * max(scale / 2, 1) + 0.5, 0, 1)
        return Glyph(_cut(sharp), int(labels[number]))

    return glyph


def inked(strokes: Strokes, height: float, pen: float) -> Floats:
    """Strokes drawn with a round pen, the longer side `height` px, 0 to 1."""
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), float(np.ptp(points, axis=0).max()) or 1.0
    scale, margin = max(height - pen, 2) / size, pen
    extent = np.ceil(np.ptp(points, axis=0) * scale + 2 * margin).astype(int) + 2
    canvas = np.zeros((4 * extent[1], 4 * extent[0]), np.uint8)
    for stroke in strokes:
        line = np.rint(((stroke - low) * scale + margin) * 4 * 16).astype(np.int32)
        width = max(1, round(4 * pen))
        if len(line) == 1:
            cv2.circle(canvas, line[0].tolist(), width * 8, 255, -1, cv2.LINE_AA, 4)
        cv2.polylines(canvas, [line], False, 255, width, cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (int(extent[0]), int(extent[1])), interpolation=cv2.INTER_AREA)
    return _cut(small.astype(np.float32) / np.float32(255))


def _cut(ink: Floats) -> Floats:
    mask = ink > 0.3
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


class _Sheet:
    """A page while it is being written on."""

    def __init__(self, height: int, width: int) -> None:
        self.ink = np.zeros((height, width), np.float32)
        self.digits: list[tuple[int, Floats, int]] = []  # label, points (n, 2), number

    def fits(self, glyph: Glyph, x: int, y: int) -> bool:
        height, width = glyph.ink.shape
        return (
            x >= 0 and y >= 0 and x + width <= self.ink.shape[1] and y + height <= self.ink.shape[0]
        )

    def put(self, glyph: Glyph, x: int, y: int, number: int) -> None:
        height, width = glyph.ink.shape
        part = self.ink[y : y + height, x : x + width]
        np.maximum(part, glyph.ink, out=part)
        rows, columns = np.nonzero(glyph.ink > 0.5)
        points = np.stack([columns + x, rows + y], axis=1).astype(np.float32)
        self.digits.append((glyph.label, points, number))


def _write(
    sheet: _Sheet, source: Source, generator: np.random.Generator, kind: str, count: int
) -> None:
    """Write `count` digits in lines: single ones, or numbers of three, apart or touching."""
    height, width = sheet.ink.shape
    per_number = 1 if kind == "single" else 3
    numbers = max(1, count // per_number)
    columns = max(1, round((numbers * width / height / per_number) ** 0.5))
    rows = -(-numbers // columns)
    cell_width, cell_height = 0.84 * width / columns, 0.84 * height / rows
    size = min(cell_height * 0.62, cell_width * 0.8 / per_number) * generator.uniform(0.5, 1)
    size = float(np.clip(size, 18, 0.5 * height))
    pen = max(1.3, size * generator.uniform(0.05, 0.16))
    for number in range(numbers):
        row, column = divmod(number, columns)
        x = 0.08 * width + cell_width * column + generator.uniform(0.05, 0.15) * cell_width
        y = 0.08 * height + cell_height * row + generator.uniform(0.1, 0.3) * cell_height
        _write_number(sheet, source, generator, kind, number, (x, y, size, pen))


def _write_number(
    sheet: _Sheet,
    source: Source,
    generator: np.random.Generator,
    kind: str,
    number: int,
    place: tuple[float, float, float, float],
) -> None:
    x, y, size, pen = place
    right = int(x)
    for position in range(1 if kind == "single" else 3):
        glyph = source(generator, size * generator.uniform(0.88, 1.12), pen)
        top = int(y + 0.5 * (size - glyph.ink.shape[0]) + generator.normal(0, 0.03) * size)
        left = right
        if position and kind == "touching":
            left = touching(sheet.ink, glyph, right, top, int(generator.uniform(0, 0.03) * size))
        if not sheet.fits(glyph, left, top):
            return
        sheet.put(glyph, left, top, number)
        gap = generator.uniform(0.1, 0.35) * size if kind != "touching" else 0.0
        right = left + glyph.ink.shape[1] + int(gap + 1)


def touching(ink: Floats, glyph: Glyph, right: int, top: int, overlap: int) -> int:
    """How far left the glyph goes until its ink meets what is written, and a little farther."""
    height, width = glyph.ink.shape
    for left in range(right, max(right - width, 0), -1):
        part = ink[top : top + height, left : left + width]
        if part.shape == glyph.ink.shape and (np.minimum(part, glyph.ink) > 0.5).any():
            return left - overlap // 2
    return right - width // 4


def _rules(shape: tuple[int, int], generator: np.random.Generator, kind: str) -> Floats:
    """Printed lines, 0 to 1: none, ruled, squared or dotted."""
    lines = np.zeros(shape, np.float32)
    if kind == "plain":
        return lines
    spacing = generator.uniform(0.025, 0.07) * max(shape)
    thick = max(1, round(generator.uniform(0.0006, 0.0016) * max(shape)))
    down = np.arange(generator.uniform(0, spacing), shape[0], spacing).astype(int)
    across = np.arange(generator.uniform(0, spacing), shape[1], spacing).astype(int)
    if kind == "dotted":
        for y in down:
            for x in across:
                cv2.circle(lines, (int(x), int(y)), thick, 1.0, -1, cv2.LINE_AA)
        return lines
    for y in down:
        lines[y : y + thick] = 1
    if kind == "squared":
        for x in across:
            lines[:, x : x + thick] = 1
    elif generator.random() < 0.5:
        lines[:, int(0.12 * shape[1]) :][:, :thick] = 1  # the margin
    return lines


def _specks(shape: tuple[int, int], generator: np.random.Generator) -> Floats:
    """Dust and spots of ink, up to 0.4 % of the page's side."""
    spots = np.zeros(shape, np.float32)
    for _ in range(generator.integers(5, 60)):
        x, y = generator.random(2) * (shape[1], shape[0])
        radii = generator.uniform(0.0004, 0.002, 2) * max(shape)
        axes = (max(1, round(radii[0])), max(1, round(radii[1])))
        angle = generator.uniform(0, 180)
        level = generator.uniform(0.3, 0.9)
        cv2.ellipse(spots, (int(x), int(y)), axes, angle, 0, 360, level, -1, cv2.LINE_AA)
    return spots


def _smooth(shape: tuple[int, int], cells: int, generator: np.random.Generator) -> Floats:
    """Smooth random values with a standard deviation of 1."""
    coarse = generator.normal(size=(cells, cells)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def _light(shape: tuple[int, int], generator: np.random.Generator) -> Floats:
    """Brightness across the picture: a gradient, vignetting, and now and then a shadow."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    angle, slope = generator.uniform(0, 2 * np.pi), generator.uniform(0, 0.35)
    light = 1 - slope * (0.5 + 0.5 * (np.cos(angle) * x + np.sin(angle) * y))
    light -= generator.uniform(0, 0.2) * (x**2 + y**2) / 2
    if generator.random() < 0.5:  # of a hand or a head
        turn, at = generator.uniform(0, 2 * np.pi), generator.uniform(-0.5, 0.5)
        edge = np.cos(turn) * x + np.sin(turn) * y - at + 0.15 * _smooth(shape, 5, generator)
        soft = generator.uniform(0.02, 0.3)
        light *= 1 - generator.uniform(0.2, 0.5) / (1 + np.exp(-(edge / soft).clip(-30, 30)))
    return light * generator.uniform(0.75, 1.0)


def _seen(
    sheet: _Sheet, picture: Floats, generator: np.random.Generator
) -> tuple[Floats, list[Placed]]:
    """The page seen at an angle, on a desk that may show, and where its digits are then."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    tilt = np.radians(generator.normal(0, 1.5))
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]], np.float32)
    shown = (corners - (width / 2, height / 2)) @ turn.T
    desk = generator.random() < 0.25
    shown *= generator.uniform(0.85, 0.95) if desk else 1.08
    shown += generator.uniform(-0.03, 0.03, (4, 2)) * (width, height)
    shown += (width / 2, height / 2)
    matrix = cv2.getPerspectiveTransform(corners, shown.astype(np.float32))
    colour = generator.uniform((20, 20, 20), (150, 120, 90))
    grain = _smooth((height, width), 40, generator)[..., None] * 6
    under = (colour + grain).astype(np.float32)
    paper = cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_AREA)
    where = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, (width, height))
    seen = where[..., None] * paper + (1 - where[..., None]) * under
    placed = []
    for label, points, number in sheet.digits:
        moved = cv2.perspectiveTransform(points[None], matrix)[0]
        low, high = moved.min(axis=0), moved.max(axis=0) + 1
        if (low >= 2).all() and (high <= (width - 2, height - 2)).all():
            placed.append(Placed(label, (*low.tolist(), *(high - low).tolist()), number))
        else:  # out of view: what shows of it is no digit
            box = np.clip(np.concatenate([low - 2, high + 2]), 0, None).astype(int)
            seen[box[1] : box[3], box[0] : box[2]] = seen[box[1] : box[3], box[0] : box[2]].max(
                axis=(0, 1), keepdims=True
            )
    return seen, placed


def compose(
    source: Source,
    generator: np.random.Generator,
    *,
    kind: str = "single",
    count: int = 20,
    paper: str | None = None,
    side: int | None = None,
) -> Page:
    """A page with `count` digits (none: 0) of a kind: "single", "numbers" or "touching"."""
    side = side or int(generator.integers(900, 2600))
    shape = (side, round(side * 0.75)) if generator.random() < 0.5 else (round(side * 0.75), side)
    sheet = _Sheet(*shape)
    if count:
        _write(sheet, source, generator, kind, count)
    papers = ("plain", "ruled", "squared", "dotted")
    paper = paper or str(generator.choice(papers, p=[0.4, 0.25, 0.25, 0.1]))
    colour = np.array(PAPERS[generator.integers(len(PAPERS))], np.float32)
    texture = 1 + 0.01 * generator.normal(size=shape).astype(np.float32)
    texture += 0.015 * _smooth(shape, 8, generator)
    picture = colour * texture[..., None]
    rule_colour = generator.uniform((120, 120, 130), (205, 215, 235)).astype(np.float32)
    picture = _over(picture, _rules(shape, generator, paper), rule_colour)
    if count == 0 or generator.random() < 0.5:
        picture = _over(picture, _specks(shape, generator), np.float32(60))
    pressure = 1 - np.minimum(0.12 * np.abs(_smooth(shape, 30, generator)), 0.5)
    ink = np.array(INKS[generator.integers(len(INKS))], np.float32)
    picture = _over(picture, sheet.ink * pressure, ink)
    if generator.random() < 0.1:  # a blackboard, a dark screen
        picture = 270 - picture
    seen, placed = _seen(sheet, picture, generator)
    seen *= _light(shape, generator)[..., None]
    seen = cv2.GaussianBlur(seen, (0, 0), generator.uniform(0.3, 0.0007 * side + 0.3))
    seen += generator.normal(0, generator.uniform(1, 5), seen.shape)
    file = io.BytesIO()
    pixels = np.clip(seen, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=int(generator.integers(55, 96)))
    return Page(file.getvalue(), placed)


def _over(picture: Floats, ink: Floats, colour: NDArray[np.float32] | np.float32) -> Floats:
    return picture + ink[..., None] * (colour - picture)
