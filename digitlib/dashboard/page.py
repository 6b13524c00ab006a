"""The dashboard page: draw a digit, see the prediction, label the sketch and submit it."""

import asyncio
import logging
import time
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as ipw
from IPython.display import HTML, DisplayObject

from digitlib import settings
from digitlib.dashboard import panels
from digitlib.dashboard.activations import Activations
from digitlib.dashboard.configuration import UNPROTECTED, is_unprotected
from digitlib.dashboard.memory import Memory, Returned
from digitlib.dashboard.model_card import ModelCard
from digitlib.dashboard.pad import PACE, Pad
from digitlib.dashboard.parts import Changes, Column, Html, box, button, mark, set_pressable
from digitlib.dashboard.photo import Photo
from digitlib.dashboard.replay import Replay
from digitlib.dashboard.status import State
from digitlib.dashboard.submission import Submission
from digitlib.dashboard.tasks import run_in_background
from digitlib.recogniser import LoadedModel, Prediction
from digitlib.store import StoreError
from digitlib.strokes import Strokes

logger = logging.getLogger(__name__)
STYLES = [
    Path(__file__).with_name(f"{name}.css") for name in ("dashboard", "narrow", "inside", "photo")
]


def dashboard() -> DisplayObject | ipw.Widget:
    """The page, or a sentence on how to start it where the server lacks the login and limits."""
    if is_unprotected():
        settings.configure_logging(to_server=True)
        logger.error(UNPROTECTED)
        return HTML(f"<p>{escape(UNPROTECTED)}</p>")
    return Dashboard()


