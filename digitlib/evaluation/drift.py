"""Drift: do submissions differ from the training data?

A submission is an outlier when it lies farther from all training images, in the features of the
model's last block (Sun, Ming, Zhu and Li 2022), than 95 % of unseen images of the same kind do.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.datasets import DataUnavailable
from digitlib.evaluation import metrics
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


def by_group(groups: Sequence[str], beyond: NDArray[np.bool_]) -> dict[str, Accuracy]:
    """The share of outliers in each group (n,), such as a day, with its 95 % interval."""
    names = np.asarray(groups)
    return {
        str(name): metrics.accuracy(np.ones((names == name).sum(), int), beyond[names == name])
        for name in sorted(set(groups))
    }


def drifted(shares: Mapping[str, Accuracy], risk: float = 0.05) -> list[str]:
    """The groups with significantly more outliers than expected.

    An exact binomial test each, with Holm's correction for their number (Holm 1979).
    """
    from scipy.stats import binom

    p_values = {
        name: float(binom.sf(round(share.value * share.n) - 1, share.n, EXPECTED))
        for name, share in shares.items()
    }
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
        count = sum(share.n for share in shares.values())
        outliers = round(sum(share.value * share.n for share in shares.values()))
        overall = metrics.accuracy(
            np.ones(count, int), np.repeat([1, 0], [outliers, count - outliers])
        )
        known = overall.high <= 2 * EXPECTED
        reason = "no drift" if known else "too few submissions to rule drift out"
        return f"No day has significantly more than {expected} outliers: {reason}."
    worst = max(days, key=lambda name: shares[name].value)
    return (
        f"**Drift: {len(days)} of {len(shares)} days have more than {expected} outliers**, most "
        f"of all {worst} with {percent(shares[worst].value, 0)}. `refine.ipynb` trains on them."
    )


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
