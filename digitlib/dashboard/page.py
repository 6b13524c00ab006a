"""The dashboard page: draw a digit, see the prediction, label the sketch and submit it."""

import asyncio
import logging
import math
import time
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import ipywidgets as ipw
from IPython.display import HTML, DisplayObject
from uuid_utils.compat import uuid7

from digitlib import settings
from digitlib.dashboard import panels
from digitlib.dashboard.activations import Activations
from digitlib.dashboard.configuration import UNPROTECTED, is_unprotected
from digitlib.dashboard.model_card import ModelCard
from digitlib.dashboard.pad import MOST_POINTS, PACE, Pad
from digitlib.dashboard.panels import State, box, button, descendants
from digitlib.dashboard.quota import Quota
from digitlib.dashboard.tasks import run_in_background
from digitlib.recogniser import LoadedModel, Prediction
from digitlib.store import Store, StoreError

logger = logging.getLogger(__name__)
Sketch = tuple[UUID, tuple[Any, ...]]  # its id and its strokes
STYLES = [Path(__file__).with_name(name) for name in ("dashboard.css", "inside.css")]
_UNDO_PAUSE = 1.0  # seconds after undoing a stroke in which undo does not take back a submission
_LOCK_TIMEOUT = 30.0  # seconds: of fifty simultaneous submissions, the last waits for the others
_PAD_IS_FULL = (
    f"The sketch has {MOST_POINTS:,} points, the most that are accepted. Submit it or clear it."
)


def dashboard() -> DisplayObject | ipw.Widget:
    """The page, or a sentence on how to start it where the server lacks the login and limits."""
    if is_unprotected():
        settings.configure_logging(to_server=True)
        logger.error(UNPROTECTED)
        return HTML(f"<p>{escape(UNPROTECTED)}</p>")
    return Dashboard()


