"""A number on the pad: a button for each of its digits, which has a label of its own."""

from collections.abc import Sequence

import traitlets

from digitlib.dashboard.panels import Labels, percent
from digitlib.dashboard.parts import Button, Row, mark, set_shown
from digitlib.recogniser import Prediction


class Number(Row):
    """The digits of the number on the pad; none while a lone digit is there.

    The labels' buttons label the `selected` digit, and then the next one is selected.
    """

    selected = traitlets.Int(0)
    labels = traitlets.Tuple()  # of the digits: 0 to 9, or None where the model is in doubt

    def __init__(self, choices: Labels) -> None:
        self.digits: Sequence[Prediction] = ()
        self._choices = choices
        choices.observe(lambda change: self._choose(change.new), "label")
        super().__init__()
        self.add_class("digit-number")
        set_shown(self, False)

    @property
    def text(self) -> str:
        """The labels in a row; a question mark for a missing one."""
        return "".join("?" if label is None else str(label) for label in self.labels)

    @property
    def is_labelled(self) -> bool:
        """Whether there is a number, and each of its digits has a label."""
        return bool(self.digits) and None not in self.labels

    def show(self, digits: Sequence[Prediction]) -> None:
        """Show what is read as a number of these digits; none of them: there is no number."""
        self.digits = ()  # while the choices are cleared
        if digits:
            self._choices.forget()
        self.digits = digits
        self.children = [self._button(place) for place in range(len(digits))]
        set_shown(self, bool(digits))
        self.labels = tuple(digit.digit for digit in digits)
        self.selected = self.labels.index(None) if None in self.labels else 0
        self._mark()

    def _button(self, place: int) -> Button:
        made = Button()
        made.on_click(lambda _button: self._select(place))
        return made

    def _select(self, place: int) -> None:
        self.selected = place
        self._mark()

    def _choose(self, label: int | None) -> None:
        """Give the selected digit the label that was tapped."""
        if label is None or not self.digits:
            return
        place = self.selected
        self.labels = (*self.labels[:place], label, *self.labels[place + 1 :])
        self.selected = (place + 1) % len(self.digits)
        self._choices.forget()
        self._mark()

    def _mark(self) -> None:
        for place, (made, digit) in enumerate(zip(self.children, self.digits, strict=True)):
            assert digit.probabilities is not None  # there is ink
            first = digit.ranking[0]
            sure = percent(float(digit.probabilities[first]))
            made.description = "?" if self.labels[place] is None else str(self.labels[place])
            made.tooltip = f"Digit {place + 1}: read as {first}, {sure} sure"
            mark(made, "is-chosen", place == self.selected)
