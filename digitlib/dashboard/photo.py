"""The panel for a photo: the digits in a picture, each with what is read, to correct and submit."""

import asyncio
import logging
from uuid import UUID

import traitlets

from digitlib.dashboard.parts import Column, Html, Picture, box, button, set_pressable, set_shown
from digitlib.dashboard.photo_digit import FoundDigit, Reading, read_digits
from digitlib.dashboard.photo_input import PhotoInput
from digitlib.dashboard.photo_question import PhotoQuestion
from digitlib.dashboard.status import State, Status
from digitlib.dashboard.submission import Submission
from digitlib.dashboard.tasks import run_in_background
from digitlib.store import StoreError

logger = logging.getLogger(__name__)
_MOST_DIGITS = 120  # that are shown
_AS_STROKES = (range(30),)  # an image takes as much room as strokes of so many points
_INVITE = "Photograph or scan handwritten digits: dark ink on light paper, no letters."
_NOTICE = """<p>The picture is read on the server and not kept. Submitting stores the digits that
you confirmed, each as an image of 28 by 28 pixels with your label, the time, the model's prediction
and a random number for this visit.</p>"""


class Photo(Column):
    """Reads a picture and submits its digits; the page shows it while `is_open`.

    `saved` counts the digits that were stored, and those that were taken back.
    """

    is_open = traitlets.Bool(False)
    saved = traitlets.Int(0)

    def __init__(self, submission: Submission) -> None:
        self._submission = submission  # its model, store, session and quota are used
        self.found: list[FoundDigit] = []
        self._selected: FoundDigit | None = None
        self._is_made = False
        self._latest: list[UUID] = []  # what was stored last, to be taken back
        self.open_button = button(
            "Read a photo", "digit-photo-open", "Read the digits in a picture"
        )
        self.open_button.on_click(lambda _button: self._open())
        super().__init__()
        self.add_class("digit-photo")

    def _open(self) -> None:
        """Open the panel, which is put together when it is first needed: few visitors open it."""
        if not self._is_made:
            self._is_made = True
            self._make_parts()
            title = Html("<h2>Read a photo</h2>")
            heading = box("digit-photo-heading", title, self.input, self.close_button)
            outcome = box("digit-photo-outcome", self.status, self.recall_button)
            actions = box("digit-photo-actions", self.confirm_button, self.submit_button)
            side = box("digit-photo-side", outcome, self.question, actions, Html(_NOTICE))
            self.children = [heading, box("digit-photo-reading", self.picture, side)]
            self._show()
        self.is_open = True

    def _make_parts(self) -> None:
        self.close_button = button("Back to the pad", "digit-photo-clear", "Close the photo")
        self.input = PhotoInput(self.read)
        self.status = Status("digit-photo-status")
        self.picture = box("digit-photo-picture")
        self.question = PhotoQuestion(self.choose, self._drop)
        self.confirm_button = button("", "digit-photo-confirm", "What was read is right")
        self.submit_button = button("", "digit-photo-submit", "Keep the confirmed digits")
        self.recall_button = button("", "digit-photo-recall", "Delete what you submitted last")
        self.input.observe(lambda change: self._on_receiving(change.new), "is_receiving")
        self.close_button.on_click(lambda _button: setattr(self, "is_open", False))
        self.confirm_button.on_click(lambda _button: self.confirm_others())
        self.submit_button.on_click(lambda _button: self.submit())
        self.recall_button.on_click(lambda _button: self._recall())
        self.status.say(State.IDLE, _INVITE)

    @property
    def _is_busy(self) -> bool:
        return self.status.state is State.SAVING

    def read(self, content: bytes) -> None:
        """Read a picture's digits and show them; ignored while something is under way."""
        if self._is_busy:
            return
        self._forget()
        self.status.say(State.SAVING, "Reading …")
        self._show()
        run_in_background(self._read(content))

    def _on_receiving(self, is_receiving: bool) -> None:
        """The picture before goes when the next begins to arrive: nobody corrects it meanwhile."""
        if self._is_busy:
            return
        if is_receiving:
            self._forget()
        self.status.say(State.IDLE, "The picture is on its way …" if is_receiving else _INVITE)
        self._show()

    def _forget(self) -> None:
        self.found, self._selected, self._latest = [], None, []
        self.picture.children = ()

    async def _read(self, content: bytes) -> None:
        recogniser = self._submission.model.recogniser
        most_pixels = self.input.most_pixels
        try:
            read = await asyncio.to_thread(read_digits, content, recogniser, most_pixels)
        except ValueError as error:
            self.status.say(State.FAILED, str(error))
        except Exception:
            logger.exception("A picture could not be read.")
            self.status.say(State.FAILED, "The picture could not be read. Try another one.")
        else:
            self._put(content, read)
        self._show()

    def _put(self, content: bytes, read: list[Reading]) -> None:
        self.found = [FoundDigit(*reading) for reading in read[:_MOST_DIGITS]]
        for digit in self.found:
            digit.button.on_click(lambda _button, digit=digit: self.select(digit))
        boxes = [digit.button for digit in self.found]
        self.picture.children = (Picture(value=content), *boxes)
        if not read:
            text = "There is no digit to be seen. Photograph it closer, in better light."
            self.status.say(State.FAILED, text)
            return
        text = f"I read {_digits(len(read))}. Tap a wrong one to correct it."
        if len(read) > _MOST_DIGITS:
            text = f"I read {len(read):,} digits; the first {_MOST_DIGITS} are shown."
        self.status.say(State.IDLE, text)

    def select(self, digit: FoundDigit) -> None:
        """Ask what this digit is."""
        if not (digit.is_saved or self._is_busy):
            self._selected = None if digit is self._selected else digit
            self._show()

    def choose(self, label: int) -> None:
        """Label the selected digit, which confirms it."""
        if self._selected is not None and not self._is_busy:
            self._selected.label, self._selected.is_confirmed = label, True
            self._show()

    def _drop(self) -> None:
        """Take the selected box away: there is no digit."""
        if self._selected is not None and not self._is_busy:
            self.found.remove(self._selected)
            kept = [child for child in self.picture.children if child is not self._selected.button]
            self.picture.children, self._selected = tuple(kept), None
            self._show()

    def confirm_others(self) -> None:
        """Confirm every digit that the model is in no doubt about."""
        for digit in self.found:
            digit.is_confirmed = digit.label is not None
        self._show()

    def submit(self) -> None:
        """Store the confirmed digits, one submission each."""
        chosen = self._to_submit()
        if self._is_busy:
            return
        if not chosen:
            self.status.say(State.FAILED, "Confirm the digits first: tap one, then what it is.")
            return
        self._selected = None
        self.status.say(State.SAVING, "Saving …")
        self._show()
        run_in_background(self._save(chosen))

    async def _save(self, chosen: list[FoundDigit]) -> None:
        self._latest, problem, quota = [], "", self._submission.quota
        for digit in chosen:
            if refusal := quota.refusal(_AS_STROKES):
                problem = refusal
                break
            quota.count(_AS_STROKES)
            try:
                await asyncio.to_thread(self._store, digit)
            except Exception as error:
                logger.error("A digit of a photo was not saved.", exc_info=error)
                known = isinstance(error, StoreError | ValueError)
                problem = str(error) if known else "Something unexpected went wrong. Try again."
                break
            digit.is_saved = True
            self._latest.append(digit.id)
        done = len(self._latest)
        text = f"Saved {_digits(done)}. Thank you!"
        if problem:
            text = f"Saved {done} of {len(chosen)}: {problem} The others are still here."
        self.status.say(State.FAILED if problem else State.SAVED, text)
        self.saved += done
        self._show()

    def _store(self, digit: FoundDigit) -> None:
        self._submission.store.submit(
            image=digit.prediction.image,
            label=digit.label,  # type: ignore[arg-type]  # a confirmed one has one
            recogniser=self._submission.model.recogniser,
            session=self._submission.session,
            id=digit.id,
            prediction=digit.prediction,
        )

    def _recall(self) -> None:
        if not self._is_busy and self._latest:
            self.status.say(State.SAVING, "Taking them back …")
            run_in_background(self._take_back())

    async def _take_back(self) -> None:
        submission = self._submission
        try:
            while self._latest:
                await asyncio.to_thread(submission.store.undo, submission.session, self._latest[-1])
                id = self._latest.pop()
                for digit in self.found:
                    if digit.id == id:
                        digit.is_saved = False
                self.saved -= 1
            self.status.say(State.IDLE, "Taken back: they are no longer saved.")
        except Exception as error:
            logger.error("Digits of a photo were not taken back.", exc_info=error)
            self.status.say(State.FAILED, f"Not taken back: {error} The rest is still saved.")
        self._show()

    def _to_submit(self) -> list[FoundDigit]:
        return [digit for digit in self.found if digit.is_confirmed and not digit.is_saved]

    def _show(self) -> None:
        """Show what the visitor can do now."""
        for digit in self.found:
            digit.show(is_selected=digit is self._selected)
        chosen, open_ones = self._to_submit(), [d for d in self.found if not d.is_confirmed]
        others = [digit for digit in open_ones if digit.label is not None]
        self.submit_button.description = f"Submit {_digits(len(chosen))}" if chosen else "Submit"
        set_pressable(self.submit_button, bool(chosen) and not self._is_busy)
        self.confirm_button.description = "The others are right" if chosen else "All are right"
        set_shown(self.confirm_button, bool(others))
        set_shown(self.submit_button, any(not digit.is_saved for digit in self.found))
        set_shown(self.recall_button, bool(self._latest) and not self._is_busy)
        self.recall_button.description = "Take it back" if len(self._latest) == 1 else "Take back"
        set_shown(self.question, self._selected is not None)
        if self._selected is not None:
            self.question.show(self._selected)


def _digits(count: int) -> str:
    return "1 digit" if count == 1 else f"{count:,} digits"
