"""A picture of one digit as training data has it: all its ink is that digit's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitlib.photos.image import digit_image
from digitlib.photos.pieces import cut_out, ink_of
from digitlib.photos.reading import levelled, prepare


def single_digit(source: bytes | str | Path) -> NDArray[np.uint8]:
    """The one digit in a picture (PNG, JPEG, WebP) as MNIST has it: (28, 28) uint8.

    A picture that is in MNIST's form already, 28×28 with a black edge, stays as it is.
    Raises ValueError, with a sentence, for what is no picture or shows no digit; OSError for a
    missing file.
    """
    steps = prepare(source)
    colour = steps.picture.colour
    if (
        colour.shape[:2] == (28, 28)
        and not _edge(colour).any()
        and np.ptp(colour, axis=2).max() == 0
    ):
        return np.ascontiguousarray(colour[:, :, 0])
    found = steps.components
    if not found.found:
        raise ValueError("There is no digit to be seen.")
    height = max(component.bottom for component in found.found) - min(
        component.top for component in found.found
    )
    group = levelled(cut_out(steps.cleaned.ink, found.labels, found.found, height))
    return digit_image(ink_of(group, group.numbers > 0))


def _edge(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The outermost pixels of a picture."""
    return np.concatenate([picture[[0, -1]].ravel(), picture[:, [0, -1]].ravel()])
