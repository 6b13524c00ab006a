"""The pad without a browser: pointer events become strokes."""

from typing import Any

import numpy as np
import pytest

from digitlib.dashboard.brush import SIDE
from digitlib.dashboard.pad import MOST_POINTS, Pad
from digitlib.strokes.validation import checked_strokes


@pytest.fixture
def pad() -> Pad:
    return Pad()


def send(pad: Pad, event: str, x: Any = 0, y: Any = 0, **more: Any) -> None:
    """An event as the browser's half of the canvas sends it."""
    pad.canvas._handle_frontend_event(None, {"event": event, "x": x, "y": y, **more}, None)


def finger(*points: tuple[Any, Any]) -> dict[str, Any]:
    return {"touches": [{"x": x, "y": y} for x, y in points]}


def test_a_stroke_is_the_path_of_the_pressed_mouse(pad: Pad) -> None:
    send(pad, "mouse_move", 5, 5)
    send(pad, "mouse_down", 0, 0)
    send(pad, "mouse_move", SIDE / 2, SIDE / 4)
    send(pad, "mouse_move", SIDE / 2, SIDE / 4)  # no movement
    send(pad, "mouse_up", SIDE / 2, SIDE / 4)
    send(pad, "mouse_move", SIDE, SIDE)
    assert pad.strokes == (((0.0, 0.0), (0.5, 0.25)),)


@pytest.mark.parametrize("end", ["mouse_up", "mouse_out"])
def test_a_stroke_ends_when_the_mouse_leaves(pad: Pad, end: str) -> None:
    send(pad, "mouse_down", 10, 10)
    send(pad, end, 20, 20)
    send(pad, "mouse_move", 30, 30)
    send(pad, "mouse_down", 40, 40)
    send(pad, end)
    assert [len(stroke) for stroke in pad.strokes] == [1, 1]


def test_one_finger_draws_and_a_second_one_does_not(pad: Pad) -> None:
    send(pad, "touch_start", **finger((10, 10)))
    send(pad, "touch_move", **finger((90, 10)))
    send(pad, "touch_start", **finger((90, 10), (300, 300)))
    send(pad, "touch_move", **finger((90, 20), (310, 300)))
    send(pad, "touch_end", **finger((310, 300)))  # the first finger is lifted
    send(pad, "touch_move", **finger((320, 300)))
    assert [len(stroke) for stroke in pad.strokes] == [2]


def test_the_first_finger_of_a_pinch_leaves_no_dot(pad: Pad) -> None:
    send(pad, "touch_start", **finger((10, 10)))
    send(pad, "touch_start", **finger((10, 10), (300, 300)))
    send(pad, "touch_move", **finger((15, 15), (290, 290)))
    send(pad, "touch_end", **finger())
    assert pad.strokes == ()


def test_a_cancelled_touch_leaves_no_stroke(pad: Pad) -> None:
    pad.put([[(0.5, 0.5)]])
    send(pad, "touch_start", **finger((10, 10)))
    send(pad, "touch_move", **finger((90, 10)))
    send(pad, "touch_cancel", **finger())
    send(pad, "touch_cancel", **finger())
    assert pad.strokes == (((0.5, 0.5),),)


def test_a_finger_draws_on_past_the_edge(pad: Pad) -> None:
    send(pad, "touch_start", **finger((SIDE / 2, SIDE / 2)))
    send(pad, "touch_move", **finger((SIDE + 30, SIDE / 2)))
    send(pad, "touch_move", **finger((SIDE + 30, SIDE)))
    send(pad, "touch_move", **finger((SIDE / 2, SIDE)))
    send(pad, "touch_end", **finger())
    assert pad.strokes == (((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0)),)


def test_points_outside_are_clipped_to_the_edge(pad: Pad) -> None:
    send(pad, "mouse_down", SIDE / 2, SIDE / 2)
    send(pad, "mouse_move", -50, 3 * SIDE)
    send(pad, "mouse_up", -50, 3 * SIDE)
    assert pad.strokes[0][-1] == (0.0, 1.0)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), None, "7", [1], {}])
def test_only_finite_numbers_become_points(pad: Pad, nonsense: object) -> None:
    send(pad, "mouse_down", nonsense, 3)
    send(pad, "mouse_move", 3, nonsense)
    assert pad.strokes == ()


def test_the_number_of_points_is_limited(pad: Pad) -> None:
    pad.put([[(0.5, 0.5)] * (MOST_POINTS - 10)])
    send(pad, "mouse_down", 1, 1)
    for step in range(100):
        send(pad, "mouse_move", step % 50, step)
    send(pad, "mouse_down", 2, 2)
    assert sum(map(len, pad.strokes)) == MOST_POINTS
    assert pad.is_full
    checked_strokes(pad.strokes)  # it can be submitted


def test_undo_and_clear(pad: Pad) -> None:
    for x in (10, 20, 30):
        send(pad, "mouse_down", x, x)
        send(pad, "mouse_up", x, x)
    pad.undo()
    assert len(pad.strokes) == 2
    drawing = pad.strokes
    pad.clear()
    assert pad.strokes == ()
    pad.undo()
    assert pad.strokes == drawing
    pad.forget(drawing)
    assert not pad.can_undo


def test_strokes_are_in_the_precision_of_the_store(pad: Pad) -> None:
    send(pad, "mouse_down", 100 / 3, 200 / 7)
    send(pad, "mouse_up")
    np.testing.assert_array_equal(checked_strokes(pad.strokes)[0], pad.strokes[0])