class Dashboard(Column):
    """The whole page, one for each visitor."""

    def __init__(self) -> None:
        settings.configure_logging(to_server=True)
        self.model = LoadedModel.latest()
        self._make_parts()
        self._link_parts()
        super().__init__(self._layout())
        self.add_class("digit-page")
        self._changes = Changes(self)

    def _make_parts(self) -> None:
        self.pad, self.guess, self.bars = Pad(), panels.Guess(), panels.Bars()
        self.replay = Replay(self.pad)
        self.labels, self.collected = panels.Labels(), panels.Collected()
        self.submission = Submission(self.pad, self.labels, self.model)
        self.photo = Photo(self.submission)
        self.submit_button, self.status = self.submission.button, self.submission.status
        self.memory = Memory(self.submission.session)
        self.activations, self.model_card = Activations(), ModelCard()
        self.undo_button = button("Undo", "digit-undo", "Take the last stroke back")
        self.clear_button = button("Clear", "digit-clear", "Empty the pad")
        self.hello_button = button("", "digit-hello", "")  # hidden: the page presses it
        self._prediction = Prediction()
        self.activations.show(self.model.recogniser, self._prediction)
        self.model_card.show(self.model.recogniser)

    def _link_parts(self) -> None:
        self.pad.observe(lambda change: self._on_strokes(change.new), "strokes")
        self.pad.observe(lambda _change: self._keep_drawing(), ["strokes", "is_drawing"])
        self.pad.observe(lambda _change: self._on_ready(), "ready")
        self.submission.number.observe(lambda _change: self._show_digit(), "selected")
        self.replay.observe(lambda change: self._on_replay(change.new), "shown")
        self.replay.observe(lambda _change: self._keep_drawing(), "completed")
        self.submission.observe(self._on_submission, "last")
        self.photo.observe(lambda change: self._on_photo(change.new), "is_open")
        self.photo.observe(lambda _change: run_in_background(self._count()), "saved")
        self.memory.observe(lambda change: self._on_returned(change.new), "returned")
        self.status.observe(lambda change: self._on_state(change.new), "state")
        self.undo_button.on_click(lambda _button: self.pad.undo())
        self.clear_button.on_click(lambda _button: self._clear())
        self.hello_button.on_click(lambda _button: self._on_hello())

    def _layout(self) -> list[ipw.Widget]:
        style = Html(f"<style>{''.join(path.read_text() for path in STYLES)}</style>")
        players = [self.replay.try_button, self.replay.button]
        tools = box("digit-tools", self.undo_button, self.clear_button, *players)
        question = Html("<h2>Which digit is it?</h2>")
        downloads = box("digit-downloads", Html(panels.DOWNLOADS))
        notice = Html(panels.NOTICE)
        submit = [self.submission.number, self.labels, self.submission, downloads, notice]
        return [
            style,
            box("digit-title", Html(panels.TITLE)),
            self.photo,
            box("digit-draw", Column([self.pad, self.replay]), tools),
            box("digit-answer", self.guess, question, *submit),
            box("digit-sure", Html("<h2>How likely each is</h2>"), self.bars),
            self.photo.open_button,
            self.activations,
            self.collected,
            self.model_card,
            self.hello_button,
            self.memory,
        ]

    def _on_hello(self) -> None:
        """Send once more what has changed, now that the page has loaded.

        The browser drops messages for widgets with modules that are not loaded yet, and the
        canvas, which announces the visitor, can be ready before the others.
        """
        self._changes.send()
        self.pad.show()
        self.hello_button.add_class("is-answered")

    def _on_ready(self) -> None:
        """A visitor has connected, perhaps long after the kernel started: load the latest model."""
        self.model = self.submission.model = LoadedModel.latest(self.model)
        self.model_card.show(self.model.recogniser)
        self._show(*self._read(self.pad.strokes))
        run_in_background(self._count())

    def _on_strokes(self, strokes: tuple[Any, ...]) -> None:
        """Predict the changed drawing; slow the pad's updates down to what that takes."""
        begun = time.perf_counter()
        prediction, number = self._read(strokes)
        self._show(prediction, number)
        if not strokes:
            self.labels.forget()
        self.submission.on_strokes(strokes, prediction, number)
        self.submission.example = self.replay.example
        if strokes and self.replay.example:
            self.status.say(State.IDLE, f"An example, drawn by no person: {self.replay.example}.")
        self.pad.pace = max(PACE, 1.6 * (time.perf_counter() - begun))

    def _read(self, strokes: Any) -> tuple[Prediction, list[Prediction]]:
        """What is read as one digit, and as a number where that is no digit."""
        prediction = self.model.read(strokes)
        return prediction, self.model.read_number(prediction)

    def _keep_drawing(self) -> None:
        if not (self.pad.is_drawing or self.replay.is_playing):
            self.memory.keep_drawing(self.pad.strokes)

    def _on_state(self, state: State) -> None:
        """What is submitted is what is on the pad now: an example is drawn no further."""
        if state in (State.SAVING, State.ASKING):
            self.replay.leave()
        self._show_tools()

    def _clear(self) -> None:
        """End a replay; else clear the pad."""
        if not self.replay.leave():
            self.pad.clear()

    def _on_replay(self, shown: Strokes | None) -> None:
        """Show what is read of the part of the drawing that a replay shows; the label stays."""
        strokes = self.pad.strokes if shown is None else shown
        self._show_prediction(*self._read(strokes))

    def _on_photo(self, is_open: bool) -> None:
        """The photo takes the place of the pad, and gives it back."""
        mark(self, "has-photo", is_open)

    def _on_submission(self, change: Any) -> None:
        """A sketch was stored, or taken back."""
        self.memory.keep(given=self.submission.given, read=self.submission.read)
        if change.new is None:
            for part in change.old.parts:
                self.memory.withdraw_sketch(str(part.id))
        else:
            for part in change.new.parts:
                self.memory.keep_sketch(str(part.id), part.label, part.strokes)
        run_in_background(self._count())

    def _on_returned(self, kept: Returned) -> None:
        """The tab had a page before: go on where it was."""
        self.submission.given += kept.given
        self.submission.read += min(kept.given, kept.read)
        if kept.strokes and not self.pad.strokes:
            self.pad.put([[(float(x), float(y)) for x, y in stroke] for stroke in kept.strokes])

    def _show(self, prediction: Prediction, number: list[Prediction]) -> None:
        self._show_prediction(prediction, number)
        self.labels.suggestion = prediction.digit
        self.labels.likely = [] if number else prediction.candidates
        self._show_tools()

    def _show_prediction(self, prediction: Prediction, number: list[Prediction]) -> None:
        self.guess.number, self._prediction = number, prediction
        self.guess.prediction = prediction
        self._show_digit()

    def _show_digit(self) -> None:
        """Show the bars and the inside of the digit; of a number, of the one that is selected."""
        digit, number = self._prediction, self.guess.number
        if number:
            digit = number[min(self.submission.number.selected, len(number) - 1)]
        self.bars.prediction = digit
        self.activations.show(self.model.recogniser, digit)

    def _show_tools(self) -> None:
        set_pressable(self.undo_button, self.pad.can_undo)
        set_pressable(self.clear_button, bool(self.pad.strokes))
        set_pressable(self.replay.button, bool(self.pad.strokes))

    async def _count(self) -> None:
        try:
            self.collected.tally = await asyncio.to_thread(self.submission.store.tally)
        except StoreError as error:
            logger.warning("The sketches could not be counted: %s", error)
            if self.status.state is State.IDLE:
                self.status.say(State.FAILED, str(error))
        except Exception:
            logger.exception("The sketches could not be counted.")
