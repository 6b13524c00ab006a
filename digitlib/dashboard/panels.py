"""What stands around the pad: the guess, its bars, the labels, the status, the sketches so far.

Each is a widget whose traits are its interface; setting one redraws it. Every text that comes from
elsewhere, a card or an error, is escaped.
"""

from collections.abc import Iterator
from enum import Enum
from html import escape
from typing import Any

import ipywidgets as ipw
import numpy as np
import traitlets
from numpy.typing import NDArray

from digitlib.recogniser import Prediction
from digitlib.store import Tally
from digitlib.text import data_url

TITLE = """<h1>Sketch a digit</h1><p>A small network reads it while you draw. Tell it what you
meant, and the next one will read better.</p>"""
NOTICE = """<p>Submitting keeps your pen strokes, the digit you chose, the time, what the model
read and a random number for this visit, so that the model can learn from them. No name, no
address.</p>"""


def percent(share: float) -> str:
    """A share from 0 to 1 as people say it; never 100 % or 0 % when it isn't quite."""
    if 0.995 <= share < 1:
        return "over 99 %"
    return "under 1 %" if 0 < share <= 0.005 else f"{100 * share:.0f} %"


class Guess(ipw.HTML):
    """The digit in large and how sure the model is; in doubt the two likeliest, as a question."""

    reading = traitlets.Any(None)

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-guess")
        self.value = self._text(None)

    @traitlets.observe("reading")
    def _redraw(self, change: Any) -> None:
        self.value = self._text(change.new)

    def _text(self, reading: Prediction | None) -> str:
        if reading is None or reading.probabilities is None:
            return _guess("", "Draw a digit", "from 0 to 9, with mouse, finger or pen")
        if reading.is_dot:
            return _guess("", "Just a dot", "draw the digit larger")
        first, second = reading.ranking[:2]
        sure = percent(float(reading.probabilities[first]))
        if reading.digit is not None:
            return _guess(str(first), f"I read {_a(first)}", f"{sure} sure")
        also = percent(float(reading.probabilities[second]))
        if reading.probabilities[first] < 0.5:  # more likely not even that
            detail = f"if it is one: {_a(first)} ({sure}) or {_a(second)} ({also})"
            return _guess("?", "Is that a digit?", detail)
        title = f"Is it {_a(first)} or {_a(second)}?"
        return _guess("?", title, f"not sure: {sure} and {also}")


def _a(digit: int) -> str:
    """A digit with its article."""
    return f"an {digit}" if digit == 8 else f"a {digit}"


def _guess(digit: str, title: str, detail: str) -> str:
    empty = "" if digit else " is-empty"
    return (
        f'<div class="digit-guess-large{empty}" aria-hidden="true">{digit or "?"}</div>'
        f"<div><strong>{title}</strong><span>{detail}</span></div>"
    )


class Bars(ipw.HTML):
    """Ten bars, one a digit's probability."""

    reading = traitlets.Any(None)

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-bars")
        self._redraw(None)

    @traitlets.observe("reading")
    def _redraw(self, _change: Any) -> None:
        shares = None if self.reading is None else self.reading.probabilities
        shares = np.zeros(10) if shares is None else shares
        rows = "".join(
            _bar(digit, float(share), shares.max()) for digit, share in enumerate(shares)
        )
        self.value = f'<ol role="img" aria-label="{_spoken(shares)}">{rows}</ol>'


def _bar(digit: int, share: float, most: float) -> str:
    number = "" if share <= 0.005 else f"{100 * share:.0f}" if share < 0.995 else ">99"
    best = ' class="is-best"' if share == most and share > 0 else ""
    return (
        f'<li{best}><b>{digit}</b><i><u style="width:{share:.1%}"></u></i>'
        f"<span>{number}</span></li>"
    )


def _spoken(shares: NDArray[np.floating]) -> str:
    likely = [f"{digit}: {percent(float(share))}" for digit, share in enumerate(shares) if share]
    return "Probabilities. " + (", ".join(likely) or "Nothing is drawn.")


