"""Features of simple drawings with known answers."""

import numpy as np
import pytest

from digitlib.strokes import features

UPRIGHT = [np.array([[0.5, 0.0], [0.5, 1.0]])]
RIGHT = [np.array([[1.0, 0.0], [0.0, 1.0]])]  # y is down: the top is to the right
BAR = [np.array([[0.0, 0.5], [1.0, 0.5]])]


def test_slant_in_degrees_to_the_right():
    assert features.slant(UPRIGHT) == pytest.approx(0)
    assert features.slant(RIGHT) == pytest.approx(45)
    assert features.slant([stroke * (-1, 1) for stroke in RIGHT]) == pytest.approx(-45)
    assert features.slant(BAR) == 0
    assert features.slant([np.array([[0.3, 0.3]])]) == 0


def test_slant_is_invariant_to_translation_scale_and_sampling():
    sparse = features.slant(RIGHT)
    dense = np.stack([np.linspace(1, 0, 50), np.linspace(0, 1, 50)], axis=1)
    assert features.slant([dense * 7 + 3]) == pytest.approx(sparse)


def test_drawings_are_grouped_by_each_feature():
    drawings = [UPRIGHT, RIGHT, BAR, UPRIGHT + BAR, UPRIGHT + BAR + RIGHT]
    assert features.by_stroke_count(drawings) == ["1 stroke"] * 3 + [
        "2 strokes",
        "3 strokes or more",
    ]
    assert features.by_slant(drawings)[:2] == ["upright", "leans right"]
    assert features.by_aspect(drawings)[:3] == ["narrow", "usual shape", "wide"]
    assert features.aspect([np.array([[0.3, 0.3]])]) == 20
