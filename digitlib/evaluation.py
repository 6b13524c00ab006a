"""Numbers to trust a model by, and the reading of its training curves; numpy only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


def percent(share: float, decimals: int = 2) -> str:
    """A share, 0 to 1, as texts write it: `99.57 %`."""
    return f"{100 * share:.{decimals}f} %"


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


def _by_hand(values: NDArray[np.number], hands: Sequence[str]) -> NDArray[np.float64]:
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
    deviations = _by_hand(hits - hits.mean(), hands)
    return max(1.0, float(np.sum(deviations**2)) / alone)


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


def compared(labels: Labels, old: Labels, new: Labels, hands: Sequence[str] = ()) -> Comparison:
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
    return _by_whole_hands(found, (new == labels) * 1.0 - (old == labels), hands)


def _by_whole_hands(
    found: Comparison, gains: NDArray[np.float64], hands: Sequence[str], draws: int = 20_000
) -> Comparison:
    """A comparison of digits (n,), each gained (1), lost (-1) or neither, in which hands count."""
    if not len(hands):
        return found
    of_hand = _by_hand(gains, hands)
    signs = np.random.default_rng(0).choice((-1, 1), (draws, np.count_nonzero(of_hand)))
    sums, total = signs @ of_hand[of_hand != 0], of_hand.sum()
    chance = float(np.mean(sums > total) + np.mean(sums == total) / 2)
    spread = float(np.linalg.norm(_by_hand(gains - found.difference, hands))) / found.n
    middle, half = (found.low + found.high) / 2, (found.high - found.low) / 2
    half = max(1.959964 * spread, half)
    return found._replace(low=middle - half, high=middle + half, chance=chance)


def confusion(labels: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Counts (10, 10): row the true digit, column the predicted one."""
    return np.bincount(np.asarray(labels) * 10 + predicted, minlength=100).reshape(10, 10)


def per_digit(counts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall (10,) and precision (10,) from a confusion (10, 10); NaN for a digit not there."""
    hits = np.diag(counts).astype(np.float64)
    with np.errstate(invalid="ignore"):
        return hits / counts.sum(axis=1), hits / counts.sum(axis=0)


def probabilities(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of logits (n, 10) divided by the temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def log_loss(logits: NDArray[np.floating], labels: Labels, temperature: float = 1.0) -> float:
    """Mean cross-entropy in nats of logits (n, 10) divided by the temperature."""
    chosen = probabilities(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-300)).mean())


def fitted_temperature(logits: NDArray[np.floating], labels: Labels) -> float:
    """The temperature (0.05 to 20) of least cross-entropy on held-out digits (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar  # here: half a second that training starts earlier

    found = minimize_scalar(
        lambda log_t: log_loss(logits, labels, np.exp(log_t)),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


def calibration_error(probability: NDArray[np.floating], labels: Labels, bins: int = 15) -> float:
    """Expected calibration error of probabilities (n, 10), 0 to 1, equal bins (Guo et al. 2017)."""
    confidence, predicted = probability.max(axis=1), probability.argmax(axis=1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=(predicted == labels) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def rejection_threshold(probability: NDArray[np.floating], refused: float = 0.01) -> float:
    """The confidence (0 to 1) that all but a share `refused` of held-out digits (n, 10) reach.

    Less is the mark of what is no digit, or none that can be read for sure (Hendrycks and Gimpel
    2017).
    """
    return float(np.quantile(probability.max(axis=1), refused))


class Reading(NamedTuple):
    """What training curves say: the figures, a verdict and the sentence that tells it."""

    verdict: str  # "underfitting", "overfitting", "unfinished" or "balanced"
    gap: float  # nats, validation loss less training loss at the best epoch
    turned: int | None  # the epoch from which validation loss only rose; None when it didn't
    improving: bool  # whether the last epoch still lowered the validation loss, as the first does
    sentence: str


def read_curves(training_loss: Sequence[float], validation_loss: Sequence[float]) -> Reading:
    """Read a run's losses per epoch (nats, both measured alike on unwarped images).

    Overfitting: validation loss turned, and by the end drew away from the training loss by a tenth
    of its least or more, or lies at more than twice the training loss. Underfitting: training loss
    itself stayed high. Raises ValueError when there is no epoch or the two don't belong together.
    """
    if not training_loss or len(training_loss) != len(validation_loss):
        raise ValueError("Give one training and one validation loss for each epoch.")
    best = int(np.argmin(validation_loss))
    gap = validation_loss[best] - training_loss[best]
    # A rise that the training loss shares is not learning by heart.
    widened = validation_loss[-1] - training_loss[-1] - gap
    turned = best + 1 if widened > 0.1 * validation_loss[best] and widened > 0.005 else None
    improving = len(validation_loss) == 1 or (
        best == len(validation_loss) - 1 and validation_loss[-1] < 0.97 * validation_loss[-2]
    )
    facts = _facts(training_loss[best], validation_loss[best], best + 1, len(validation_loss))
    wide = validation_loss[best] > 2 * training_loss[best] and gap > 0.02
    verdict, advice = _verdict(training_loss[best], wide, turned, improving)
    if len(validation_loss) == 1 and verdict == "unfinished":
        advice = "**Too early to tell:** one epoch shows no trend. Raise `epochs` to see one."
    return Reading(verdict, gap, turned, improving, f"{facts} {advice}")


def _facts(training: float, validation: float, best: int, epochs: int) -> str:
    when = f"At the best of {epochs} epochs (epoch {best})" if epochs > 1 else "After one epoch"
    return (
        f"{when} the validation loss is {validation:.4f} and the training loss {training:.4f} "
        f"nats: a gap of {validation - training:+.4f}."
    )


def _verdict(training: float, wide: bool, turned: int | None, improving: bool) -> tuple[str, str]:
    """The verdict and what to change, the gravest finding first."""
    if turned is not None:
        return "overfitting", (
            f"**Overfitting:** the validation loss turned at epoch {turned} and rose from there. "
            "Lower `epochs`, or raise `augment` or `weight_decay`."
        )
    if wide:
        return "overfitting", (
            "**Overfitting:** the network knows its training images much better than new ones. "
            "Raise `augment` or `weight_decay`, or give it more data."
        )
    if training > 0.15:
        return "underfitting", (
            "**Underfitting:** even the training images are not learnt. Raise `epochs`, choose a "
            "larger `architecture`, or lower `augment` or `weight_decay`."
        )
    if improving:
        return "unfinished", (
            "**Not finished:** the last epoch still improved the validation loss. Raise `epochs`."
        )
    return "balanced", (
        "**A good fit:** new images are read nearly as well as training images, and more of the "
        "same training would change little. For more, try a larger `architecture` or `augment`."
    )
