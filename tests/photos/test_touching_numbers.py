"""Numbers whose digits touch are cut where one digit ends; what stands alone is not cut."""

import numpy as np
import pytest
from numpy.typing import NDArray
from photo_pages import encoded
from PIL import Image, ImageDraw

from digitlib import training
from digitlib.photos import read_photo
from digitlib.photos.parts import SIDE, views
from digitlib.photos.pieces import Group
from digitlib.recogniser import BUNDLED, Recogniser
from digitlib.strokes import Sketch, Strokes, draw


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load()


def held_out(pens: list[Sketch]) -> list[Sketch]:
    """Digits of writers whom the bundled model was not trained on."""
    writers = training.writers_as_trained(Recogniser(BUNDLED).card, pens)
    return [*writers.validation, *writers.test]


def written(strokes: Strokes) -> NDArray[np.bool_]:
    """The ink of a digit in a narrow hand, 130 px high, cut to its columns: (200, w)."""
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), float(np.ptp(points, axis=0).max())
    canvas = Image.new("1", (200, 200))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        placed = 35 + (100, 130) * (np.asarray(stroke) - low) / size
        pen.line([(x, y) for x, y in placed.tolist()], fill=1, width=9, joint="curve")
    ink = np.asarray(canvas)
    columns = np.flatnonzero(ink.any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1]


def touching(digits: list[Strokes], generator: np.random.Generator) -> Image.Image:
    """A sheet with one number, each digit so far to the left that it touches the one before."""
    ink = np.zeros((200, 900), np.bool_)
    right = 60
    for place, digit in enumerate(digits):
        glyph = written(digit)
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


def test_a_part_of_any_width_can_be_judged() -> None:
    ink = np.zeros((90, 420), np.float32)
    ink[40:50] = 1  # a line across all of it, longer than a view is wide
    seen = views(Group(ink, (ink > 0).astype(np.int32), 1.0, 0, 0), [ink > 0])
    assert seen.shape == (1, 2, SIDE, SIDE) and seen.any()


def read(picture: Image.Image, recogniser: Recogniser) -> str:
    return "".join(str(digit.digit) for digit in read_photo(encoded(picture), recogniser))


def test_half_of_narrow_numbers_whose_digits_touch_are_read_without_a_mistake(
    pens: list[Sketch], recogniser: Recogniser
) -> None:
    """Cut along seams alone, without a judgement of the parts, 12 of the 30 were."""
    unseen = held_out(pens)
    generator = np.random.default_rng(5)
    right = 0
    for _ in range(30):
        number = [unseen[place] for place in generator.integers(0, len(unseen), 3)]
        picture = touching([sketch.strokes for sketch in number], generator)
        right += read(picture, recogniser) == "".join(str(sketch.label) for sketch in number)
    assert right >= 15


def test_a_lone_digit_is_not_cut(recogniser: Recogniser) -> None:
    generator = np.random.default_rng(5)
    for number in range(50):
        digit = draw(number % 10, generator)
        assert len(read(touching([digit], generator), recogniser)) == 1


@pytest.mark.parametrize("seed", [10, 11, 20, 26])
def test_no_box_holds_a_sliver_of_the_digit_beside_it(seed, recogniser: Recogniser) -> None:
    """Digits that stand apart: to cut one and give its edge to a neighbour was worth it."""
    generator = np.random.default_rng(seed)
    sheet = Image.new("L", (900, 700), 225)
    pen = ImageDraw.Draw(sheet)
    edges: list[tuple[float, float]] = []
    for row in range(4):
        for start in (50, 340, 630):
            right = start - 11.0
            for _ in range(3):
                strokes = draw(int(generator.choice([1, 1, 4, 9, 2, 6, 3, 0])), generator)
                left = right + 11
                low = min(float(stroke[:, 0].min()) for stroke in map(np.asarray, strokes))
                inked = [
                    [(left + 52 * (x - low), 60 + 150 * row + 80 * y) for x, y in stroke]
                    for stroke in strokes
                ]
                for points in inked:
                    pen.line(points, fill=45, width=6, joint="curve")
                right = max(x for points in inked for x, _ in points)
                edges.append((left - 3, right + 3))
    pixels = np.asarray(sheet) + generator.normal(0, 4, (700, 900))
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    found = read_photo(encoded(picture), recogniser)
    boxes = [(digit.box[0], digit.box[0] + digit.box[2]) for digit in found]
    assert len(boxes) == len(edges)
    assert np.abs(np.array(boxes) - np.array(edges)).max() < 10
