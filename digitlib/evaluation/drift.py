"""Drift: do submissions differ from the training data?

A submission is an outlier when it lies farther from all training images, in the features of the
model's last block (Sun, Ming, Zhu and Li 2022), than 95 % of unseen images of the same kind do.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from digitlib.datasets import DataUnavailable
from digitlib.evaluation import metrics
from digitlib.evaluation.clusters import Clusters, critical_value
from digitlib.evaluation.metrics import Accuracy
from digitlib.recogniser import Recogniser, lineage
from digitlib.text import percent
from digitlib.training import replay_data

EXPECTED = 0.05  # share of outliers among images like the training's
_CHUNK = 500
Images = NDArray[np.uint8]


class DriftReference(NamedTuple):
    """Features (k, d) of training images, scaled to length 1, and the outliers' distance."""

    recogniser: Recogniser
    known: NDArray[np.float32]
    limit: float

    @classmethod
    def of(cls, recogniser: Recogniser, train: Images, unseen: Images) -> "DriftReference":
        """From training images (n, 28, 28), and unseen ones of the same kind."""
        known = _unit(recogniser.features(train))
        distances = _nearest(_unit(recogniser.features(unseen)), known)
        return cls(recogniser, known, float(np.quantile(distances, 1 - EXPECTED)))

    def beyond(self, images: Images) -> NDArray[np.bool_]:
        """Which of the images (n, 28, 28) are outliers."""
        return _nearest(_unit(self.recogniser.features(images)), self.known) > self.limit


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, 1e-12)


def _nearest(queries: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance (n,) from each query to the nearest known point, all of length 1."""
    cosines = [
        (queries[i : i + _CHUNK] @ known.T).max(axis=1) for i in range(0, len(queries), _CHUNK)
    ]
    distances: NDArray[np.float32] = np.sqrt(np.maximum(0, 2 - 2 * np.concatenate(cosines)))
    return distances


def by_group(
    groups: Sequence[str], outliers: NDArray[np.bool_], visits: Clusters = ()
) -> dict[str, Accuracy]:
    """The share of outliers (n,) in each group (n,), such as a day, with its 95 % interval.

    `visits` (n,) cluster the submissions: those of one visit are alike.
    """
    names, clusters = np.asarray(groups), np.asarray(visits)
    return {
        str(name): metrics.accuracy(
            np.ones(part.sum(), int), outliers[part], clusters[part] if len(clusters) else ()
        )
        for name in sorted(set(groups))
        for part in (names == name,)
    }


def p_value(share: Accuracy) -> float:
    """How likely as many outliers are where `EXPECTED` is the true share; 1 for a single visit.

    An exact binomial test of the effective sample size; its normal deviate is referred to
    Student's t with a degree of freedom less than there are visits.
    """
    count = share.value * share.effective_n
    if not share.has_interval or count == 0:
        return 1.0
    binomial = float(stats.beta.cdf(EXPECTED, count, share.effective_n - count + 1))
    if share.clusters is None:
        return binomial
    return float(stats.t.sf(stats.norm.isf(binomial), share.clusters - 1))


def drifted(shares: Mapping[str, Accuracy], risk: float = 0.05) -> list[str]:
    """The groups with significantly more outliers than expected.

    Holm's correction (1979) keeps the risk of naming any group at `risk` where there is no drift.
    """
    p_values = {name: p_value(share) for name, share in shares.items()}
    found: list[str] = []
    for name in sorted(p_values, key=lambda name: p_values[name]):
        if p_values[name] > risk / (len(p_values) - len(found)):
            break
        found.append(name)
    return found


def drift_sentence(shares: Mapping[str, Accuracy]) -> str:
    """Whether there is drift, as Markdown."""
    if not shares:
        return "There is nothing to measure yet."
    days, expected = drifted(shares), percent(EXPECTED, 0)
    if not days:
        known = _highest_share(list(shares.values())) <= 2 * EXPECTED
        reason = "no drift" if known else "too few visits to rule drift out"
        return f"No day has significantly more than {expected} outliers: {reason}."
    worst = max(days, key=lambda name: shares[name].value)
    highest = percent(shares[worst].value, 0)
    found = f"{worst} has {highest} outliers, more than {expected}"
    if len(days) > 1:
        found = f"{len(days)} of {len(shares)} days have more than {expected} outliers, most of all"
        found += f" {worst} with {highest}"
    trained = "trains on outliers too, unless their label is disputed or rejected"
    return f"**Drift: {found}.** `refine.ipynb` {trained}."


def _highest_share(shares: Sequence[Accuracy]) -> float:
    """The upper end of the 95 % interval of all days' share of outliers."""
    value = sum(share.value * share.n for share in shares) / sum(share.n for share in shares)
    visits = sum(share.clusters or share.n for share in shares)
    if visits == 1:
        return 1.0
    size = sum(share.effective_n for share in shares)
    return metrics.wilson_interval(value, size, critical_value(visits))[1]


def trained_submission_ids(recogniser: Recogniser) -> list[str]:
    """The ids of the submissions that a model or an ancestor learnt from or was chosen by."""
    ids: list[str] = lineage(recogniser.card).get("submissions", [])
    return ids


def drift_reference(
    recogniser: Recogniser, submissions: NDArray[np.uint8], count: int = 5000
) -> DriftReference | None:
    """The reference of a model: its training data and the images (n, 28, 28) of submissions.

    None where its training data is not available.
    """
    try:
        replay = replay_data(recogniser.card, count, seed=0)
    except DataUnavailable:
        return None
    known = np.concatenate([replay.train.images.numpy(), submissions])
    return DriftReference.of(recogniser, known, replay.validation.images.numpy())
