"""The brush: how strokes become lines on the pad's canvas."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import ipycanvas.canvas
from ipycanvas import Canvas, hold_canvas

Point = tuple[float, float]
SIDE = 672  # px of the canvas's buffer: at least twice its size on screen, for crisp lines
LINE_WIDTH = 40  # px of the buffer


class Brush:
    """Draws strokes on a canvas; their points run from 0 to 1, x to the right and y down.

    A line is a row of quadratic curves between the middles of its steps, so that it is smooth and
    can go on with each point.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def forget_browser(self) -> None:
        """A browser has connected: what was sent before is lost, also the choice of canvas."""
        ipycanvas.canvas._CANVAS_MANAGER._current_canvas = None

    def redraw(self, strokes: Iterable[Sequence[Point]]) -> None:
        """Empty the canvas and draw these strokes."""
        with _one_message():
            self._canvas.clear()
            self._ink()
            for stroke in strokes:
                self._draw(stroke)

    def begin(self, point: Point) -> None:
        """Draw the dot with which a stroke begins."""
        with _one_message():
            self._ink()
            self._dot(point)

    def go_on(self, stroke: Sequence[Point]) -> None:
        """Draw a stroke's latest step; the stroke has two points or more."""
        with _one_message():
            self._ink()
            self._curve(stroke, len(stroke) - 1)

    def finish(self, stroke: Sequence[Point]) -> None:
        """Draw a stroke's line to its last point."""
        with _one_message():
            self._ink()
            self._end(stroke)

    def _ink(self) -> None:
        """Set colour and width with each drawing, because a reloaded page has lost them."""
        canvas = self._canvas
        canvas.stroke_style = canvas.fill_style = "black"  # the style sheet inverts it at night
        canvas.line_width = LINE_WIDTH
        canvas.line_cap = canvas.line_join = "round"

    def _draw(self, stroke: Sequence[Point]) -> None:
        self._dot(stroke[0])
        for end in range(1, len(stroke)):
            self._curve(stroke, end)
        self._end(stroke)

    def _dot(self, point: Point) -> None:
        self._canvas.fill_circle(point[0] * SIDE, point[1] * SIDE, LINE_WIDTH / 2)

    def _curve(self, stroke: Sequence[Point], end: int) -> None:
        """Draw a quadratic curve to the middle of the step to point `end`."""
        start = stroke[0] if end == 1 else _middle(stroke[end - 2], stroke[end - 1])
        self._bend(start, stroke[end - 1], _middle(stroke[end - 1], stroke[end]))

    def _end(self, stroke: Sequence[Point]) -> None:
        if len(stroke) > 1:
            middle = _middle(stroke[-2], stroke[-1])
            self._bend(middle, middle, stroke[-1])

    def _bend(self, start: Point, control: Point, end: Point) -> None:
        canvas = self._canvas
        canvas.begin_path()
        canvas.move_to(start[0] * SIDE, start[1] * SIDE)
        canvas.quadratic_curve_to(
            control[0] * SIDE, control[1] * SIDE, end[0] * SIDE, end[1] * SIDE
        )
        canvas.stroke()


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


@contextmanager
def _one_message() -> Iterator[None]:
    """Send the drawing commands inside as one message; reset `hold_canvas` after an exception."""
    manager = ipycanvas.canvas._CANVAS_MANAGER
    try:
        with hold_canvas():
            yield
    finally:
        manager._caching = False
        manager._commands_cache, manager._buffers_cache = [], []
