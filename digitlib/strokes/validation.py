"""What may be kept: a digit for a label, and strokes that a hand could have drawn."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from digitlib.strokes.ink import Strokes, as_strokes

MOST_POINTS = 20_000  # a digit has about 50; a page held open and scribbled full has 5,000
MOST_STROKES = 2_000
FARTHEST = 1e6  # the largest coordinate: the pad is 0 to 1, but any unit will do
LONGEST_TEXT = 200  # characters in a session's or a model's name


def checked_label(label: object) -> int:
    """The label as an int; ValueError unless it is a whole number from 0 to 9."""
    whole = isinstance(label, int | np.integer) and not isinstance(label, bool)
    if not (whole and 0 <= int(label) <= 9):  # type: ignore[call-overload]
        raise ValueError(f"A label is a digit from 0 to 9; got {str(label)[:40]!r}.")
    return int(label)  # type: ignore[call-overload]


def checked_strokes(raw: Iterable[ArrayLike]) -> Strokes:
    """Strokes as they are kept, in 32-bit floats; ValueError when malformed, too many or far."""
    strokes = as_strokes(raw)
    points = sum(map(len, strokes))
    if points > MOST_POINTS or len(strokes) > MOST_STROKES:
        raise ValueError(
            f"The sketch has {points:,} points in {len(strokes):,} strokes; at most {MOST_POINTS:,}"
            f" in {MOST_STROKES:,} are kept. Clear the pad and draw one digit."
        )
    if max(float(np.abs(stroke).max()) for stroke in strokes) > FARTHEST:
        raise ValueError(f"The sketch holds a coordinate beyond ±{FARTHEST:,.0f}.")
    return [stroke.astype(np.float32).astype(np.float64) for stroke in strokes]


def checked_text(text: str, what: str) -> str:
    """The text, if it is one and not too long; ValueError, naming `what`, otherwise."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError(f"The {what} is a text of at most {LONGEST_TEXT} characters.")
    return text
