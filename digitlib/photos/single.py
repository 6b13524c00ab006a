"""A picture of one digit as training data has it: all its ink is that digit's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from digitlib.photos.decoding import decode
from digitlib.photos.image import digit_image
from digitlib.photos.pieces import cut_out, ink_of, levelled
from digitlib.photos.reading import prepare_picture


def single_digit(source: bytes | str | Path) -> NDArray[np.uint8]:
    """The one digit in a picture (PNG, JPEG, WebP) as MNIST has it: (28, 28) uint8.

    A picture that is in MNIST's form already, 28×28 with a black edge, stays as it is.
    Raises ValueError, with a sentence, for what is no picture or shows no digit; OSError for a
    missing file.
    """
    picture = decode(source)
    if _is_mnist_like(picture.colour):
        return np.ascontiguousarray(picture.colour[:, :, 0])
    steps = prepare_picture(picture)
    found = steps.components
    if not found.found:
        raise ValueError("There is no digit to be seen.")
    height = max(component.bottom for component in found.found) - min(
        component.top for component in found.found
    )
    group = levelled(cut_out(steps.cleaned.ink, found.labels, found.found, height))
    return digit_image(ink_of(group, group.numbers > 0))


def _is_mnist_like(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture (h, w, 3) is 28×28 and grey, and has ink but none at its edge."""
    if picture.shape[:2] != (28, 28) or not picture.any() or np.ptp(picture, axis=2).any():
        return False
    return not (picture[[0, -1]].any() or picture[:, [0, -1]].any())
