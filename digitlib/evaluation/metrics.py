"""Numbers to trust a model by, and the reading of its training curves; numpy only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.text import percent

Labels = NDArray[np.integer]


class Accuracy(NamedTuple):
    """A share of hits among `n` images, with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        interval = f"95 % interval {100 * self.low:.2f} to {percent(self.high)}"
        return f"{percent(self.value)} ({interval}, n = {self.n:,})"


def accuracy(labels: Labels, predicted: Labels, hands: Sequence[str] = ()) -> Accuracy:
    """The share of labels (n,) that were predicted, with Wilson's interval (Wilson 1927).

    One hand's digits are alike: with `hands` (n,), whose each is, they count as the fewer that
    would vary as much if each had a hand of its own (Kish's effective sample size, 1965). Raises
    ValueError when there are none.
    """
    n = len(labels)
    if n == 0:
        raise ValueError("There is nothing to measure accuracy on.")
    hits = np.asarray(labels) == predicted
    share, z = float(np.mean(hits)), 1.959964
    count = n / _design_effect(hits, hands)
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return Accuracy(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)), n)


def _clustered(values: NDArray[np.number], hands: Sequence[str]) -> NDArray[np.float64]:
    """The sum (hands,) of each hand's values (n,)."""
    _, hand = np.unique(hands, return_inverse=True)
    sums = np.zeros(hand.max() + 1)
    np.add.at(sums, hand, values)
    return sums


def _design_effect(hits: NDArray[np.bool_], hands: Sequence[str]) -> float:
    """How many times the variance of the share of hits is what independent digits' would be."""
    alone = float(hits.var()) * len(hits)
    if not len(hands) or alone == 0:
        return 1.0
    deviations = _clustered(hits - hits.mean(), hands)
    return max(1.0, float(np.sum(deviations**2)) / alone)


def confusion(labels: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Counts (10, 10): row the true digit, column the predicted one."""
    return np.bincount(np.asarray(labels) * 10 + predicted, minlength=100).reshape(10, 10)


def per_digit(counts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall (10,) and precision (10,) from a confusion (10, 10); NaN for a digit not there."""
    hits = np.diag(counts).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return hits / counts.sum(axis=1), hits / counts.sum(axis=0)