class Labels(ipw.Box):
    """Ten buttons. `label` is the digit chosen: by hand, else what `suggestion` says, else None."""

    label = traitlets.Int(None, allow_none=True)
    suggestion = traitlets.Int(None, allow_none=True)
    by_hand = traitlets.Bool(False)

    def __init__(self) -> None:
        self._buttons = [
            ipw.Button(description=str(digit), tooltip=f"This is {_a(digit)}")
            for digit in range(10)
        ]
        for digit, button in enumerate(self._buttons):
            button.add_class("digit-label").add_class(f"digit-label-{digit}")
            button.on_click(lambda _button, digit=digit: self._choose(digit))
        super().__init__(self._buttons)
        self.add_class("digit-labels")

    def _choose(self, digit: int) -> None:
        self.by_hand = True
        self.label = digit

    def forget(self) -> None:
        """No longer hold on to what was chosen by hand."""
        self.by_hand = False
        self.label = self.suggestion

    @traitlets.observe("suggestion")
    def _suggest(self, change: Any) -> None:
        if not self.by_hand:
            self.label = change.new

    @traitlets.observe("label")
    def _mark(self, change: Any) -> None:
        if change.old is not None:
            self._buttons[change.old].remove_class("is-chosen")
        if change.new is not None:
            self._buttons[change.new].add_class("is-chosen")


class State(Enum):
    """How a submission stands; the value is the status line's CSS class."""

    IDLE = "is-idle"
    ASKING = "is-asking"
    SAVING = "is-saving"
    SAVED = "is-saved"
    FAILED = "is-failed"


class Status(ipw.HTML):
    """One line that tells what happened to a submission."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-status")
        self.state = State.IDLE

    def say(self, state: State, text: str) -> None:
        """Show the state and a text, which is escaped."""
        self.state = state
        self.value = f'<p class="{state.value}">{escape(text)}</p>'


class Collected(ipw.HTML):
    """How many sketches there are, how many of each digit, how often read right, the latest."""

    tally = traitlets.Any(None)

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-collected")

    @traitlets.observe("tally")
    def _redraw(self, change: Any) -> None:
        self.value = collected(change.new)
        self.add_class("is-counted")


def collected(tally: Tally) -> str:
    """The tally as HTML."""
    if not tally.total:
        return "<h2>Sketches so far</h2><p>None yet: yours would be the first.</p>"
    most = max(tally.per_digit)
    columns = "".join(
        f'<li><i><u style="height:{100 * count / most:.0f}%"></u></i><b>{digit}</b>'
        f"<span>{count}</span></li>"
        for digit, count in enumerate(tally.per_digit)
    )
    latest = "".join(
        f'<figure class="{"" if s.label == s.predicted else "is-wrong"}"><img alt="" src="'
        f'{data_url(s.image)}"><figcaption>{_verdict(s.label, s.predicted)}</figcaption></figure>'
        for s in tally.latest
    )
    plural = "sketch" if tally.total == 1 else "sketches"
    return (
        f"<h2>Sketches so far</h2><p><strong>{tally.total:,}</strong> {plural}; the model read "
        f"<strong>{percent(tally.right / tally.total)}</strong> of them as their writers meant.</p>"
        f'<ol class="digit-counts" aria-label="How many of each digit">{columns}</ol>'
        f'<div class="digit-latest">{latest}</div>'
    )


def _verdict(label: int, predicted: int) -> str:
    return f"{label}" if label == predicted else f"{label}, read as {predicted}"


def all_in(widget: ipw.Widget) -> Iterator[ipw.Widget]:
    """A widget and all that it holds."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_in(child)


def button(text: str, css_class: str, tooltip: str) -> ipw.Button:
    """A button that the style sheet and the page's script know by its class."""
    made = ipw.Button(description=text, tooltip=tooltip)
    made.add_class(css_class)
    return made


def box(css_class: str, *children: ipw.Widget) -> ipw.VBox:
    """A box of widgets that the style sheet lays out by its class."""
    made = ipw.VBox(children)
    made.add_class(css_class)
    return made
