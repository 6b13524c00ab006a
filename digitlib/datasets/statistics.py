"""Statistics of a set of digits: class balance, intensities, ink width, spread within a class.

Images are (n, 28, 28) uint8, ink 255 on 0, and labels (n,) integers 0 to 9.
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass

from digitlib.datasets.loading import DatasetName

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]
LEVELS = (1, 32, 64, 128, 192, 224, 253, 256)  # edges of the bins of `grey_levels`
_CHUNK = 500  # images that are floats at a time


@dataclass(frozen=True, config={"extra": "forbid"})
class Exploration:
    """The parameters of `notebooks/explore.ipynb` and their defaults."""

    dataset: DatasetName = "auto"
    limit: Annotated[int, Field(ge=0)] = 0
    samples: Annotated[int, Field(ge=1, le=40)] = 12
    compared: Annotated[int, Field(ge=50, le=20_000)] = 6000
    mapped: Annotated[int, Field(ge=50, le=5000)] = 1000
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0

    @field_validator("limit")
    @classmethod
    def _enough(cls, limit: int) -> int:
        if 0 < limit < 100:
            raise ValueError("should be 0 for all, or at least 100")
        return limit


def ink_widths(images: Images) -> Floats:
    """The mean width (n,) of each image's ink in px; 0 without ink.

    Twice the area divided by the length of the outline, which holds for long thin lines. The area
    is the sum of the ink; the length of the outline is the total variation (the mean length of all
    level lines, by the coarea formula). Grey pixels count, and nothing is thinned to a skeleton.
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


def grey_levels(images: Images) -> Floats:
    """The shares (7,) of the inked pixels in the bins between `LEVELS`."""
    shares = np.add.reduceat(_histogram(images), LEVELS[:-1]).astype(np.float64)
    return shares / max(shares.sum(), 1)


def _histogram(images: Images) -> NDArray[np.int64]:
    """How many pixels (256,) have each level."""
    # In chunks, because bincount converts its input to int64.
    chunks = [images[i : i + _CHUNK].ravel() for i in range(0, len(images), _CHUNK)]
    return sum((np.bincount(chunk, minlength=256) for chunk in chunks), np.zeros(256, np.int64))


class Pixels(NamedTuple):
    """Statistics of the intensities, 0 to 1."""

    mean: float
    deviation: float
    inked: float  # share of all pixels with any ink
    never: int  # pixels of the 784 that have no ink in any image


def pixel_statistics(images: Images) -> Pixels:
    """Mean and standard deviation, as used for normalisation, and the share of inked pixels."""
    levels = _histogram(images) / max(images.size, 1)
    values = np.arange(256) / 255
    mean = float(levels @ values)
    deviation = float(np.sqrt(levels @ values**2 - mean**2))
    return Pixels(mean, deviation, 1 - float(levels[0]), int((images.max(axis=0) == 0).sum()))


def summary(sets: Mapping[str, tuple[Images, Labels]]) -> pd.DataFrame:
    """The statistics of each set, a column each."""
    columns = {}
    for name, (images, labels) in sets.items():
        pixels, shares = pixel_statistics(images), class_shares(labels)
        low, median, high = np.percentile(ink_widths(images), [5, 50, 95])
        columns[name] = {
            "images": f"{len(images):,}",
            "most frequent digit": f"{shares.argmax()} ({100 * shares.max():.1f} %)",
            "least frequent digit": f"{shares.argmin()} ({100 * shares.min():.1f} %)",
            "mean intensity": f"{pixels.mean:.4f}",
            "standard deviation of intensity": f"{pixels.deviation:.4f}",
            "pixels with ink": f"{100 * pixels.inked:.1f} %",
            "pixels of 784 that are always empty": f"{pixels.never}",
            "ink width, median": f"{median:.2f} px",
            "ink width, middle 90 %": f"{low:.2f} to {high:.2f} px",
        }
    return pd.DataFrame(columns)


def class_shares(labels: Labels) -> Floats:
    """The share (10,) of each digit among the labels."""
    return np.bincount(labels, minlength=10) / max(len(labels), 1)


def class_means(images: Images, labels: Labels) -> Floats:
    """The mean image of each digit: (10, 28, 28) in 0 to 1; zeros for a missing digit."""
    return np.stack([_mean(images[labels == digit]) for digit in range(10)])


def class_deviations(images: Images, labels: Labels) -> Floats:
    """The standard deviation of each pixel within each digit: (10, 28, 28) in 0 to 0.5."""
    squares = np.stack([_mean(images[labels == digit], power=2) for digit in range(10)])
    return np.sqrt(np.maximum(squares - class_means(images, labels) ** 2, 0))


def _mean(images: Images, power: int = 1) -> Floats:
    """The mean (28, 28) of a power of the intensities, computed in chunks."""
    total = np.zeros((28, 28))
    for start in range(0, len(images), _CHUNK):
        total += ((images[start : start + _CHUNK] / 255.0) ** power).sum(axis=0)
    return total / max(len(images), 1)


def distances_to_mean(images: Images, labels: Labels) -> Floats:
    """The distance (n,) of each image from its digit's mean: root mean square, 0 to 1."""
    means = class_means(images, labels).astype(np.float32)
    distances = np.empty(len(images))
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        differences = images[part] / np.float32(255) - means[labels[part]]
        distances[part] = np.sqrt((differences**2).mean(axis=(1, 2)))
    return distances


def conclusions(summaries: pd.DataFrame, distances: Floats, labels: Labels) -> list[str]:
    """What the statistics mean for training; distances (n,) and labels (n,) are the first set's."""
    shares = class_shares(labels)
    balanced = "roughly balanced" if shares.max() <= 1.5 * shares.min() else "not balanced"
    widths = [
        f"{name} {column['ink width, median']} ({column['ink width, middle 90 %']})"
        for name, column in summaries.items()
    ]
    medians = pd.Series(distances).groupby(labels).median()
    return [
        f"The classes of the {summaries.columns[0]} digits are {balanced}.",
        f"Ink width, median and middle 90 %: {'; '.join(widths)}. Training should cover them all.",
        f"The digit {medians.idxmin()} varies least and {medians.idxmax()} most (median distance "
        f"to the mean {medians.min():.3f} and {medians.max():.3f}).",
    ]
