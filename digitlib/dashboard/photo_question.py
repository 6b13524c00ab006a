"""The question which digit is in a box of a photo, and its answers."""

from collections.abc import Callable

from digitlib.dashboard.parts import Button, Column, Html, box, button, mark
from digitlib.dashboard.photo_digit import FoundDigit
from digitlib.text import data_url


class PhotoQuestion(Column):
    """Shows one digit and asks what it is: `on_label` gets 0 to 9, `on_none` that it is none."""

    def __init__(self, on_label: Callable[[int], None], on_none: Callable[[], None]) -> None:
        self._text, self._labels = Html(), list[Button]()
        for digit in range(10):
            made = button(str(digit), f"digit-photo-label-{digit}", f"It is {digit}")
            made.add_class("digit-photo-label")
            made.on_click(lambda _button, digit=digit: on_label(digit))
            self._labels.append(made)
        none = button("No digit", "digit-photo-none", "This is not a digit: take the box away")
        none.on_click(lambda _button: on_none())
        super().__init__([self._text, box("digit-photo-labels", *self._labels, none)])
        self.add_class("digit-photo-question")

    def show(self, digit: FoundDigit) -> None:
        """Ask about this digit."""
        image = data_url(digit.prediction.image)  # type: ignore[arg-type]  # it has one
        self._text.value = (
            f'<img class="digit-photo-seen" alt="The digit as the model sees it" src="{image}">'
            f"<div><strong>Which digit is it?</strong><span>{digit.words}</span></div>"
        )
        for label, made in enumerate(self._labels):
            mark(made, "is-chosen", digit.label == label)
