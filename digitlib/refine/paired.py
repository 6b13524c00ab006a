"""Champion and challenger on the same digits, and permutation tests clustered by visit."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import evaluation
from digitlib.evaluation import Comparison

PERMUTATIONS = 1000
BINS = 15  # of the calibration error, as in `evaluation.calibration_error`
_TEMPERATURES = np.geomspace(0.1, 10, 50)
_LOSS_LIMIT = -np.log(0.01)  # nats a digit: a larger loss may come from a wrong label
Floats = NDArray[np.float64]


class Paired(NamedTuple):
    """Two models' probabilities (n, 10) for the same digits."""

    name: str
    images: NDArray[np.uint8]  # (n, 28, 28)
    labels: NDArray[np.integer]
    champion: NDArray[np.floating]
    challenger: NDArray[np.floating]
    visits: Sequence[str] = ()  # (n,), the visit of each digit; empty: all independent

    @property
    def comparison(self) -> Comparison:
        """The difference in accuracy, tested by visit."""
        old, new = (p.argmax(axis=1) for p in (self.champion, self.challenger))
        return evaluation.compare(self.labels, old, new, self.visits)

    @property
    def clusters(self) -> NDArray[np.intp]:
        """The number (n,) of each digit's cluster: its visit, or itself."""
        visits = np.asarray(self.visits) if len(self.visits) else np.arange(len(self.labels))
        return np.unique(visits, return_inverse=True)[1]

    def accuracies(self) -> tuple[float, float]:
        """The champion's and the challenger's accuracy, 0 to 1."""
        champion, challenger = (
            float(np.mean(p.argmax(axis=1) == self.labels))
            for p in (self.champion, self.challenger)
        )
        return champion, challenger

    def accuracy_by_model(self) -> dict[str, evaluation.Accuracy]:
        """The accuracy of champion and challenger with its 95 % interval, by name for a figure."""
        return {
            f"{self.name}, {model}": evaluation.accuracy(
                self.labels, probabilities.argmax(axis=1), self.visits
            )
            for model, probabilities in (("before", self.champion), ("after", self.challenger))
        }

    def newly(self, right: bool) -> NDArray[np.intp]:
        """Indices of the digits that only the challenger gets right, or only the champion."""
        old, new = (p.argmax(axis=1) == self.labels for p in (self.champion, self.challenger))
        return np.flatnonzero(new & ~old if right else old & ~new)


class Change(NamedTuple):
    """A figure of the champion and of the challenger, and the p-value of the difference."""

    before: float
    after: float
    p_value: float  # one-sided, never 0


def smallest_p_value(pair: Paired) -> float:
    """The smallest p-value that a permutation test of so few clusters can give."""
    return max(0.5 ** len(np.unique(pair.clusters)), 1 / (1 + PERMUTATIONS))


def log_loss_change(pair: Paired) -> Change:
    """The mean log loss in nats at each model's best temperature, with the p-value of its fall.

    The temperatures are fitted again in each permutation, so that a change of confidence alone
    counts for nothing. Losses are cut at 4.6 nats a digit.
    """
    champion, challenger = (
        _by_cluster(pair, _losses(p, pair.labels)) for p in (pair.champion, pair.challenger)
    )
    moved = np.tensordot(_permutations(len(champion)), challenger - champion, axes=1)
    count = len(pair.labels)
    before = _at_best_temperature(champion.sum(axis=0) + moved) / count
    after = _at_best_temperature(challenger.sum(axis=0) - moved) / count
    return _change(before, after, before - after)


def calibration_change(pair: Paired) -> Change:
    """The expected calibration error (Guo et al. 2017), with the p-value of its rise."""
    champion, challenger = (
        _by_cluster(pair, _gaps(p, pair.labels)) for p in (pair.champion, pair.challenger)
    )
    moved = _permutations(len(champion)) @ (challenger - champion)
    before = np.abs(champion.sum(axis=0) + moved).sum(axis=1) / len(pair.labels)
    after = np.abs(challenger.sum(axis=0) - moved).sum(axis=1) / len(pair.labels)
    return _change(before, after, after - before)


def _change(before: Floats, after: Floats, differences: Floats) -> Change:
    """The observed figures, first of the permutations (p,), and the p-value of their difference.

    It is the share of permutations with as large a difference, the observed one among them.
    """
    p_value = float(np.mean(differences >= differences[0] - 1e-9))
    return Change(float(before[0]), float(after[0]), p_value)


def _permutations(clusters: int) -> NDArray[np.float32]:
    """Which clusters are exchanged (p, clusters), 0 or 1, first none; all subsets where few."""
    if 2**clusters <= PERMUTATIONS:
        numbers = np.arange(2**clusters)[:, None]
        return (numbers >> np.arange(clusters) & 1).astype(np.float32)
    generator = np.random.default_rng(0)
    chosen = generator.integers(0, 2, (1 + PERMUTATIONS, clusters), np.uint8)
    chosen[0] = 0
    return chosen.astype(np.float32)


def _by_cluster(pair: Paired, values: Floats) -> Floats:
    """The sum (clusters, …) of the digits' values (n, …)."""
    clusters = pair.clusters
    sums = np.zeros((clusters.max() + 1, *values.shape[1:]))
    np.add.at(sums, clusters, values)
    return sums


def _losses(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Floats:
    """Log losses (n, 2, t), uncut and cut, at each of `_TEMPERATURES`."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30))
    logits -= logits.max(axis=1, keepdims=True)
    chosen = logits[np.arange(len(labels)), labels]
    totals = [np.log(np.exp(logits / t).sum(axis=1)) - chosen / t for t in _TEMPERATURES]
    losses = np.stack(totals, axis=1)
    return np.stack([losses, np.minimum(losses, _LOSS_LIMIT)], axis=1)


def _at_best_temperature(totals: Floats) -> Floats:
    """The cut loss (p,) where the uncut one is least, of totals (p, 2, t).

    Between the grid's temperatures both losses are interpolated by a parabola: without that, the
    best temperature would jump, and the loss with it.
    """
    rows = np.arange(len(totals))
    best = totals[:, 0].argmin(axis=1).clip(1, len(_TEMPERATURES) - 2)
    left, middle, right = (totals[rows, :, best + step] for step in (-1, 0, 1))
    slope, curvature = (right - left) / 2, right - 2 * middle + left
    step = -slope[:, 0] / np.maximum(curvature[:, 0], 1e-12)
    step = step.clip(-1, 1)
    cut: Floats = middle[:, 1] + step * slope[:, 1] + step**2 * curvature[:, 1] / 2
    return cut


def _gaps(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Floats:
    """Hit less confidence (n, bins) of each digit, in the bin of its confidence."""
    confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.zeros((len(labels), BINS))
    gaps[np.arange(len(labels)), bins] = (predicted == labels) - confidence
    return gaps
