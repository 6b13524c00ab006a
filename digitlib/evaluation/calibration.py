"""Whether a model knows what it knows: calibration bins, and what refusing the doubtful gains."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import text
from digitlib.evaluation import metrics

Labels = NDArray[np.integer]


def calibration_error(probability: NDArray[np.floating], labels: Labels, bins: int = 15) -> float:
    """Expected calibration error of probabilities (n, 10), 0 to 1, equal bins (Guo et al. 2017)."""
    confidence, predicted = probability.max(axis=1), probability.argmax(axis=1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=(predicted == labels) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


Floats = NDArray[np.floating]

# Limits of the bins of doubt, 1 less the confidence: nearly all digits are read with a doubt of
# less than 0.3 %, so bins of equal width would hold all of them in one.
DOUBTS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
FEWEST_MISTAKES = 5  # below which a share of mistakes is chance
MUCH = 2.0  # times as often wrong as it says is too sure
FEWEST_DIGITS = 100  # of which refusing a share means something


def chance_error(probability: Floats, draws: int = 100) -> float:
    """The calibration error that chance alone exceeds, with probabilities (n, 10), once in twenty.

    Of few digits even a model that knows exactly how sure it may be shows some.
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
    """A confidence as captions say it: a decimal above 99 %, and never rounded up to 100 %."""
    return text.percent(min(confidence, 0.999), 1 if confidence > 0.99 else 0)


class Reliability(NamedTuple):
    """How often a model is wrong where it doubts so much, bin by bin, the surest first."""

    doubt: Floats  # mean of 1 less the confidence in each bin
    mistakes: Floats  # share of mistakes there
    low: Floats  # its 95 % interval
    high: Floats
    size: NDArray[np.int64]


def reliability(probability: Floats, labels: Labels) -> Reliability:
    """Doubt and mistakes of probabilities (n, 10); no bin at all with too few mistakes in all.

    The bins of `DOUBTS`, from the most doubtful on, are pooled until each has `FEWEST_MISTAKES`;
    the surest digits, which are hardly ever misread, are left for the last.
    """
    doubt, predicted = 1 - probability.max(axis=1), probability.argmax(axis=1)
    parts = _pooled(np.digitize(doubt, DOUBTS[1:-1]), predicted != labels)
    hits = [metrics.accuracy(labels[part], predicted[part]) for part in parts]
    return Reliability(
        np.array([doubt[part].mean() for part in parts]),
        np.array([1 - found.value for found in hits]),
        np.array([1 - found.high for found in hits]),
        np.array([1 - found.low for found in hits]),
        np.array([found.n for found in hits], np.int64),
    )


def _pooled(bins: NDArray[np.integer], wrong: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Indices of the digits in each pool of bins, the lowest bin first."""
    if wrong.sum() < FEWEST_MISTAKES:
        return []
    pools, pool = [], np.empty(0, np.intp)
    for number in range(len(DOUBTS), -1, -1):
        pool = np.concatenate([pool, np.flatnonzero(bins == number)])
        if wrong[pool].sum() >= FEWEST_MISTAKES:
            pools.append(pool)
            pool = np.empty(0, np.intp)
    return ([pool] if len(pool) else []) + pools[::-1]


class Overconfident(NamedTuple):
    """Digits of which a model is far too sure: how many, how much it doubts them, how many err."""

    size: int
    doubt: float  # 0 to 1
    mistakes: float  # share, 0 to 1


def overconfident(curve: Reliability) -> Overconfident | None:
    """The bin where mistakes exceed the doubt most, if by `MUCH` or more, and beyond chance."""
    excess = curve.low / np.maximum(curve.doubt, 1e-9)
    if not len(excess) or excess.max() < MUCH:
        return None
    worst = int(excess.argmax())
    return Overconfident(
        int(curve.size[worst]), float(curve.doubt[worst]), float(curve.mistakes[worst])
    )


class RejectionCurve(NamedTuple):
    """What is left when the most doubtful digits are refused."""

    refused: Floats  # shares, 0 to 1, rising
    accuracy: Floats  # of the rest


def rejection_curve(
    probability: Floats, labels: Labels, most: float = 0.1, steps: int = 41
) -> RejectionCurve:
    """Accuracy on the rest while a share, up to `most`, of the least sure digits is refused.

    The accuracy-rejection curve of Nadeem, Zucker and Hanczar (2010).
    """
    order = np.argsort(probability.max(axis=1))
    hits = (probability.argmax(axis=1) == labels)[order]
    shares = np.linspace(0, most, steps)
    starts = (shares * len(hits)).astype(int)
    return RejectionCurve(shares, np.array([hits[start:].mean() for start in starts]))


def perfect_from(curve: RejectionCurve, accuracy: float) -> float | None:
    """The least share refused from which the rest is read with this accuracy; None if never."""
    good = np.flatnonzero(curve.accuracy >= accuracy)
    return float(curve.refused[good[0]]) if len(good) else None


def confident_mistakes(probability: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Indices of up to `count` wrongly read digits, the surest first; probabilities (n, 10)."""
    wrong = np.flatnonzero(probability.argmax(axis=1) != labels)
    return wrong[np.argsort(-probability[wrong].max(axis=1), kind="stable")][:count]


def doubtful_hits(probability: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Indices of up to `count` rightly read digits, the least sure first; probabilities (n, 10)."""
    right = np.flatnonzero(probability.argmax(axis=1) == labels)
    return right[np.argsort(probability[right].max(axis=1), kind="stable")][:count]
