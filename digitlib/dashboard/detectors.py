"""What feature maps look for: the spots in example digits that excite each of them most.

Maximal activation over a set of examples, as in Zeiler & Fergus (2014), on synthetic digits, which
need neither data nor gradients.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.recogniser import Recogniser
from digitlib.strokes import draw_images

EXAMPLES = 120  # synthetic digits
SPOTS = 4  # shown of each map
_SEED = 5


class Spots(NamedTuple):
    """Where a block's maps are highest: for each example and map, the value and the place."""

    values: NDArray[np.float32]  # (examples, maps)
    places: NDArray[np.uint16]  # (examples, maps), index into the flattened map
    shape: tuple[int, int]  # of a map
    side: int  # px of the image that a place is shown with


class Detectors(NamedTuple):
    """The examples, and each block's spots in them, by the block's name."""

    images: NDArray[np.uint8]  # (examples, 28, 28)
    labels: NDArray[np.int64]  # (examples,)
    blocks: dict[str, Spots]

    def patches(self, block: str, channel: int) -> NDArray[np.uint8]:
        """The spots that excite a map most: (SPOTS, side, side), the strongest first."""
        spots = self.blocks[block]
        best = np.argsort(-spots.values[:, channel], kind="stable")[:SPOTS]
        height, width = spots.shape
        rows, columns = np.divmod(spots.places[best, channel], width)
        margin = spots.side
        padded = np.pad(self.images[best], ((0, 0), (margin, margin), (margin, margin)))
        tops = ((rows + 0.5) * 28 / height - spots.side / 2).round().astype(int) + margin
        lefts = ((columns + 0.5) * 28 / width - spots.side / 2).round().astype(int) + margin
        if spots.side >= 28:
            tops[:], lefts[:] = margin, margin
        return np.stack(
            [
                image[top : top + spots.side, left : left + spots.side]
                for image, top, left in zip(padded, tops, lefts, strict=True)
            ]
        )

    def digits(self, block: str, channel: int) -> list[int]:
        """The digits that a map answers to clearly more than to the others, at most three."""
        values = self.blocks[block].values[:, channel]
        means = np.array([values[self.labels == digit].mean() for digit in range(10)])
        clear = means > means.mean() + 0.5 * means.std()
        order = np.argsort(-means, kind="stable")[:3]
        return [int(digit) for digit in order if clear[digit]]


def find_detectors(recogniser: Recogniser) -> Detectors:
    """Run the model on the examples, one at a time to save memory; takes about half a second."""
    images, labels = draw_images(EXAMPLES, _SEED)
    blocks: dict[str, Spots] = {}
    for number, image in enumerate(images):
        for depth, (name, maps) in enumerate(recogniser.activations(image).items()):
            if maps.ndim == 3:
                if name not in blocks:
                    blocks[name] = _no_spots(depth, *maps.shape)
                flat = np.abs(maps).reshape(len(maps), -1)
                blocks[name].values[number] = flat.max(axis=1)
                blocks[name].places[number] = flat.argmax(axis=1)
    return Detectors(images, labels, blocks)


def _no_spots(depth: int, maps: int, height: int, width: int) -> Spots:
    values, places = np.zeros((EXAMPLES, maps), np.float32), np.zeros((EXAMPLES, maps), np.uint16)
    return Spots(values, places, (height, width), _side(depth, height, width))


def _side(depth: int, height: int, width: int) -> int:
    """About how many px of the image one place of a map depends on."""
    return int(np.clip(round((2 + depth) * 28 / max(height, width)), 7, 28))


def shape_words(patches: NDArray[np.uint8]) -> str:
    """What the spots (n, side, side) have in common, in plain words.

    The side on which their ink lies, else its direction by its second moments (Hu 1962).
    """
    if patches.shape[1] >= 20:
        return "the shape of much of a digit"
    mean = patches.astype(np.float64).mean(axis=0) / 255
    if mean.max() < 0.2:
        return "blank paper"
    half = len(mean) // 2
    sides = {
        "the lower edge of a line": (mean[:half], mean[-half:]),
        "the upper edge of a line": (mean[-half:], mean[:half]),
        "the right edge of a line": (mean[:, :half], mean[:, -half:]),
        "the left edge of a line": (mean[:, -half:], mean[:, :half]),
    }
    words = max(sides, key=lambda side: sides[side][0].sum() - sides[side][1].sum())
    inked, blank = sides[words]
    return words if blank.sum() < 0.35 * inked.sum() else _direction(mean)


def _direction(mean: NDArray[np.float64]) -> str:
    """Which way the ink of a mean patch (side, side) runs; y points down."""
    rows, columns = np.indices(mean.shape)
    weights = np.clip(mean - 0.3 * mean.max(), 0, None).ravel()
    spread, axes = np.linalg.eigh(np.cov(columns.ravel(), rows.ravel(), aweights=weights))
    if spread[0] > 0.45 * spread[1]:
        return "a bend, a corner or an end"
    along = np.degrees(np.arctan2(axes[1, 1], axes[0, 1])) % 180
    if along < 22 or along > 158:
        return "a level line"
    if 68 < along < 112:
        return "an upright line"
    return "a line that falls to the right" if along < 90 else "a line that rises to the right"
