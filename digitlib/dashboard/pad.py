"""The pad: a canvas that turns mouse and touch events into strokes.

On the dashboard's page, `pointer.js` follows the one mouse, finger or pen that draws, also past
the edge, and passes it on as a mouse. In JupyterLab the browser's own events arrive.
"""

import asyncio
import math
import time
from collections.abc import Iterable, Sequence

import ipywidgets as ipw
import numpy as np
import traitlets
from ipycanvas import Canvas

from digitlib.dashboard.brush import LINE_WIDTH, SIDE, Brush, Point
from digitlib.dashboard.tasks import running_loop
from digitlib.strokes import MOST_STROKES

Strokes = tuple[tuple[Point, ...], ...]
MOST_POINTS = 2_000  # of one sketch, about 60 KB; a digit has about 50
PACE = 1 / 45  # seconds: shortest interval between two changes of `strokes` while the pen moves


class Pad(ipw.VBox):
    """A canvas to draw on. `strokes` holds the drawing as tuples of points from 0 to 1.

    `strokes` changes about 30 times a second while the pen moves, and at once when it is lifted.
    What lies outside of the pad is kept on its edge.
    """

    strokes = traitlets.Any(())
    is_drawing = traitlets.Bool(False)  # whether a stroke has begun that has not ended
    is_full = traitlets.Bool(False)  # whether the sketch has as many points as it may have
    ready = traitlets.Int(0)  # how many times a browser has asked for the drawing

    def __init__(self) -> None:
        self.canvas = Canvas(width=SIDE, height=SIDE)
        self._brush = Brush(self.canvas)
        self.canvas.add_class("digit-pad")
        self.pace = PACE
        self._lines: list[list[Point]] = []
        self._cleared: Strokes = ()  # what undo restores on an empty pad, and then
        self._kept: list[Strokes] = []  # these, the latest first
        self._previewed: list[list[Point]] | None = None  # shown instead of the drawing
        self._timer: asyncio.TimerHandle | None = None
        self._published = 0.0
        self._listen()
        super().__init__([self.canvas])

    def _listen(self) -> None:
        canvas = self.canvas
        canvas.on_client_ready(self.show)
        canvas.on_mouse_down(self._down)
        canvas.on_mouse_move(self._move)
        canvas.on_mouse_up(self._up)
        canvas.on_mouse_out(self._up)
        canvas.on_touch_start(self._touch_down)
        canvas.on_touch_move(self._touch_move)
        canvas.on_touch_end(self._up)
        canvas.on_touch_cancel(self._drop)

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to remove or a drawing to restore."""
        return bool(self._lines or self._cleared or self._kept)

    def undo(self) -> None:
        """Remove the last stroke; on an empty pad, restore what was cleared or kept."""
        if self._lines:
            self.put(self._lines[:-1])
        elif self._cleared:
            self.put(self._cleared)
        elif self._kept:
            self.put(self._kept.pop())

    def clear(self) -> None:
        """Remove all strokes; undo restores them."""
        self._cleared = self.strokes or self._cleared
        self.put(())

    def keep(self, strokes: Strokes) -> None:
        """Let undo restore a drawing once the pad is empty."""
        self._kept.append(strokes)
        self.forget(strokes)

    def forget(self, strokes: Strokes) -> None:
        """Remove a drawing from the pad, and from what was cleared, for good."""
        self._cleared = () if self._cleared == strokes else self._cleared
        if self.strokes == strokes:
            self.put(())

    def put(self, strokes: Sequence[Sequence[Point]]) -> None:
        """Replace the drawing by these strokes."""
        self._lines = [list(stroke) for stroke in strokes]
        if self._lines:
            self._cleared = ()
        self.is_drawing = False
        self._previewed = None
        self._redraw()
        self._publish()

    def preview(self, strokes: Iterable[Iterable[Point]] | None) -> None:
        """Show other strokes instead of the drawing, which stays; None shows it again."""
        self._previewed = None if strokes is None else [list(stroke) for stroke in strokes]
        self._redraw()

    def show(self) -> None:
        """Send the whole drawing to the browser, which may have just connected."""
        self._brush.forget_browser()
        self._redraw()
        self.ready += 1

    def _touch_down(self, touches: list[Point]) -> None:
        """One finger draws; a second one ends its stroke, or shows that it is a pinch."""
        if len(touches) == 1:
            self._down(*touches[0])
        elif self.is_drawing and np.ptp(self._lines[-1], axis=0).max() * SIDE < LINE_WIDTH:
            self._drop()  # the first finger of a pinch, not a dot
        else:
            self._up()

    def _touch_move(self, touches: list[Point]) -> None:
        if len(touches) == 1:
            self._move(*touches[0])

    def _down(self, x: object, y: object) -> None:
        point = _on_pad(x, y)
        if point is None or self._has_all_points():
            return
        if self._previewed is not None:
            self.preview(None)
        self.is_drawing = True
        self._lines.append([point])
        self._brush.begin(point)
        self._publish_soon()

    def _move(self, x: object, y: object) -> None:
        point = _on_pad(x, y)
        if not self.is_drawing or point is None or point == self._lines[-1][-1]:
            return
        if self._has_all_points():
            self._up()
            return
        line = self._lines[-1]
        line.append(point)
        self._brush.go_on(line)
        self._publish_soon()

    def _up(self, *_where: object) -> None:
        if not self.is_drawing:
            return
        self._cleared = ()
        self._brush.finish(self._lines[-1])
        self._publish()
        self.is_drawing = False

    def _drop(self, *_where: object) -> None:
        """Remove the stroke that is being drawn: a hand's, or the first finger's of a pinch."""
        if self.is_drawing:
            self.put(self._lines[:-1])

    def _has_all_points(self) -> bool:
        return len(self._lines) >= MOST_STROKES or sum(map(len, self._lines)) >= MOST_POINTS

    def _publish_soon(self) -> None:
        if self._timer is not None:
            return
        if (loop := running_loop()) is None:
            self._publish()
            return
        wait = self._published + self.pace - time.monotonic()
        self._timer = loop.call_later(max(0.0, wait), self._publish)

    def _publish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._published = time.monotonic()
        self.is_full = self._has_all_points()
        self.strokes = tuple(tuple(line) for line in self._lines)

    def _redraw(self) -> None:
        self._brush.redraw(self._lines if self._previewed is None else self._previewed)


def _on_pad(x: object, y: object) -> Point | None:
    """Buffer pixels to pad units, clipped to 0 to 1, as 32-bit floats; None if not finite."""
    point = []
    for value in (x, y):
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        point.append(float(np.float32(min(max(value / SIDE, 0.0), 1.0))))
    return point[0], point[1]
