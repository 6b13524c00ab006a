"""Two models compared on the same digits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.evaluation.metrics import _clustered

Labels = NDArray[np.integer]


class Comparison(NamedTuple):
    """Two models on the same `n` digits: how many more the new one hits, and how sure that is."""

    fixed: int  # newly right
    broken: int  # newly wrong
    difference: float  # of the accuracies, new less old
    low: float  # its 95 % interval
    high: float
    chance: float  # of as many fixed among those that changed, if the two were equally good
    n: int

    @property
    def either_way(self) -> float:
        """The two-sided chance: of a difference as great, whichever model it favours."""
        return 2 * min(self.chance, 1 - self.chance)

    def __str__(self) -> str:
        interval = f"95 % interval {100 * self.low:+.2f} to {100 * self.high:+.2f}"
        return (
            f"{self.fixed} newly right, {self.broken} newly wrong of {self.n:,}: "
            f"{100 * self.difference:+.2f} points ({interval})"
        )


def compare(labels: Labels, old: Labels, new: Labels, hands: Sequence[str] = ()) -> Comparison:
    """A paired comparison of what an old and a new model predicted for the same digits (n,).

    `chance` is McNemar's test, exact, one-sided, with the mid-p correction (Fagerland, Lydersen
    and Laake 2013); the interval is that of Bonett and Price (2012). With `hands` (n,), whose each
    digit is, `chance` is that of a permutation test in which the models change places for whole
    hands, and the interval is widened likewise. ValueError without digits.
    """
    from scipy.stats import binom

    if len(labels) == 0:
        raise ValueError("There is nothing to compare two models on.")
    fixed = int(np.sum((old != labels) & (new == labels)))
    broken = int(np.sum((old == labels) & (new != labels)))
    changed, count = fixed + broken, len(labels)
    chance = float(binom.sf(fixed, changed, 0.5) + binom.pmf(fixed, changed, 0.5) / 2)
    up, down = (fixed + 1) / (count + 2), (broken + 1) / (count + 2)
    half = 1.959964 * np.sqrt((up + down - (up - down) ** 2) / (count + 2))
    interval = (float(up - down - half), float(up - down + half))
    found = Comparison(fixed, broken, (fixed - broken) / count, *interval, chance, count)
    return _by_writer(found, (new == labels) * 1.0 - (old == labels), hands)


def _by_writer(
    found: Comparison, gains: NDArray[np.float64], hands: Sequence[str], draws: int = 20_000
) -> Comparison:
    """A comparison of digits (n,), each gained (1), lost (-1) or neither, in which hands count."""
    if not len(hands):
        return found
    of_hand = _clustered(gains, hands)
    signs = np.random.default_rng(0).choice((-1, 1), (draws, np.count_nonzero(of_hand)))
    sums, total = signs @ of_hand[of_hand != 0], of_hand.sum()
    chance = float(np.mean(sums > total) + np.mean(sums == total) / 2)
    spread = float(np.linalg.norm(_clustered(gains - found.difference, hands))) / found.n
    middle, half = (found.low + found.high) / 2, (found.high - found.low) / 2
    half = max(1.959964 * spread, half)
    return found._replace(low=middle - half, high=middle + half, chance=chance)
