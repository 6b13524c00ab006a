"""Whether a model knows what it knows: calibration bins, and what refusing the doubtful gains."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
Floats = NDArray[np.floating]


# Limits of the bins of doubt, 1 less the confidence: nearly all digits are read with a doubt of
# less than 0.3 %, so bins of equal width would hold all of them in one.
DOUBTS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
FEWEST = 10  # digits in a bin, below which its share of mistakes is chance


class Reliability(NamedTuple):
    """How often a model is wrong where it doubts so much, bin by bin."""

    doubt: Floats  # mean of 1 less the confidence in each bin
    mistakes: Floats  # share of mistakes there
    size: NDArray[np.int64]


def reliability(probability: Floats, labels: Labels) -> Reliability:
    """Doubt and mistakes of probabilities (n, 10) in the bins of `DOUBTS`; small ones left out."""
    doubt = 1 - probability.max(axis=1)
    wrong = probability.argmax(axis=1) != labels
    bins = np.digitize(doubt, DOUBTS[1:-1])
    parts = [part for n in range(len(DOUBTS)) if len(part := np.flatnonzero(bins == n)) >= FEWEST]
    return Reliability(
        np.array([doubt[part].mean() for part in parts]),
        np.array([wrong[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )


class Refusal(NamedTuple):
    """What is left when the most doubtful digits are refused."""

    refused: Floats  # shares, 0 to 1, rising
    accuracy: Floats  # of the rest


def refusal(probability: Floats, labels: Labels, most: float = 0.1, steps: int = 41) -> Refusal:
    """Accuracy on the rest while a share, up to `most`, of the least sure digits is refused.

    The accuracy-rejection curve of Nadeem, Zucker and Hanczar (2010).
    """
    order = np.argsort(probability.max(axis=1))
    hits = (probability.argmax(axis=1) == labels)[order]
    shares = np.linspace(0, most, steps)
    starts = (shares * len(hits)).astype(int)
    return Refusal(shares, np.array([hits[start:].mean() for start in starts]))


def perfect_from(curve: Refusal, accuracy: float) -> float | None:
    """The least share refused from which the rest is read with this accuracy; None if never."""
    good = np.flatnonzero(curve.accuracy >= accuracy)
    return float(curve.refused[good[0]]) if len(good) else None


def unsurest_hits(probability: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Indices of up to `count` rightly read digits, the least sure first; probabilities (n, 10)."""
    right = np.flatnonzero(probability.argmax(axis=1) == labels)
    return right[np.argsort(probability[right].max(axis=1), kind="stable")][:count]
