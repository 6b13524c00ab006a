"""What draws on the pad: one mouse, finger or pen, also past the edge, and never a resting hand."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser
from visits import Server, Visit

pytest_plugins = ["browser"]

PALM, FINGER = 60, 12  # px: the radius of a contact
LINE = [(0.3, 0.2), (0.3, 0.35), (0.3, 0.5), (0.3, 0.65), (0.3, 0.8)]
PAST_THE_EDGE = [(0.5, 0.2), (0.9, 0.2), (1.15, 0.2), (1.15, 0.7), (0.5, 0.7)]


class Hand:
    """Touches and a pen, as the browser's protocol for developers sends them."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.down = visit, dict[int, dict[str, Any]]()
        self.client = visit.page.context.new_cdp_session(visit.page)
        self.box = visit.box()

    def at(self, point: tuple[float, float]) -> dict[str, float]:
        """A place of the window, from a place of the pad."""
        side = self.box["width"]
        return {"x": self.box["x"] + point[0] * side, "y": self.box["y"] + point[1] * side}

    def touch(self, id: int, point: tuple[float, float] | None, radius: float = FINGER) -> None:
        """Put a finger down or move it; without a point, lift it."""
        kind, touches = "touchEnd", []
        if point is None:
            lifted = self.down.pop(id)
            touches = [lifted] if self.down else []
        else:
            kind = "touchMove" if id in self.down else "touchStart"
            self.down[id] = {"id": id, **self.at(point), "radiusX": radius, "radiusY": radius}
            touches = list(self.down.values())
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def finger(self, id: int, points: list[tuple[float, float]]) -> None:
        """Draw with a finger, and lift it."""
        for point in points:
            self.touch(id, point)
        self.touch(id, None)

    def pen(
        self, kind: str, point: tuple[float, float], buttons: int = 1, pointer: str = "pen"
    ) -> None:
        """Press, move or release a pen or a mouse."""
        how: dict[str, Any] = {"button": "none" if kind == "mouseMoved" else "left"}
        how |= {"buttons": buttons, "clickCount": 1, "pointerType": pointer}
        self.client.send("Input.dispatchMouseEvent", {"type": kind, **self.at(point), **how})


@pytest.fixture(scope="module")
def shared_visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A tablet's page."""
    size = {"width": 820, "height": 1100}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True)
    yield Visit(context.new_page(), server.url)
    context.close()


def cleared(visit: Visit) -> None:
    visit.page.keyboard.press("Escape")
    visit.settle()


def assert_drawn(visit: Visit, *strokes: list[tuple[float, float]]) -> None:
    """Check that these strokes are on the pad, up to a pixel, and remove them."""
    found = visit.drawing()
    assert [len(stroke) for stroke in found] == [len(stroke) for stroke in strokes]
    for stroke, expected in zip(found, strokes, strict=True):
        np.testing.assert_allclose(stroke, np.clip(expected, 0, 1), atol=0.004)
    cleared(visit)


@pytest.mark.parametrize("kind", ["mouse", "finger", "pen"])
def test_a_stroke_goes_on_past_the_edge_until_it_is_released(visit: Visit, kind: str) -> None:
    hand = Hand(visit)
    if kind == "finger":
        hand.finger(0, PAST_THE_EDGE)
    else:
        kinds = ["mousePressed"] + ["mouseMoved"] * (len(PAST_THE_EDGE) - 1)
        for event, point in zip(kinds, PAST_THE_EDGE, strict=True):
            hand.pen(event, point, pointer=kind)
        hand.pen("mouseReleased", (1.2, 0.7), buttons=0, pointer=kind)  # outside
        hand.pen("mouseMoved", (0.2, 0.2), buttons=0, pointer=kind)
    assert_drawn(visit, PAST_THE_EDGE)


def test_a_hand_may_rest_while_a_finger_draws(visit: Visit) -> None:
    wait_for_the_pen_to_be_gone(visit)  # of the test before
    hand = Hand(visit)
    hand.touch(1, (0.5, -0.3))  # a finger that holds the tablet, beside the pad
    hand.finger(0, LINE)
    assert_drawn(visit, LINE)
    hand.touch(1, None)
    hand.touch(1, (0.8, 0.9), PALM)  # a palm was there first
    hand.touch(1, (0.81, 0.9), PALM)
    hand.finger(0, LINE)
    hand.touch(1, None)
    assert_drawn(visit, LINE)
    for radius in (PALM, FINGER):  # a palm, or a knuckle, comes later
        for point in LINE[:3]:
            hand.touch(0, point)
        hand.touch(1, (0.8, 0.9), radius)
        hand.touch(1, (0.8, 0.95), radius)
        for point in LINE[3:]:
            hand.touch(0, point)
        hand.touch(0, None)
        hand.touch(1, (0.7, 0.9), radius)
        hand.touch(1, None)
        assert_drawn(visit, LINE)
    hand.touch(0, (0.8, 0.8))  # a palm touches down with its edge
    hand.touch(0, (0.8, 0.82), PALM)
    hand.touch(0, (0.2, 0.82), PALM)
    hand.touch(0, None)
    assert_drawn(visit)
    assert zoom(visit) == 1


def test_a_pen_rules_out_the_hand_that_holds_it(visit: Visit) -> None:
    hand = Hand(visit)
    for radius in (PALM, FINGER):  # the hand was there first
        hand.touch(1, (0.8, 0.9), radius)
        hand.touch(1, (0.8, 0.95), radius)
        draw_with_pen(hand)
        hand.touch(1, (0.5, 0.9), radius)
        hand.touch(1, None)
        hand.finger(2, LINE)  # it rests again, shortly after
        assert_drawn(visit, LINE)
    hand.pen("mousePressed", LINE[0])
    hand.touch(1, (0.8, 0.9))
    for point in LINE[1:]:
        hand.pen("mouseMoved", point)
        hand.touch(1, (0.8, 0.9 + point[1] / 50))
    hand.pen("mouseReleased", LINE[-1], buttons=0)
    hand.touch(1, None)
    assert_drawn(visit, LINE)
    wait_for_the_pen_to_be_gone(visit)
    hand.finger(2, LINE)  # later a finger draws again
    assert_drawn(visit, LINE)


def test_two_fingers_on_the_pad_zoom_and_draw_nothing(visit: Visit) -> None:
    hand = Hand(visit)
    hand.touch(0, (0.45, 0.5))
    hand.touch(1, (0.55, 0.5))
    for step in range(1, 9):
        hand.touch(0, (0.45 - step / 25, 0.5))
        hand.touch(1, (0.55 + step / 25, 0.5))
    hand.touch(0, None)
    hand.touch(1, None)
    visit.page.wait_for_function("visualViewport.scale > 1.3")
    assert visit.drawing() == []


def wait_for_the_pen_to_be_gone(visit: Visit) -> None:
    """Until touches are no longer taken for the hand that holds a pen."""
    visit.page.wait_for_function(
        "penSeen => performance.now() > penSeen + 1000",
        arg=visit.page.evaluate("performance.now()"),
    )


def draw_with_pen(hand: Hand) -> None:
    kinds = ["mousePressed"] + ["mouseMoved"] * (len(LINE) - 1)
    for kind, point in zip(kinds, LINE, strict=True):
        hand.pen(kind, point)
    hand.pen("mouseReleased", LINE[-1], buttons=0)


def zoom(visit: Visit) -> float:
    return float(visit.page.evaluate("visualViewport.scale"))
