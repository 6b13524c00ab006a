"""The page: draw a digit, see it read, say what it is, and it is kept."""

import asyncio
import logging
import math
import time
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import ipywidgets as ipw
from uuid_utils.compat import uuid7

from digitlib import settings
from digitlib.dashboard import panels
from digitlib.dashboard.activations import Activations
from digitlib.dashboard.model_card import ModelCard
from digitlib.dashboard.pad import PACE, Pad
from digitlib.dashboard.panels import State, all_in, box, button
from digitlib.dashboard.tasks import run_in_background
from digitlib.recogniser import LoadedModel, Prediction
from digitlib.store import Store, StoreError

logger = logging.getLogger(__name__)
STYLE = Path(__file__).with_name("dashboard.css")
_HASTE = 1.0  # seconds in which one more undo is a press too many, not meant for the submission
_LOCK_TIMEOUT = 30.0  # seconds: with fifty visitors submitting at once, the last one waits


class Dashboard(ipw.VBox):
    """The whole page; one for each visitor."""

    def __init__(self) -> None:
        settings.configure_logging(to_server=True)
        self.model = LoadedModel.latest()
        self.session, self.draft = uuid4().hex, uuid7()
        self._asked: tuple[UUID, int] | None = None  # about which sketch and label
        self._last: tuple[UUID, tuple[Any, ...]] | None = None  # what taking back would bring back
        self._cleared: tuple[Any, ...] = ()  # what undo would bring back
        self._unsaved: list[tuple[UUID, tuple[Any, ...]]] = []  # and then these, the latest last
        self._undone = -math.inf  # when a stroke was last undone
        self._make_parts()
        self._link_parts()
        super().__init__(self._laid_out())
        self.add_class("digit-page")

    @cached_property
    def store(self) -> Store:
        """Where the sketches are kept; first asked for when somebody is there."""
        return Store(lock_timeout=_LOCK_TIMEOUT)

    def _make_parts(self) -> None:
        self.pad, self.guess, self.bars = Pad(), panels.Guess(), panels.Bars()
        self.labels, self.status = panels.Labels(), panels.Status()
        self.collected, self.inside, self.footer = panels.Collected(), Activations(), ModelCard()
        self.undo_button = button("Undo", "digit-undo", "Take the last stroke back")
        self.clear_button = button("Clear", "digit-clear", "Empty the pad")
        self.submit_button = button("Submit", "digit-submit", "Keep this sketch")
        self.hello_button = button("", "digit-hello", "")  # unseen; the page's script presses it
        self.inside.look(self.model.recogniser, Prediction())
        self.footer.show(self.model.recogniser)

    def _link_parts(self) -> None:
        self.pad.observe(lambda change: self._drawn(change.new), "strokes")
        self.pad.observe(lambda _change: self._welcome(), "ready")
        self.labels.observe(self._name_submission, "label")
        self.undo_button.on_click(lambda _button: self._undo())
        self.clear_button.on_click(lambda _button: self._clear())
        self.submit_button.on_click(lambda _button: self._submit())
        self.hello_button.on_click(lambda _button: self._greet())

    def _laid_out(self) -> list[ipw.Widget]:
        style = ipw.HTML(f"<style>{STYLE.read_text()}</style>")
        tools = box("digit-tools", self.undo_button, self.clear_button)
        question = ipw.HTML("<h2>Which digit is it?</h2>")
        submit = [self.labels, self.submit_button, self.status, ipw.HTML(panels.NOTICE)]
        return [
            style,
            box("digit-title", ipw.HTML(panels.TITLE)),
            box("digit-draw", self.pad, tools),
            box("digit-answer", self.guess, question, *submit),
            box("digit-sure", ipw.HTML("<h2>How likely each digit is</h2>"), self.bars),
            self.inside,
            self.collected,
            self.footer,
            self.hello_button,
        ]

    def _greet(self) -> None:
        """The page has loaded. What was sent meanwhile it may have dropped: send it again.

        A widget's browser half ignores messages until its own module is there, and the canvas's,
        which announces the visitor, can be there before the others'.
        """
        for widget in all_in(self):
            widget.send_state()
        self.pad.show()
        self.hello_button.add_class("is-answered")

    def _welcome(self) -> None:
        """A visitor has come, perhaps long after the page was made: the latest model and counts."""
        self.model = LoadedModel.latest(self.model)
        self.footer.show(self.model.recogniser)
        self._read(self.pad.strokes)
        run_in_background(self._count())

    def _drawn(self, strokes: tuple[Any, ...]) -> None:
        """The pad has changed: what the status line says is of what was there before."""
        if strokes:
            self._cleared = ()
        if self.status.state is not State.SAVING:
            self.status.say(State.IDLE, "")
        self.draft = uuid7()  # what is submitted from now on is another sketch
        self._read(strokes)

    def _read(self, strokes: tuple[Any, ...]) -> None:
        """Show what the model makes of the strokes, and let the pad keep pace with that."""
        begun = time.perf_counter()
        reading = self.model.read(strokes)
        self.guess.reading = self.bars.reading = reading
        self.labels.suggestion = reading.digit
        if not strokes:
            self.labels.forget()
        self.inside.look(self.model.recogniser, reading)
        self._name_tools()
        self.pad.pace = max(PACE, 1.6 * (time.perf_counter() - begun))

    def _name_submission(self, change: Any) -> None:
        self.submit_button.description = (
            "Submit" if change.new is None else f"Submit as {change.new}"
        )
        if self.status.state is State.ASKING:  # another digit was the answer
            self.status.say(State.IDLE, "")

    def _name_tools(self) -> None:
        drawn = self.pad.strokes or self._cleared or self._unsaved
        takes_back = not drawn and self._last is not None
        self.undo_button.description = "Take back" if takes_back else "Undo"

    def _clear(self) -> None:
        """Empty the pad; undo brings back what was there."""
        self._cleared = self.pad.strokes or self._cleared
        self.pad.clear()
        self._name_tools()

    def _undo(self) -> None:
        """Take the last stroke back; on an empty pad, what was cleared or the last submission."""
        if self.pad.strokes:
            self._undone = time.monotonic()
            self.pad.undo()
        elif self._cleared:
            self.pad.put(self._cleared)
        elif self._unsaved:
            id, strokes = self._unsaved.pop()
            self.pad.put(strokes)
            self.draft = id
        elif time.monotonic() - self._undone < _HASTE:
            return
        elif self._last is not None and self.status.state is not State.SAVING:
            self.status.say(State.SAVING, "Taking your last sketch back …")
            run_in_background(self._take_back(self._last))

    def _submit(self) -> None:
        """Keep the sketch; a second press while the first is under way does nothing."""
        if self.status.state is State.SAVING:
            return
        if not self.pad.strokes:
            if self.status.state is State.SAVED:
                return  # a tap too many
            self.status.say(State.FAILED, "There is nothing to submit yet: draw a digit first.")
        elif self.labels.label is None:
            self.status.say(State.FAILED, "Tap the digit that you meant, then submit.")
        elif self._asks_about(self.labels.label):
            digit, label = self.guess.reading.digit, self.labels.label
            self.status.say(
                State.ASKING,
                f"Did you mean {digit}? Then tap {digit}. Or submit again, to keep it as {label}.",
            )
        else:
            self.status.say(State.SAVING, "Saving …")
            save = self._save(self.draft, self.pad.strokes, self.labels.label, self.guess.reading)
            run_in_background(save)

    def _asks_about(self, label: int) -> bool:
        """Whether the model contradicts a label with confidence, and has not asked about it yet."""
        asked, self._asked = self._asked, (self.draft, label)
        return self._asked != asked and self.guess.reading.contradicts(label)

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
            self._failed(error, "Not saved", self._where_it_is(id, strokes, label))
            return
        self._last, self._undone = (id, strokes), -math.inf
        self._cleared = () if self._cleared == strokes else self._cleared
        if self.pad.strokes == strokes:  # else the next is on its way
            self.pad.clear()
        self.status.say(State.SAVED, f"Saved as {label}. Thank you! Draw another one.")
        self._name_tools()
        await self._count()

    def _where_it_is(self, id: UUID, strokes: tuple[Any, ...], label: int) -> str:
        """What to tell of a sketch that could not be saved, which may have left the pad by now."""
        if self.pad.strokes == strokes:
            return "Your sketch is still here."
        self._unsaved.append((id, strokes))
        self._cleared = () if self._cleared == strokes else self._cleared
        self._name_tools()
        return f"Your {label} is still here: Undo brings it back when the pad is empty."

    async def _take_back(self, last: tuple[UUID, tuple[Any, ...]]) -> None:
        try:
            undone = await asyncio.to_thread(self.store.undo, self.session, last[0])
        except Exception as error:
            self._failed(error, "Not taken back", "Your sketch is still kept.")
            return
        self._last = None
        if undone == last[0] and not self.pad.strokes:
            self.pad.put(last[1])
        self.status.say(State.IDLE, "Taken back: it is no longer kept.")
        self._name_tools()
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

    def _failed(self, error: Exception, what: str, comfort: str) -> None:
        """Say kindly what went wrong, and log it in full."""
        known = isinstance(error, StoreError | ValueError)
        logger.error("%s: %s", what, error, exc_info=error)
        reason = str(error) if known else "something unexpected went wrong. Try again."
        self.status.say(State.FAILED, f"{what}: {reason} {comfort}")
