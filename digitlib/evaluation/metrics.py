"""Accuracy with its confidence interval, confusion matrix, recall and precision."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from digitlib.evaluation.clusters import Clusters, count_clusters, critical_value, design_effect
from digitlib.text import percent

Labels = NDArray[np.integer]


class Accuracy(NamedTuple):
    """The share of correct predictions for `n` images, 0 to 1, with its 95 % interval.

    `clusters` is the number of writers or visits, None for independent digits. `effective_n` is the
    number of independent digits that would tell as much. One cluster gives no interval: `low` is 0
    and `high` is 1.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int | None
    effective_n: float

    @property
    def has_interval(self) -> bool:
        """Whether the data suffice for an interval: digits of a single person don't."""
        return self.clusters != 1

    @property
    def interval(self) -> str:
        """The interval in words."""
        return f"{100 * self.low:.2f} to {percent(self.high)}"

    @property
    def sample(self) -> str:
        """The number of digits and, where known, of people."""
        if self.clusters is None:
            return f"n = {self.n:,}"
        people = "one person" if self.clusters == 1 else f"{self.clusters:,} people"
        return f"n = {self.n:,} by {people}"

    def __str__(self) -> str:
        if not self.has_interval:
            return f"{percent(self.value)} ({self.sample}: no interval)"
        return f"{percent(self.value)} (95 % interval {self.interval}, {self.sample})"


def accuracy(labels: Labels, predicted: Labels, clusters: Clusters = ()) -> Accuracy:
    """The share of labels (n,) that were predicted, with Wilson's interval (Wilson 1927).

    `clusters` (n,) names each digit's writer or visit. The interval then rests on the effective
    sample size, n over the design effect, and on Student's t with a degree of freedom less than
    there are clusters (Korn and Graubard 1998). Raises ValueError when there are no digits.
    """
    n = len(labels)
    if n == 0:
        raise ValueError("There are no digits to measure accuracy on.")
    hits = np.asarray(labels) == predicted
    share = float(np.mean(hits))
    if not len(clusters):
        found = stats.binomtest(int(hits.sum()), n).proportion_ci(method="wilson")
        return Accuracy(share, float(found.low), float(found.high), n, None, n)
    if (people := count_clusters(clusters)) == 1:
        return Accuracy(share, 0.0, 1.0, n, 1, 1.0)
    size = n / design_effect(hits, clusters)
    low, high = wilson_interval(share, size, critical_value(people))
    return Accuracy(share, low, high, n, people, size)


def wilson_interval(share: float, size: float, critical: float) -> tuple[float, float]:
    """Wilson's interval for an effective sample size; SciPy's takes whole numbers only."""
    weight = critical**2 / size
    middle = (share + weight / 2) / (1 + weight)
    half = np.sqrt(weight * share * (1 - share) + weight**2 / 4) / (1 + weight)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def confusion(labels: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Counts (10, 10): row the true digit, column the predicted one."""
    return np.bincount(np.asarray(labels) * 10 + predicted, minlength=100).reshape(10, 10)


def per_digit(counts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall (10,) and precision (10,) from a confusion matrix (10, 10); NaN without digits."""
    hits = np.diag(counts).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return hits / counts.sum(axis=1), hits / counts.sum(axis=0)
