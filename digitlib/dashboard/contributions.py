"""Which ink spoke for the guess, and which for the runner-up: a contribution map.

Occlusion (Zeiler & Fergus 2014) on the difference of two digits' logits, so that ink which both
digits share doesn't count. It needs the exported network alone, no gradients.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.dashboard.colours import duotone
from digitlib.recogniser import Recogniser

PATCH = 5  # px: side of the square that is blanked
STEP = 2  # px between two squares
_BATCH = 4  # images a batch: larger ones raise the memory that the kernel keeps
_LEAST = 1e-9  # probability, so that its logarithm is finite
_THIRDS = (("at the top left", "at the top", "at the top right"),
           ("on the left", "in the middle", "on the right"),
           ("at the bottom left", "at the bottom", "at the bottom right"))  # fmt: skip


class Contributions(NamedTuple):
    """A contribution map, and what the image alone is read as."""

    heat: NDArray[np.float64]  # (28, 28), -1 to 1: above 0 for the first digit
    margin: float  # the logits' difference that the whole ink makes
    probabilities: NDArray[np.float32]  # (10,), of the image, without the trajectory
    first: int
    second: int


def contributions(
    recogniser: Recogniser, image: NDArray[np.uint8], first: int, second: int
) -> Contributions:
    """How much the ink at each pixel of an image (28, 28) speaks for `first` against `second`.

    Squares of the image are blanked one at a time; each pixel gets the mean fall of
    log p(first) / p(second), scaled to -1 to 1. It takes about 90 predictions.
    """
    edges = [*range(0, 28 - PATCH, STEP), 28 - PATCH]
    corners = [
        (row, column)
        for row in edges
        for column in edges
        if image[row : row + PATCH, column : column + PATCH].any()
    ]
    blanked = np.repeat(image[None], len(corners) + 1, axis=0)
    for number, (row, column) in enumerate(corners, 1):
        blanked[number, row : row + PATCH, column : column + PATCH] = 0
    batches = [recogniser.predict(blanked[i : i + _BATCH]) for i in range(0, len(blanked), _BATCH)]
    logs = np.log(np.concatenate(batches)[:, [first, second]].astype(np.float64).clip(_LEAST))
    margins = logs[:, 0] - logs[:, 1]
    heat, count = np.zeros((28, 28)), np.zeros((28, 28))
    for (row, column), fall in zip(corners, margins[0] - margins[1:], strict=True):
        heat[row : row + PATCH, column : column + PATCH] += fall
        count[row : row + PATCH, column : column + PATCH] += 1
    heat *= (image > 0) / np.maximum(count, 1)
    heat /= max(float(np.abs(heat).max()), 1e-6)
    return Contributions(heat, float(margins[0]), batches[0][0], first, second)


def picture(image: NDArray[np.uint8], found: Contributions) -> NDArray[np.uint8]:
    """The image's ink (28, 28, 3) in two strong colours: what spoke for either digit."""
    return duotone(image, found.heat)


def sentence(found: Contributions) -> str:
    """What the map shows, in plain words."""
    first, second = found.first, found.second
    words = f"Blue ink spoke for {first} and against {second}, most of all {_where(found.heat)}."
    if found.heat.min() < -0.15:
        words += f" Orange ink spoke for {second}: {_where(-found.heat)}."
    else:
        words += f" No ink spoke clearly for {second}."
    return words


def _where(heat: NDArray[np.float64]) -> str:
    """Where on the image a map is highest."""
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return _THIRDS[_third(int(row))][_third(int(column))]


def _third(position: int) -> int:
    """Which third of the ink's 20 px a row or column is in."""
    return min(max((position - 4) * 3 // 20, 0), 2)
