"""Validation of labels, strokes, images and texts before they are stored."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from digitlib.strokes.ink import Image, Strokes, as_strokes

MOST_POINTS = 20_000  # a digit has about 50, a pad scribbled full 5,000
MOST_STROKES = 2_000
FARTHEST = 1e6  # largest coordinate; the pad is 0 to 1, but any unit works
LONGEST_TEXT = 200  # characters in a session's or a model's name


def checked_label(label: object) -> int:
    """The label as an int; ValueError unless it is a whole number from 0 to 9."""
    whole = isinstance(label, int | np.integer) and not isinstance(label, bool)
    if not (whole and 0 <= int(label) <= 9):  # type: ignore[call-overload]
        raise ValueError(f"A label is a whole number from 0 to 9; got {repr(label)[:40]}.")
    return int(label)  # type: ignore[call-overload]


def checked_strokes(raw: Iterable[ArrayLike]) -> Strokes:
    """Strokes rounded to 32-bit floats, as they are stored.

    Raises ValueError when they are malformed, too many or too far away.
    """
    strokes = as_strokes(raw)
    points = sum(map(len, strokes))
    if points > MOST_POINTS or len(strokes) > MOST_STROKES:
        raise ValueError(
            f"The sketch has {points:,} points in {len(strokes):,} strokes; the limit is"
            f" {MOST_POINTS:,} in {MOST_STROKES:,}. Clear the pad and draw one digit."
        )
    if max(float(np.abs(stroke).max()) for stroke in strokes) > FARTHEST:
        raise ValueError(f"The sketch holds a coordinate beyond ±{FARTHEST:,.0f}.")
    return [stroke.astype(np.float32).astype(np.float64) for stroke in strokes]


def checked_image(raw: ArrayLike) -> Image:
    """An image of a digit as a copy; ValueError unless it is (28, 28) uint8 and has ink."""
    image = np.array(raw)
    if image.shape != (28, 28) or image.dtype != np.uint8:
        raise ValueError(
            f"An image is 28×28 uint8, white ink (255) on black (0); got {image.dtype} of shape"
            f" {image.shape}."
        )
    if not image.any():
        raise ValueError("The image has no ink: all of it is black.")
    return image


def checked_text(text: str, what: str) -> str:
    """The text; ValueError, naming `what`, unless it is a string of at most 200 characters."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError(f"The {what} must be a text of at most {LONGEST_TEXT} characters.")
    return text
