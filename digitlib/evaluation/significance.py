"""Two models compared on the same digits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats

from digitlib.evaluation.clusters import (
    Clusters,
    cluster_totals,
    count_clusters,
    critical_value,
    design_effect,
)

Labels = NDArray[np.integer]


class Comparison(NamedTuple):
    """The difference between two models' accuracies on the same `n` digits."""

    fixed: int  # newly correct
    broken: int  # newly wrong
    difference: float  # of the accuracies, new less old
    low: float  # its 95 % interval; -1 to 1 for a single cluster
    high: float
    p_value: float  # one-sided: the new model is better
    n: int

    @property
    def p_two_sided(self) -> float:
        """The two-sided p-value: one of the models is better."""
        return 2 * min(self.p_value, 1 - self.p_value)

    def __str__(self) -> str:
        interval = f"95 % interval {100 * self.low:+.2f} to {100 * self.high:+.2f}"
        return (
            f"{self.fixed} newly right, {self.broken} newly wrong of {self.n:,}: "
            f"{100 * self.difference:+.2f} points ({interval})"
        )


def compare(labels: Labels, old: Labels, new: Labels, clusters: Clusters = ()) -> Comparison:
    """Compare what an old and a new model predicted for the same digits (n,).

    `p_value` is McNemar's exact test with the mid-p correction (Fagerland, Lydersen and Laake
    2013), the interval that of Bonett and Price (2012). `clusters` (n,) names each digit's writer
    or visit: then `p_value` is the permutation test that exchanges the models for whole clusters,
    and the interval rests on the effective sample size. Raises ValueError without digits.
    """
    n = len(labels)
    if n == 0:
        raise ValueError("There are no digits to compare two models on.")
    gains = (new == labels).astype(np.int64) - (old == labels)
    fixed, broken = int(np.sum(gains > 0)), int(np.sum(gains < 0))
    totals = cluster_totals(gains, clusters).astype(np.int64) if len(clusters) else gains
    low, high = _interval(gains, clusters)
    return Comparison(fixed, broken, (fixed - broken) / n, low, high, sign_flip_p(totals), n)


def _interval(gains: NDArray[np.int64], clusters: Clusters) -> tuple[float, float]:
    """Bonett and Price's interval, with the counts divided by the design effect of clusters."""
    people = count_clusters(clusters) if len(clusters) else None
    if people == 1:
        return -1.0, 1.0
    effect = design_effect(gains, clusters) if people else 1.0
    size = len(gains) / effect + 2
    up, down = ((np.sum(gains == sign) / effect + 1) / size for sign in (1, -1))
    half = critical_value(people) * np.sqrt((up + down - (up - down) ** 2) / size)
    return max(-1.0, float(up - down - half)), min(1.0, float(up - down + half))


def sign_flip_p(totals: NDArray[np.integer]) -> float:
    """How likely the sum of totals (clusters,) is as large or larger with random signs; never 0.

    The exact distribution of all 2^clusters sign flips, with half of the probability of the sum
    itself (mid-p). Totals of one size make a binomial distribution, and those of several sizes
    are convolved, so that memory grows with the number of digits that changed, no further.
    """
    sizes, counts = np.unique(np.abs(totals[totals != 0]), return_counts=True)
    chances = np.ones(1)  # of each sum, from the least to the greatest in steps of 2
    for size, count in zip(sizes, counts, strict=True):
        of_size = np.zeros(size * count + 1)
        of_size[::size] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        chances = signal.convolve(chances, of_size).clip(0)
    place = int(sizes @ counts + totals.sum()) // 2
    p_value = float(chances[place + 1 :].sum() + chances[place] / 2)
    return min(max(p_value, float(np.finfo(np.float64).tiny)), 1.0)
