"""A digit in a picture: a box over it that can be pressed, with what is read."""

from typing import NamedTuple

import ipywidgets as ipw
from uuid_utils.compat import uuid7

from digitlib.dashboard.panels import percent
from digitlib.dashboard.parts import Button, mark
from digitlib.recogniser import Prediction, Recogniser

_TAG = 22  # px that a box's button reaches above the box, for what is read


class Place(NamedTuple):
    """Where a box is in its picture, as the style sheet's lengths."""

    left: str
    top: str
    width: str
    height: str


class Reading(NamedTuple):
    """A digit that was found in a picture: where, and what the model predicts for its image."""

    place: Place
    prediction: Prediction


class FoundDigit:
    """A digit in a picture, and what the visitor says it is."""

    def __init__(self, place: Place, prediction: Prediction) -> None:
        self.id, self.prediction = uuid7(), prediction
        self.label = prediction.digit  # None where the model is in doubt
        self.is_confirmed = self.is_saved = False
        self.button = Button(layout=ipw.Layout(**place._asdict()))
        self.button.add_class("digit-found")
        self.show(is_selected=False)

    def show(self, *, is_selected: bool) -> None:
        """Show the label, and whether the digit is selected, confirmed, saved."""
        self.button.description = "?" if self.label is None else str(self.label)
        self.button.tooltip = self.words
        states = {
            "is-doubted": self.label is None,
            "is-chosen": is_selected,
            "is-confirmed": self.is_confirmed,
        }
        for name, holds in states.items():
            mark(self.button, name, holds)

    @property
    def words(self) -> str:
        """What was read, and how certainly."""
        assert self.prediction.probabilities is not None  # there is ink
        first = self.prediction.ranking[0]
        read = f"read as {first}, {percent(float(self.prediction.probabilities[first]))} sure"
        return f"Saved as {self.label}" if self.is_saved else read.capitalize()


def read_digits(content: bytes, recogniser: Recogniser, most_pixels: int | None) -> list[Reading]:
    """The digits in a picture; ValueError, with a sentence, for what can't be read."""
    from digitlib import photos  # Pillow and OpenCV, 20 MB, only where a photo comes

    steps = photos.prepare(content, *([most_pixels] if most_pixels else []))
    height, width = (side * steps.picture.scale for side in steps.picture.colour.shape[:2])
    name, threshold = recogniser.name, recogniser.image_threshold
    return [
        Reading(
            _place(digit.box, width, height),
            Prediction([], digit.image, digit.probabilities, name, threshold),
        )
        for digit in photos.read_steps(steps, recogniser)
    ]


def _place(found: tuple[int, int, int, int], width: float, height: float) -> Place:
    """The place of a box (x, y, width, height) in a picture of this size, all in px."""
    x, y, across, down = found
    top, bottom = f"{100 * y / height:.2f}%", f"{100 * down / height:.2f}%"
    left, right = f"{100 * x / width:.2f}%", f"{100 * across / width:.2f}%"
    return Place(left, f"calc({top} - {_TAG}px)", right, f"calc({bottom} + {_TAG}px)")
