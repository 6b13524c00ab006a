"""What a visitor gives: a drawing as one digit, or as the digits of a number."""

from typing import Any, NamedTuple
from uuid import UUID

from digitlib.recogniser import Prediction


class Part(NamedTuple):
    """A digit to be stored: the drawing on the pad, or one of a number."""

    id: UUID
    strokes: Any
    label: int
    prediction: Prediction


class Given(NamedTuple):
    """A drawing that was stored: one digit, or those of a number."""

    parts: list[Part]
    strokes: tuple[Any, ...]  # all that were on the pad

    @property
    def text(self) -> str:
        """The labels in a row."""
        return "".join(str(part.label) for part in self.parts)

    @property
    def read(self) -> int:
        """How many of the labels the model found the likeliest digit."""
        return sum(part.prediction.ranking[0] == part.label for part in self.parts)
