"""Where connected ink may be cut: among the cuts is one between the digits."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from digitlib.photos.cuts import find_cuts

Mask = NDArray[np.bool_]


def three_and_one(width: int, apart: int) -> tuple[Mask, Mask]:
    """A 3 and, to its right, a 1 that meets both of its bows, each (80, 110)."""
    pictures = [Image.new("1", (110, 80)) for _ in range(2)]
    three, one = map(ImageDraw.Draw, pictures)
    three.arc((10, 6, 44, 40), -150, 90, 1, width)
    three.arc((8, 34, 46, 74), -90, 150, 1, width)
    one.line([(46 + apart, 4), (46 + apart, 76)], 1, width)
    return np.asarray(pictures[0]), np.asarray(pictures[1])


@pytest.mark.parametrize(("width", "apart"), [(4, 0), (6, 0), (6, 1), (8, 0)])
def test_digits_that_meet_twice_are_cut_at_both_places(width: int, apart: int) -> None:
    three, one = three_and_one(width, apart)
    shared = three & one
    assert shared.any()
    separated = [
        min(
            np.count_nonzero(cut.left & three & ~shared) / np.count_nonzero(three & ~shared),
            np.count_nonzero(one & ~shared & ~cut.left) / np.count_nonzero(one & ~shared),
        )
        for cut in find_cuts(three | one)
    ]
    assert max(separated) > 0.8


def test_cuts_go_from_left_to_right_and_no_two_are_alike() -> None:
    three, one = three_and_one(6, 0)
    cuts = find_cuts(three | one)
    left = [np.count_nonzero(cut.left) for cut in cuts]
    assert left == sorted(left) and len(cuts) > 5
    for number, cut in enumerate(cuts):
        assert not (cut.left & ~(three | one)).any()
        assert all(np.count_nonzero(cut.left ^ other.left) > 50 for other in cuts[:number])
