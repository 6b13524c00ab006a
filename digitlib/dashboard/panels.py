"""The panels around the pad: guess, probability bars, labels, status and collected sketches.

Each is a widget with traits as its interface: setting a trait redraws it. Texts from elsewhere,
such as a card or an error, are escaped.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from digitlib.dashboard.parts import Button, Html, Row, mark
from digitlib.recogniser import Prediction
from digitlib.store import Tally
from digitlib.text import data_url

TITLE = """<h1>Sketch a digit</h1><p>A small network reads it while you draw. Label your sketch
to help train the next model.</p>"""
NOTICE = """<p>Submitting stores your pen strokes, your label, the time, the model's prediction and
a random number for this visit, to train better models. It stores no name and no address.</p>"""

DOWNLOADS = """<button type="button" data-file="png" hidden></button>
<button type="button" data-file="json" hidden></button>"""  # memory.js names and answers them


def percent(probability: float) -> str:
    """A probability from 0 to 1 as text; 'over 99 %' rather than a rounded 100 %."""
    if 0.995 <= probability < 1:
        return "over 99 %"
    return "under 1 %" if 0 < probability <= 0.005 else f"{100 * probability:.0f} %"


class Guess(Html):
    """The predicted digit and its confidence; below the threshold, a question about two digits."""

    prediction = traitlets.Any(None)
    number = traitlets.Any(())  # what is predicted for each digit of a number; set it first

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-guess")
        self.value = self._text(None)

    @traitlets.observe("prediction")
    def _redraw(self, change: Any) -> None:
        self.value = self._text(change.new)

    def _text(self, prediction: Prediction | None) -> str:
        if prediction is None or prediction.probabilities is None:
            return _guess("", "Draw a digit", "from 0 to 9, with mouse, finger or pen")
        if self.number:
            return _number(self.number)
        if prediction.is_dot:
            return _guess("", "Just a dot", "draw the digit larger")
        first, second = prediction.ranking[:2]
        confidence = percent(float(prediction.probabilities[first]))
        if prediction.digit is not None:
            return _guess(str(first), f"I read {_a(first)}", f"{confidence} sure")
        runner_up = percent(float(prediction.probabilities[second]))
        if not prediction.candidates:
            return _guess("?", "Is that a digit?", "it looks like several, or like none")
        if prediction.probabilities[first] < 0.5:
            detail = f"if it is one: {_a(first)} ({confidence}) or {_a(second)} ({runner_up})"
            return _guess("?", "Is that a digit?", detail)
        title = f"Is it {_a(first)} or {_a(second)}?"
        return _guess("?", title, f"not sure: {confidence} and {runner_up}")


def _number(digits: Sequence[Prediction]) -> str:
    """A number with the certainty of each digit."""
    read = "".join("?" if digit.digit is None else str(digit.digit) for digit in digits)
    each = [
        f"{digit.ranking[0]}: {percent(float(digit.probabilities[digit.ranking[0]]))}"  # type: ignore[index]
        for digit in digits
    ]
    return _guess(read, f"I read {read}", f"{', '.join(each)} sure")


def _a(digit: int) -> str:
    """A digit with its article."""
    return f"an {digit}" if digit == 8 else f"a {digit}"


def _guess(digit: str, title: str, detail: str) -> str:
    kind = " is-number" if len(digit) > 1 else "" if digit else " is-empty"
    return (
        f'<div class="digit-guess-large{kind}" aria-hidden="true">{digit or "?"}</div>'
        f"<div><strong>{title}</strong><span>{detail}</span></div>"
    )


class Bars(Html):
    """Ten bars, one for each digit's probability."""

    prediction = traitlets.Any(None)

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-bars")
        self._redraw(None)

    @traitlets.observe("prediction")
    def _redraw(self, _change: Any) -> None:
        prediction = self.prediction or Prediction()
        shares = np.zeros(10) if prediction.probabilities is None else prediction.probabilities
        rows = "".join(
            _bar(digit, float(share), digit == prediction.leader)
            for digit, share in enumerate(shares)
        )
        self.value = f'<ol aria-label="How likely each digit is">{rows}</ol>'


def _bar(digit: int, probability: float, is_best: bool) -> str:
    number = percent(probability).replace("over ", "&gt;") if probability > 0.005 else ""
    best = ' class="is-best"' if is_best else ""
    share = f"{probability:.1%}"
    return (
        f'<li{best}><b>{digit}</b><i><u style="width:{share};--share:{share}"></u></i>'
        f"<span>{number}</span></li>"
    )


class Labels(Row):
    """Ten buttons. `label` is the visitor's choice, else `suggestion`, else None.

    The `likely` digits are marked: those between which the model is in doubt.
    """

    label = traitlets.Int(None, allow_none=True)
    suggestion = traitlets.Int(None, allow_none=True)
    likely = traitlets.List(traitlets.Int())
    is_chosen = traitlets.Bool(False)

    def __init__(self) -> None:
        self._buttons = [
            Button(description=str(digit), tooltip=f"This is {_a(digit)}") for digit in range(10)
        ]
        for digit, button in enumerate(self._buttons):
            button.add_class("digit-label").add_class(f"digit-label-{digit}")
            button.on_click(lambda _button, digit=digit: self.choose(digit))
        super().__init__(self._buttons)
        self.add_class("digit-labels")

    def choose(self, digit: int) -> None:
        """Take this label, as if the visitor had tapped it."""
        self.is_chosen = True
        self.label = digit

    def forget(self) -> None:
        """Drop the visitor's choice: `label` follows `suggestion` again."""
        self.is_chosen = False
        self.label = self.suggestion

    @traitlets.observe("suggestion")
    def _suggest(self, change: Any) -> None:
        if not self.is_chosen:
            self.label = change.new

    @traitlets.observe("likely")
    def _mark_likely(self, _change: Any) -> None:
        for digit, button in enumerate(self._buttons):
            is_likely = digit in self.likely
            mark(button, "is-likely", is_likely)
            button.tooltip = f"This is {_a(digit)}" + (
                ", one of the likeliest" if is_likely else ""
            )

    @traitlets.observe("label")
    def _mark(self, change: Any) -> None:
        if change.old is not None:
            self._buttons[change.old].remove_class("is-chosen")
        if change.new is not None:
            self._buttons[change.new].add_class("is-chosen")


class Collected(Html):
    """Counts of the collected sketches, the model's agreement with their labels, and the latest."""

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
        return "<h2>Sketches so far</h2><p>None yet. Yours would be the first.</p>"
    highest = max(tally.per_digit)
    columns = "".join(
        f'<li><i><u style="height:{100 * count / highest:.0f}%"></u></i><b>{digit}</b>'
        f"<span>{count}</span></li>"
        for digit, count in enumerate(tally.per_digit)
    )
    latest = "".join(
        f'<li class="{"" if s.label == s.predicted else "is-wrong"}"><img alt="" src="'
        f'{data_url(s.image)}"><span>{_caption(s.label, s.predicted)}</span></li>'
        for s in tally.latest
    )
    plural = "sketch" if tally.total == 1 else "sketches"
    return (
        f"<h2>Sketches so far</h2><p><strong>{tally.total:,}</strong> {plural}. The model agreed "
        f"with the label in <strong>{percent(tally.right / tally.total)}</strong> of them.</p>"
        f'<ol class="digit-counts" aria-label="How many of each digit">{columns}</ol>'
        f'<ul class="digit-latest" aria-label="The latest ones">{latest}</ul>'
    )


def _caption(label: int, predicted: int) -> str:
    return f"{label}" if label == predicted else f"{label}, predicted {predicted}"
