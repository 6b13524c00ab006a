"""Calibration and risk–coverage curves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import text
from digitlib.evaluation import metrics
from digitlib.evaluation.clusters import Clusters

Labels = NDArray[np.integer]
Floats = NDArray[np.floating]

# Limits of the bins of 1 − confidence: it is below 0.3 % for nearly all digits, so bins of equal
# width would put them all into one.
BINS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
MINIMUM_ERRORS = 5  # in each bin but the most confident
OVERCONFIDENT = 2.0  # ratio of the error rate to 1 − confidence
MINIMUM_DIGITS = 100  # for a rejection curve


def calibration_error(probability: Floats, labels: Labels, bins: int = 15) -> float:
    """Expected calibration error of probabilities (n, 10), 0 to 1, equal bins (Guo et al. 2017)."""
    confidence, accuracy, share = confidence_bins(probability, labels, bins)
    return float(share @ np.abs(accuracy - confidence))


def confidence_bins(probability: Floats, labels: Labels, bins: int = 10) -> list[Floats]:
    """Mean confidence, accuracy and share of digits in equal bins of confidence (3 arrays).

    Only bins with digits; probabilities (n, 10). For a reliability diagram (Guo et al. 2017).
    """
    confidence, predicted = probability.max(axis=1), probability.argmax(axis=1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    size = np.bincount(bin_of, minlength=bins)
    sums = (np.bincount(bin_of, v, bins) for v in (confidence, predicted == labels))
    used = size > 0
    return [*(total[used] / size[used] for total in sums), size[used] / len(labels)]


def chance_error(probability: Floats, draws: int = 100) -> float:
    """The calibration error that a perfectly calibrated model exceeds in 5 % of cases.

    From labels drawn by the probabilities (n, 10): with few digits it is large.
    """
    generator = np.random.default_rng(0)
    confidence, predicted = probability.max(axis=1), probability.argmax(axis=1)
    errors = [
        calibration_error(
            probability, np.where(generator.random(len(confidence)) < confidence, predicted, -1)
        )
        for _ in range(draws)
    ]
    return float(np.quantile(errors, 0.95))


def confidence_text(confidence: float) -> str:
    """A confidence for captions: one decimal above 99 %, and never rounded up to 100 %."""
    return text.percent(min(confidence, 0.999), 1 if confidence > 0.99 else 0)


class Reliability(NamedTuple):
    """Error rates in bins of similar confidence, the most confident first."""

    expected: Floats  # mean of 1 − confidence in each bin
    error_rate: Floats
    low: Floats  # its 95 % interval
    high: Floats
    size: NDArray[np.int64]  # digits


def reliability(probability: Floats, labels: Labels, clusters: Clusters = ()) -> Reliability:
    """Expected and observed error rates of probabilities (n, 10); clusters as in `accuracy`.

    `BINS` are pooled, from the least confident on, until each has `MINIMUM_ERRORS`, except for the
    most confident digits; with fewer errors in all there is no bin.
    """
    uncertainty, predicted = 1 - probability.max(axis=1), probability.argmax(axis=1)
    parts = _pooled(np.digitize(uncertainty, BINS[1:-1]), predicted != labels)
    people = np.asarray(clusters)
    found = [
        metrics.accuracy(labels[part], predicted[part], people[part] if len(people) else ())
        for part in parts
    ]
    return Reliability(
        np.array([uncertainty[part].mean() for part in parts]),
        np.array([1 - accuracy.value for accuracy in found]),
        np.array([1 - accuracy.high for accuracy in found]),
        np.array([1 - accuracy.low for accuracy in found]),
        np.array([accuracy.n for accuracy in found], np.int64),
    )


def _pooled(bins: NDArray[np.integer], wrong: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Indices of the digits in each pool of bins, the lowest bin first."""
    if wrong.sum() < MINIMUM_ERRORS:
        return []
    pools, pool = [], np.empty(0, np.intp)
    for number in range(len(BINS), -1, -1):
        pool = np.concatenate([pool, np.flatnonzero(bins == number)])
        if wrong[pool].sum() >= MINIMUM_ERRORS:
            pools.append(pool)
            pool = np.empty(0, np.intp)
    return ([pool] if len(pool) else []) + pools[::-1]


def is_overconfident(curve: Reliability) -> bool:
    """Whether the error rate of any bin significantly exceeds `OVERCONFIDENT`."""
    return bool(np.any(curve.low >= OVERCONFIDENT * np.maximum(curve.expected, 1e-9)))


class RejectionCurve(NamedTuple):
    """Accuracy on the rest when the least confident digits are rejected."""

    rejected: Floats  # shares, 0 to 1, rising
    accuracy: Floats


def rejection_curve(
    probability: Floats, labels: Labels, most: float = 0.1, steps: int = 41
) -> RejectionCurve:
    """Accuracy while a share, up to `most`, of the least confident digits is rejected.

    The accuracy-rejection curve of Nadeem, Zucker and Hanczar (2010).
    """
    order = np.argsort(probability.max(axis=1))
    hits = (probability.argmax(axis=1) == labels)[order]
    shares = np.linspace(0, most, steps)
    starts = (shares * len(hits)).astype(int)
    return RejectionCurve(shares, np.array([hits[start:].mean() for start in starts]))


def rejection_needed(curve: RejectionCurve, accuracy: float) -> float | None:
    """The smallest share to reject for this accuracy on the rest; None if none suffices."""
    enough = np.flatnonzero(curve.accuracy >= accuracy)
    return float(curve.rejected[enough[0]]) if len(enough) else None


def confident_mistakes(probability: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Indices of up to `count` errors, the most confident first; probabilities (n, 10)."""
    wrong = np.flatnonzero(probability.argmax(axis=1) != labels)
    return wrong[np.argsort(-probability[wrong].max(axis=1), kind="stable")][:count]


def unconfident_hits(probability: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Indices of up to `count` correct digits, the least confident first; probabilities (n, 10)."""
    right = np.flatnonzero(probability.argmax(axis=1) == labels)
    return right[np.argsort(probability[right].max(axis=1), kind="stable")][:count]
