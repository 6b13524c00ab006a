"""Several digits on the pad are read as a number; a lone digit stays one."""

import numpy as np
import pytest

from digitlib.recogniser import Recogniser, cheapest_path
from digitlib.strokes import Strokes, checked_strokes, draw


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load()


def side_by_side(digits: str, seed: int, gap: float) -> Strokes:
    """Digits of one height in a row."""
    generator, strokes, right = np.random.default_rng(seed), [], 0.0
    for digit in digits:
        drawn = draw(int(digit), generator)
        points = np.concatenate(drawn)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = 1 / extent[1]
        strokes += [(stroke - low) * scale + (right, 0.0) for stroke in drawn]
        right += extent[0] * scale + gap
    return strokes


def read(recogniser: Recogniser, strokes: Strokes) -> str:
    return "".join(str(int(row.argmax())) for _, row in recogniser.read_number(strokes))


def test_numbers_are_read_from_left_to_right(recogniser):
    numbers = ("42", "507", "1938", "64")
    gaps = (0.3, 0.15)
    right = sum(
        read(recogniser, side_by_side(number, seed, gap)) == number
        for seed, number in enumerate(numbers)
        for gap in gaps
    )
    assert right >= 7


def test_digits_drawn_from_right_to_left_are_read_from_left_to_right(recogniser):
    one, two = side_by_side("3", 1, 0), side_by_side("8", 2, 0)
    later = [stroke - (1.2, 0) for stroke in two]
    assert read(recogniser, [*one, *later]) == "83"


def test_a_number_has_every_stroke_once(recogniser):
    strokes = side_by_side("507", 1, 0.3)
    parts = recogniser.read_number(strokes)
    assert len(parts) == 3
    assert sum(len(part) for part, _ in parts) == len(strokes)
    for part, row in parts:
        assert recogniser.read([part])[0] == pytest.approx(row, abs=1e-5)


def test_a_lone_digit_stays_one(recogniser):
    generator = np.random.default_rng(3)
    for number in range(60):
        assert len(recogniser.read_number(draw(number % 10, generator))) == 1


def test_odd_drawings_are_one_digit_or_refused(recogniser):
    scribble = [np.random.default_rng(0).random((4, 2)) for _ in range(60)]
    assert len(recogniser.read_number(checked_strokes(scribble))) == 1
    with pytest.raises(ValueError, match="no ink"):
        recogniser.read_number([])


def test_the_cheapest_path_covers_every_piece_once():
    costs = {(0, 1): 1.0, (1, 2): 1.0, (2, 3): 1.0, (0, 2): 0.5, (1, 3): 5.0}
    assert cheapest_path(3, costs) == [(0, 2), (2, 3)]
    with pytest.raises(ValueError, match="No path"):
        cheapest_path(2, {(0, 1): 1.0})
