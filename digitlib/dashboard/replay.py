"""A drawing that draws itself: the replay of what is on the pad, and the examples to try."""

import asyncio
import time
from collections.abc import Callable

import ipywidgets as ipw
import numpy as np
import traitlets

from digitlib.dashboard.pad import Pad
from digitlib.dashboard.parts import Column, button, is_shown, set_shown
from digitlib.dashboard.prefixes import prefix
from digitlib.dashboard.samples import EXAMPLES
from digitlib.dashboard.tasks import running_loop
from digitlib.strokes import Strokes

STEPS = 100  # of the slider
_SECONDS = 2.5  # that a drawing takes
_STAY = 2.5  # seconds for which the slider stays after the end of a replay
_FRAME = 1 / 40  # seconds between two steps at least


class Player:
    """Calls `show` with growing shares from `start` to 1, in real time on the event loop."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_playing(self) -> bool:
        """Whether shares are still to come."""
        return self._timer is not None

    def play(self, show: Callable[[float], None], start: float = 0.0) -> None:
        """Begin; without an event loop, show the end at once."""
        self.stop()
        begun: float | None = None  # with the first step, so that a busy machine skips nothing
        if (loop := running_loop()) is None:
            show(1.0)
            return

        def step() -> None:
            nonlocal begun
            now = time.monotonic()
            begun = now - start * _SECONDS if begun is None else begun
            share = min(1.0, (now - begun) / _SECONDS)
            if share == 1:
                self._timer = None
            show(share)
            if self._timer is not None:  # `show` may stop it
                wait = max(_FRAME, time.monotonic() - now)  # leaves time for what the visitor does
                self._timer = loop.call_later(wait, step)

        self._timer = loop.call_later(0, step)

    def stop(self) -> None:
        """Show no more shares."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Replay(Column):
    """The buttons "Replay" and "Try one", and the slider over the pad while a replay is shown.

    A replay changes what the pad shows, never `pad.strokes`: `shown` is the part of the drawing
    that is on the pad, None where that is all of it.
    """

    shown = traitlets.Any(None)
    completed = traitlets.Int(0)  # examples that were drawn to their end
    example = traitlets.Unicode("")  # how the example on the pad is written; empty for a drawing

    def __init__(self, pad: Pad) -> None:
        self._pad, self._player = pad, Player()
        self._random = np.random.default_rng()
        self._next = 0
        self._put: tuple[object, ...] = ()  # what an example has put on the pad
        self.button = button("Replay", "digit-replay", "Draw the strokes again")
        self.try_button = button("Try one", "digit-try", "Let the page draw an example")
        self.slider = ipw.IntSlider(STEPS, 0, STEPS, readout=False)
        self._leaving: asyncio.TimerHandle | None = None
        self.button.on_click(lambda _button: self._press())
        self.try_button.on_click(lambda _button: self.try_one())
        self.slider.observe(lambda change: self._show(change.new / STEPS), "value")
        pad.observe(lambda change: self._on_strokes(change.new), "strokes")
        super().__init__([self.slider])
        self.add_class("digit-scrubber")
        self._set_open(False)

    @property
    def is_playing(self) -> bool:
        """Whether an example or a replay is being drawn."""
        return self._player.is_playing

    @property
    def is_open(self) -> bool:
        """Whether the slider is there."""
        return is_shown(self)

    def try_one(self) -> None:
        """Draw the next example on the pad, stroke by stroke."""
        self.leave()
        example = EXAMPLES[self._next % len(EXAMPLES)]
        self._next += 1
        strokes = example.draw(self._random)
        if self._pad.strokes and not self.example:
            self._pad.keep(self._pad.strokes)  # Undo brings it back once the pad is empty
        self._pad.put(())
        self._put = self._pad.strokes
        self.example = example.name
        self._player.play(lambda share: self._draw(strokes, share))

    def _draw(self, strokes: Strokes, share: float) -> None:
        """Put a part of an example on the pad, unless the visitor has drawn there meanwhile."""
        if self._pad.strokes != self._put or self._pad.is_drawing:
            self._player.stop()
            return
        drawn = prefix(strokes, share)
        points = [[(float(x), float(y)) for x, y in stroke.astype(np.float32)] for stroke in drawn]
        self._put = tuple(tuple(stroke) for stroke in points)
        self._pad.put(points)
        if share == 1:
            self.completed += 1

    def _on_strokes(self, strokes: tuple[object, ...]) -> None:
        """The drawing has changed: a replay of what it was ends, and an example may be none now."""
        if self.is_open:
            self._set_open(False)
            self._player.stop()
            self.shown = None
        if strokes != self._put:
            self.example = ""

    def _press(self) -> None:
        """Play, pause or go on."""
        if self._player.is_playing and self.is_open:
            self._player.stop()
            self.button.description = "Go on"
            return
        if not self._pad.strokes or self._player.is_playing:
            return
        start = self.slider.value / STEPS if self.is_open and self.slider.value < STEPS else 0.0
        self._set_open(True)
        self.button.description = "Pause"
        self._player.play(self._step, start)

    def _step(self, share: float) -> None:
        self.slider.value = round(share * STEPS)
        if share == 1:
            self.button.description = "Replay"

    def _show(self, share: float) -> None:
        """Show the drawing up to a share of the pen's way."""
        if not self.is_open:
            return
        if self._leaving is not None:
            self._leaving.cancel()
        if share == 1 and (loop := running_loop()) is not None:
            self._leaving = loop.call_later(_STAY, self.leave)
        strokes = [np.array(stroke) for stroke in self._pad.strokes]
        self.shown = None if share == 1 else prefix(strokes, share)
        self._pad.preview(self.shown)

    def leave(self) -> bool:
        """End what is playing, with all of it on the pad; whether a replay was shown."""
        was_open = self.is_open
        if self._leaving is not None:
            self._leaving.cancel()
        self._player.stop()
        if was_open:
            self._set_open(False)
            self._pad.preview(None)
            self.shown = None
        return was_open

    def _set_open(self, is_open: bool) -> None:
        set_shown(self, is_open)
        self.button.description = "Replay"