class Dashboard(ipw.VBox):
    """The whole page, one for each visitor."""

    def __init__(self) -> None:
        settings.configure_logging(to_server=True)
        self.model = LoadedModel.latest()
        self.session, self.draft = uuid4().hex, uuid7()
        self.quota = Quota()
        self._questioned: tuple[UUID, int] | None = None  # a sketch, and the label in question
        self._last: Sketch | None = None  # the latest submission, for "Take back"
        self._cleared: tuple[Any, ...] = ()  # restored by undo
        self._unsaved: list[Sketch] = []  # failed submissions, restored by undo, latest last
        self._undone = -math.inf  # time of the latest undo of a stroke
        self._make_parts()
        self._link_parts()
        super().__init__(self._layout())
        self.add_class("digit-page")

    @cached_property
    def store(self) -> Store:
        """The submissions' store, opened when a visitor first needs it."""
        return Store(lock_timeout=_LOCK_TIMEOUT)

    def _make_parts(self) -> None:
        self.pad, self.guess, self.bars = Pad(), panels.Guess(), panels.Bars()
        self.labels, self.status = panels.Labels(), panels.Status()
        self.collected, self.activations = panels.Collected(), Activations()
        self.model_card = ModelCard()
        self.undo_button = button("Undo", "digit-undo", "Take the last stroke back")
        self.clear_button = button("Clear", "digit-clear", "Empty the pad")
        self.submit_button = button("Submit", "digit-submit", "Keep this sketch")
        self.hello_button = button("", "digit-hello", "")  # hidden: the page presses it
        self.activations.show(self.model.recogniser, Prediction())
        self.model_card.show(self.model.recogniser)

    def _link_parts(self) -> None:
        self.pad.observe(lambda change: self._on_strokes(change.new), "strokes")
        self.pad.observe(lambda _change: self._on_ready(), "ready")
        self.labels.observe(self._on_label, "label")
        self.undo_button.on_click(lambda _button: self._undo())
        self.clear_button.on_click(lambda _button: self._clear())
        self.submit_button.on_click(lambda _button: self._submit())
        self.hello_button.on_click(lambda _button: self._on_hello())

    def _layout(self) -> list[ipw.Widget]:
        style = ipw.HTML(f"<style>{''.join(path.read_text() for path in STYLES)}</style>")
        tools = box("digit-tools", self.undo_button, self.clear_button)
        question = ipw.HTML("<h2>Which digit is it?</h2>")
        outcome = box("digit-outcome", self.status)  # page.js keeps it in view
        submit = [self.labels, self.submit_button, outcome, ipw.HTML(panels.NOTICE)]
        return [
            style,
            box("digit-title", ipw.HTML(panels.TITLE)),
            box("digit-draw", self.pad, tools),
            box("digit-answer", self.guess, question, *submit),
            box("digit-sure", ipw.HTML("<h2>How likely each digit is</h2>"), self.bars),
            self.activations,
            self.collected,
            self.model_card,
            self.hello_button,
        ]

    def _on_hello(self) -> None:
        """Send all states again once the page has loaded.

        The browser drops messages for widgets with modules that are not loaded yet, and the
        canvas, which announces the visitor, can be ready before the others.
        """
        for widget in descendants(self):
            widget.send_state()
        self.pad.show()
        self.hello_button.add_class("is-answered")

    def _on_ready(self) -> None:
        """A visitor has connected, perhaps long after the kernel started: load the latest model."""
        self.model = LoadedModel.latest(self.model)
        self.model_card.show(self.model.recogniser)
        self._predict(self.pad.strokes)
        run_in_background(self._count())

    def _on_strokes(self, strokes: tuple[Any, ...]) -> None:
        """The drawing has changed: clear the status and predict again."""
        if strokes:
            self._cleared = ()
        if self.status.state is not State.SAVING:
            full = self.pad.is_full
            self.status.say(State.FAILED if full else State.IDLE, _PAD_IS_FULL if full else "")
        self.draft = uuid7()  # a changed drawing is another sketch
        self._predict(strokes)

    def _predict(self, strokes: tuple[Any, ...]) -> None:
        """Predict and show the digit; slow the pad's updates down to what that takes."""
        begun = time.perf_counter()
        prediction = self.model.read(strokes)
        self.guess.prediction = self.bars.prediction = prediction
        self.labels.suggestion = prediction.digit
        if not strokes:
            self.labels.forget()
        self.activations.show(self.model.recogniser, prediction)
        self._name_undo()
        self.pad.pace = max(PACE, 1.6 * (time.perf_counter() - begun))

    def _on_label(self, change: Any) -> None:
        self.submit_button.description = (
            "Submit" if change.new is None else f"Submit as {change.new}"
        )
        if self.status.state is State.ASKING:  # the visitor chose another digit
            self.status.say(State.IDLE, "")

    def _name_undo(self) -> None:
        drawn = self.pad.strokes or self._cleared or self._unsaved
        takes_back = not drawn and self._last is not None
        self.undo_button.description = "Take back" if takes_back else "Undo"

    def _clear(self) -> None:
        """Clear the pad; undo restores the drawing."""
        self._cleared = self.pad.strokes or self._cleared
        self.pad.clear()
        self._name_undo()

    def _undo(self) -> None:
        """Undo the last stroke; on an empty pad, the last clear or the last submission."""
        if self.pad.strokes:
            self._undone = time.monotonic()
            self.pad.undo()
        elif self._cleared:
            self.pad.put(self._cleared)
        elif self._unsaved:
            id, strokes = self._unsaved.pop()
            self.pad.put(strokes)
            self.draft = id
        elif time.monotonic() - self._undone < _UNDO_PAUSE:
            return
        elif self._last is not None and self.status.state is not State.SAVING:
            self.status.say(State.SAVING, "Taking your last sketch back …")
            run_in_background(self._take_back(self._last))

    def _submit(self) -> None:
        """Submit the sketch; ignored while a submission is being saved."""
        if self.status.state is State.SAVING:
            return
        if not self.pad.strokes:
            if self.status.state is State.SAVED:
                return  # a second tap
            self.status.say(State.FAILED, "There is nothing to submit yet: draw a digit first.")
        elif self.labels.label is None:
            self.status.say(State.FAILED, "Tap the digit you meant, then submit.")
        elif self._questions(self.labels.label):
            digit, label = self.guess.prediction.digit, self.labels.label
            self.status.say(
                State.ASKING,
                f"Did you mean {digit}? Then tap {digit}. Or submit again to save it as {label}.",
            )
        elif (refusal := self.quota.refusal(self.pad.strokes)) is not None:
            self.status.say(State.FAILED, refusal)
        else:
            self.quota.count(self.pad.strokes)
            self.status.say(State.SAVING, "Saving …")
            label, prediction = self.labels.label, self.guess.prediction
            run_in_background(self._save(self.draft, self.pad.strokes, label, prediction))

    def _questions(self, label: int) -> bool:
        """Whether the model confidently contradicts a label that was not questioned yet."""
        previous, self._questioned = self._questioned, (self.draft, label)
        return self._questioned != previous and self.guess.prediction.contradicts(label)

    async def _save(
        self, id: UUID, strokes: tuple[Any, ...], label: int, prediction: Prediction
    ) -> None:
        try:
            await asyncio.to_thread(
                self.store.submit,
                strokes=strokes,
                label=label,
                recogniser=self.model.recogniser,
                session=self.session,
                id=id,
                prediction=prediction,
            )
        except Exception as error:
            self._failed(error, "Not saved", self._keep_unsaved(id, strokes, label))
            return
        self._last, self._undone = (id, strokes), -math.inf
        self._cleared = () if self._cleared == strokes else self._cleared
        if self.pad.strokes == strokes:  # else the next drawing has begun
            self.pad.clear()
        self.status.say(State.SAVED, f"Saved as {label}. Thank you! Draw another one.")
        self._name_undo()
        await self._count()

    def _keep_unsaved(self, id: UUID, strokes: tuple[Any, ...], label: int) -> str:
        """Keep a sketch that could not be saved for undo; returns where it is now."""
        if self.pad.strokes == strokes:
            return "Your sketch is still here."
        self._unsaved.append((id, strokes))
        self._cleared = () if self._cleared == strokes else self._cleared
        self._name_undo()
        return f"Your {label} is still here: Undo brings it back when the pad is empty."

    async def _take_back(self, last: Sketch) -> None:
        try:
            undone = await asyncio.to_thread(self.store.undo, self.session, last[0])
        except Exception as error:
            self._failed(error, "Not taken back", "Your sketch is still saved.")
            return
        self._last = None
        if undone == last[0] and not self.pad.strokes:
            self.pad.put(last[1])
        self.status.say(State.IDLE, "Taken back: it is no longer saved.")
        self._name_undo()
        await self._count()

    async def _count(self) -> None:
        try:
            self.collected.tally = await asyncio.to_thread(self.store.tally)
        except StoreError as error:
            logger.warning("The sketches could not be counted: %s", error)
            if self.status.state is State.IDLE:
                self.status.say(State.FAILED, str(error))
        except Exception:
            logger.exception("The sketches could not be counted.")

    def _failed(self, error: Exception, outcome: str, advice: str) -> None:
        """Show the visitor what went wrong, and log it in full."""
        known = isinstance(error, StoreError | ValueError)
        logger.error("%s: %s", outcome, error, exc_info=error)
        reason = str(error) if known else "something unexpected went wrong. Try again."
        self.status.say(State.FAILED, f"{outcome}: {reason} {advice}")
