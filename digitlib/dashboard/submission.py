"""A submission: its button, the question about a contradicted label, its outcome, its recall."""

import asyncio
import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4, uuid5

import traitlets
from uuid_utils.compat import uuid7

from digitlib.dashboard.given import Given, Part
from digitlib.dashboard.number import Number
from digitlib.dashboard.pad import MOST_POINTS, Pad
from digitlib.dashboard.panels import Labels
from digitlib.dashboard.parts import Column, box, button, set_pressable, set_shown
from digitlib.dashboard.quota import Quota
from digitlib.dashboard.status import State, Status
from digitlib.dashboard.tasks import run_in_background, running_loop
from digitlib.dashboard.wording import thanks
from digitlib.recogniser import LoadedModel, Prediction
from digitlib.store import Store, StoreError

logger = logging.getLogger(__name__)
Strokes = tuple[Any, ...]
_LOCK_TIMEOUT = 30.0  # seconds: of fifty simultaneous submissions, the last waits for the others
_READING_TIME = 0.7  # seconds before a question can be answered: a double click must not
_PAD_IS_FULL = (
    f"The sketch has {MOST_POINTS:,} points, the most that are accepted. Submit it or clear it."
)


class Submission(Column):
    """Submits what is on the pad, once its label is clear.

    The page sets `model` and, with each change of the drawing, `prediction`. `last` is the latest
    sketch that was stored, None once it is taken back.
    """

    last = traitlets.Any(None)

    def __init__(self, pad: Pad, labels: Labels, model: LoadedModel) -> None:
        self.pad, self.labels, self.model = pad, labels, model
        self.prediction, self.number = Prediction(), Number(labels)
        self.example = ""  # how the example on the pad is written; empty for a visitor's drawing
        self.session, self.draft, self.quota = uuid4().hex, uuid7(), Quota()
        self.given = self.read = 0  # sketches of this visitor, and how many of them were read
        self._confirmed: tuple[UUID, int] | None = None  # a sketch, and the label it keeps
        self._unsaved: dict[Strokes, UUID] = {}  # sketches that failed, which undo restores
        self._timer: asyncio.TimerHandle | None = None  # until a question can be answered
        self._make_parts()
        outcome = box("digit-outcome-line", self.status, self.recall_button)
        lines = box("digit-outcome-lines", outcome, self.question)
        super().__init__([self.button, box("digit-outcome", lines)])  # view.js keeps it in view
        self.add_class("digit-submission")
        self._show()

    @cached_property
    def store(self) -> Store:
        """The submissions' store, opened when a visitor first needs it."""
        return Store(lock_timeout=_LOCK_TIMEOUT)

    def _make_parts(self) -> None:
        self.status = Status()
        self.button = button("Submit", "digit-submit", "Keep this sketch")
        self.change_button = button("", "digit-change", "The label is wrong: change it and submit")
        self.keep_button = button("", "digit-keep", "The label is right: submit the sketch with it")
        self.question = box("digit-question", self.change_button, self.keep_button)
        self.recall_button = button("", "digit-take-back", "Delete what you submitted last")
        self.button.on_click(lambda _button: self.submit())
        self.change_button.on_click(lambda _button: self._answer(self.prediction.digit))
        self.keep_button.on_click(lambda _button: self._answer(self.labels.label))
        self.recall_button.on_click(lambda _button: self._recall())
        self.labels.observe(lambda _change: self._on_label(), "label")
        self.number.observe(lambda _change: self._show(), "labels")
        self.status.observe(lambda _change: self._show(), "state")

    def on_strokes(
        self, strokes: Strokes, prediction: Prediction, number: Sequence[Prediction]
    ) -> None:
        """The drawing has changed: it is another sketch, and the status is about the one before."""
        self.prediction = prediction
        self.draft = self._unsaved.get(strokes) or uuid7()
        self.number.show(number)
        if self.status.state is not State.SAVING:
            full = self.pad.is_full
            self.status.say(State.FAILED if full else State.IDLE, _PAD_IS_FULL if full else "")
        self._show()

    def _on_label(self) -> None:
        if self.status.state is State.ASKING:  # the visitor chose another digit
            self.status.say(State.IDLE)
        self._show()

    def _show(self) -> None:
        """Show the buttons that have something to do, and what they do."""
        state, last = self.status.state, self.last
        drawn = Given(self._parts(), self.pad.strokes)
        self.button.description = f"Submit as {drawn.text}" if drawn.parts else "Submit"
        is_ready = bool(drawn.strokes and drawn.parts)
        set_pressable(self.button, is_ready and state is not State.SAVING)
        set_shown(self.button, state is not State.ASKING)
        set_shown(self.question, state is State.ASKING)
        can_recall = last is not None and not self.pad.strokes and state is not State.SAVING
        self.recall_button.description = f"Take back your {last.text}" if last else ""
        set_shown(self.recall_button, can_recall)

    def _parts(self) -> list[Part]:
        """What can be submitted now; nothing where a label is missing."""
        if self.number.digits:
            found = zip(self.number.digits, self.number.labels, strict=True)
            return [
                Part(uuid5(self.draft, str(place)), digit.strokes, label, digit)
                for place, (digit, label) in enumerate(found)
                if self.number.is_labelled
            ]
        label = self.labels.label
        if label is None:
            return []
        return [Part(self.draft, self.pad.strokes, label, self.prediction)]

    def submit(self) -> None:
        """Submit the sketch; ignored while one is being saved or a question is open."""
        if self.status.state in (State.SAVING, State.ASKING):
            return
        given, label = Given(self._parts(), self.pad.strokes), self.labels.label
        if not self.pad.strokes:
            if self.status.state is not State.SAVED:  # else a second tap
                text = "There is nothing to submit yet: draw a digit first."
                self.status.say(State.FAILED, text)
        elif not given.parts:
            self.status.say(State.FAILED, "Tap the digit you meant, then submit.")
        elif label is not None and self._is_doubtful(label):
            self._ask(label)
        elif (refusal := self.quota.refusal(self.pad.strokes)) is not None:
            self.status.say(State.FAILED, refusal)
        else:
            for part in given.parts:
                self.quota.count(part.strokes)
            self.status.say(State.SAVING, "Saving …")
            save = self._save_example if self.example else self._save
            run_in_background(save(given, self.draft))

    def _is_doubtful(self, label: int) -> bool:
        """Whether to ask before this label is kept: once for a sketch and a label."""
        return self._confirmed != (self.draft, label) and self.prediction.contradicts(label)

    def _ask(self, label: int) -> None:
        """Ask whether the label is meant; the answers can be pressed once they can be read."""
        digit = self.prediction.digit
        self.change_button.description = f"Change to {digit}"
        self.keep_button.description = f"Keep {label}"
        self._set_answerable(False)
        self.status.say(State.ASKING, f"Did you mean {digit}? Your label is {label}.")
        if self._timer is not None:
            self._timer.cancel()
        if (loop := running_loop()) is None:
            self._set_answerable(True)
        else:
            self._timer = loop.call_later(_READING_TIME, self._set_answerable, True)

    def _set_answerable(self, is_answerable: bool) -> None:
        for answer in self.question.children:
            answer.disabled = not is_answerable

    def _answer(self, label: int | None) -> None:
        """Submit the sketch with the label that the visitor was asked about."""
        if self.status.state is not State.ASKING or self.change_button.disabled or label is None:
            return
        self._confirmed = (self.draft, label)
        self.status.say(State.IDLE)
        self.labels.choose(label)
        self.submit()

    def _store(self, given: Given) -> None:
        """Store all of a drawing; again under the same ids where that failed before."""
        for part in given.parts:
            self.store.submit(
                strokes=part.strokes,
                label=part.label,
                recogniser=self.model.recogniser,
                session=self.session,
                id=part.id,
                prediction=part.prediction,
            )

    async def _save_example(self, given: Given, _draft: UUID) -> None:
        """Store how an example was labelled, rejected at once: nobody's hand drew it."""
        try:
            await asyncio.to_thread(self._store, given)
            for part in given.parts:
                await asyncio.to_thread(self.store.review, part.id, "rejected")
        except Exception as error:
            self._failed(error, "Not saved", "The example is still here.")
            return
        self.pad.forget(given.strokes)
        text = f"Saved as {given.text}, as an example: no model learns from it."
        self.status.say(State.SAVED, text)

    async def _save(self, given: Given, draft: UUID) -> None:
        try:
            await asyncio.to_thread(self._store, given)
        except Exception as error:
            self._failed(error, "Not saved", self._keep_unsaved(given, draft))
            return
        self._unsaved.pop(given.strokes, None)
        self.pad.forget(given.strokes)
        self.given, self.read = self.given + len(given.parts), self.read + given.read
        self.last = given
        self.status.say(State.SAVED, f"Saved as {given.text}. {thanks(self.given, self.read)}")

    def _keep_unsaved(self, given: Given, draft: UUID) -> str:
        """Keep a sketch that could not be saved for undo; returns where it is now."""
        self._unsaved[given.strokes] = draft
        if self.pad.strokes == given.strokes:
            return "Your sketch is still here."
        self.pad.keep(given.strokes)
        return f"Your {given.text} is still here: Undo brings it back when the pad is empty."

    def _recall(self) -> None:
        """Delete the latest submission, and put it back on the pad."""
        if self.last is not None and self.status.state is not State.SAVING:
            self.status.say(State.SAVING, f"Taking your {self.last.text} back …")
            run_in_background(self._take_back(self.last))

    async def _take_back(self, last: Given) -> None:
        try:
            for part in last.parts:
                undone = await asyncio.to_thread(self.store.undo, self.session, part.id)
        except Exception as error:
            self._failed(error, "Not taken back", "Your sketch is still saved.")
            return
        self.given, self.read = self.given - len(last.parts), self.read - last.read
        self.last = None
        if undone and not self.pad.strokes:
            self.pad.put(last.strokes)
        self.status.say(State.IDLE, "Taken back: it is no longer saved.")

    def _failed(self, error: Exception, outcome: str, advice: str) -> None:
        """Show the visitor what went wrong, and log it in full."""
        known = isinstance(error, StoreError | ValueError)
        logger.error("%s: %s", outcome, error, exc_info=error)
        reason = str(error) if known else "something unexpected went wrong. Try again."
        self.status.say(State.FAILED, f"{outcome}: {reason} {advice}")
