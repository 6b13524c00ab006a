"""What is in a set of digits, in numbers: balance, ink, pixels and the spread within a digit.

Images are (n, 28, 28) uint8, ink 255 on 0, and labels (n,) integers 0 to 9.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]
LEVELS = (1, 32, 64, 128, 192, 224, 253, 256)  # where the classes of grey of `grey_levels` begin
_CHUNK = 500  # images that are floats at a time


def ink_widths(images: Images) -> Floats:
    """The mean width (n,) of each image's ink in px: twice its area by its outline's length.

    So for a line much longer than wide. The area is the sum of the ink, the outline's length its
    total variation (the coarea formula: the lengths of the level lines, averaged over the levels),
    so that greys count and nothing is thinned to a skeleton. Images without ink have width 0.
    """
    widths = np.zeros(len(images))
    for start in range(0, len(images), _CHUNK):
        ink = np.pad(images[start : start + _CHUNK] / 255.0, ((0, 0), (1, 1), (1, 1)))
        right, down = np.diff(ink, axis=2), np.diff(ink, axis=1)
        across = (right[:, 1:] + right[:, :-1]) / 2  # at the pixels' corners
        along = (down[:, :, 1:] + down[:, :, :-1]) / 2
        outline = np.hypot(across, along).sum(axis=(1, 2))
        area = ink.sum(axis=(1, 2))
        widths[start : start + _CHUNK] = np.divide(2 * area, outline, where=area > 0, out=area)
    return widths


def widths_in_words(widths: Floats) -> str:
    """The median and the middle 90 % of ink widths (n,) in px."""
    low, middle, high = np.percentile(widths, [5, 50, 95])
    return f"median {middle:.2f} px, nine in ten between {low:.2f} and {high:.2f} px"


def pens_in_words(pens: Floats, others: Floats, title: str) -> str:
    """How the ink widths (n,) of pen digits differ from those (m,) of the set with that title."""
    low, pen, high = np.percentile(pens, [5, 50, 95])
    lowest, other, highest = np.percentile(others, [5, 50, 95])
    wide = _beside(pen, other, ("thinner than", "as wide as", "wider than"))
    varies = _beside(
        high - low, highest - lowest, ("less: training had better vary it", "as much", "more")
    )
    return (
        f"Pens' ink: {widths_in_words(pens)}. It is {wide} that of {title} digits and varies "
        f"{varies}."
    )


def _beside(one: float, other: float, words: tuple[str, str, str]) -> str:
    """The word for a number that is smaller than another, about the same, or larger."""
    return words[int(one > 0.85 * other) + int(one > 1.15 * other)]


def grey_levels(images: Images) -> Floats:
    """The shares (7,) of the inked pixels in the classes of grey that begin at `LEVELS`."""
    shares = np.add.reduceat(_histogram(images), LEVELS[:-1]).astype(np.float64)
    return shares / max(shares.sum(), 1)


def _histogram(images: Images) -> NDArray[np.int64]:
    """How many pixels (256,) have each level."""
    # In chunks, because bincount makes an int64 of every byte.
    chunks = [images[i : i + _CHUNK].ravel() for i in range(0, len(images), _CHUNK)]
    return sum((np.bincount(chunk, minlength=256) for chunk in chunks), np.zeros(256, np.int64))


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How much `notebooks/explore.ipynb` was asked to look at; its parameters cell has defaults."""

    dataset: str
    seed: int
    samples: int
    compared: int
    mapped: int
    limit: int

    def __post_init__(self) -> None:
        """Raise ValueError with a line for each number that is out of its range."""
        ranges = {"seed": (0, 2**32 - 1), "samples": (1, 40), "compared": (50, 20_000)}
        ranges |= {"mapped": (50, 5_000), "limit": (0, 1_000_000)}
        lines = [
            f"{name}={getattr(self, name)!r}: give a whole number from {low} to {high}."
            for name, (low, high) in ranges.items()
            if not (isinstance(getattr(self, name), int) and low <= getattr(self, name) <= high)
        ]
        if not lines and 0 < self.limit < 100:
            lines = [f"limit={self.limit}: give at least 100, or 0 for all."]
        if lines:
            raise ValueError("\n".join(lines))


class Pixels(NamedTuple):
    """How a set of images uses its pixels; intensities from 0 to 1."""

    mean: float
    deviation: float
    inked: float  # share of all pixels with any ink
    never: int  # pixels of the 784 without ink in every image

    def __str__(self) -> str:
        return (
            f"mean {self.mean:.4f}, standard deviation {self.deviation:.4f}; "
            f"{100 * self.inked:.1f} % of the pixels have ink, {self.never} of 784 never have any"
        )


def pixel_statistics(images: Images) -> Pixels:
    """Mean and standard deviation as used for normalisation, and how much is ever inked."""
    levels = _histogram(images) / max(images.size, 1)
    values = np.arange(256) / 255
    mean = float(levels @ values)
    deviation = float(np.sqrt(levels @ values**2 - mean**2))
    return Pixels(mean, deviation, 1 - float(levels[0]), int((images.max(axis=0) == 0).sum()))


def class_shares(labels: Labels) -> Floats:
    """The share (10,) of each digit among the labels."""
    return np.bincount(labels, minlength=10) / max(len(labels), 1)


def balance_in_words(shares: Floats) -> str:
    """What the shares (10,) of the digits mean for training."""
    common, rare = int(shares.argmax()), int(shares.argmin())
    verdict = "as good as balanced" if shares[common] <= 1.5 * shares[rare] else "unbalanced"
    return (
        f"The most common digit is {common} ({100 * shares[common]:.1f} %), the "
        f"rarest {rare} ({100 * shares[rare]:.1f} %): the digits are {verdict}."
    )


def class_means(images: Images, labels: Labels) -> Floats:
    """The mean image of each digit: (10, 28, 28) in 0 to 1; zeros for a digit that isn't there."""
    return np.stack([_mean(images[labels == digit]) for digit in range(10)])


def class_deviations(images: Images, labels: Labels) -> Floats:
    """The standard deviation of each pixel within each digit: (10, 28, 28) in 0 to 0.5."""
    squares = np.stack([_mean(images[labels == digit], power=2) for digit in range(10)])
    return np.sqrt(np.maximum(squares - class_means(images, labels) ** 2, 0))


def _mean(images: Images, power: int = 1) -> Floats:
    """The mean (28, 28) of a power of the intensities, with no copy of all images as floats."""
    total = np.zeros((28, 28))
    for start in range(0, len(images), _CHUNK):
        total += ((images[start : start + _CHUNK] / 255.0) ** power).sum(axis=0)
    return total / max(len(images), 1)


def distances_to_mean(images: Images, labels: Labels) -> Floats:
    """How far (n,) each image is from its digit's mean: root mean square over pixels, 0 to 1."""
    means = class_means(images, labels).astype(np.float32)
    distances = np.empty(len(images))
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        differences = images[part] / np.float32(255) - means[labels[part]]
        distances[part] = np.sqrt((differences**2).mean(axis=(1, 2)))
    return distances


def spread_in_words(distances: Floats, labels: Labels) -> str:
    """Which digit is written most alike and which in most ways, by the median distance."""
    digits = np.unique(labels)
    medians = np.array([np.median(distances[labels == digit]) for digit in digits])
    alike, varied = medians.argmin(), medians.argmax()
    return (
        f"The most uniform digit is {digits[alike]} (median distance {medians[alike]:.3f}), "
        f"the most varied {digits[varied]} ({medians[varied]:.3f})."
    )
