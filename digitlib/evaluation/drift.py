"""Do drawings drift away from what a model was trained on? How many lie farther out than its own.

The distance is to the nearest of some training images, in the features of the model's last block
(Sun, Ming, Zhu and Li 2022). By how it is made, 5 % of unseen images like those of the training
lie beyond; more is drift.
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

EXPECTED = 0.05  # share of images like the training's that lie beyond
_CHUNK = 500
Images = NDArray[np.uint8]


class DriftReference(NamedTuple):
    """Features (k, d) of training images, scaled to length 1, and the distance that few exceed."""

    recogniser: Recogniser
    known: NDArray[np.float32]
    limit: float

    @classmethod
    def of(cls, recogniser: Recogniser, train: Images, unseen: Images) -> "DriftReference":
        """From images (n, 28, 28) that the model learnt from, and others of the same kind."""
        known = _unit(recogniser.features(train))
        distances = _nearest(_unit(recogniser.features(unseen)), known)
        return cls(recogniser, known, float(np.quantile(distances, 1 - EXPECTED)))

    def beyond(self, images: Images) -> NDArray[np.bool_]:
        """Which of the images (n, 28, 28) lie farther from the training than it does itself."""
        return _nearest(_unit(self.recogniser.features(images)), self.known) > self.limit


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(lengths, 1e-12)


def _nearest(asked: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """The distance (n,) from each to the nearest known, between points of length 1."""
    alike = [(asked[i : i + _CHUNK] @ known.T).max(axis=1) for i in range(0, len(asked), _CHUNK)]
    distances: NDArray[np.float32] = np.sqrt(np.maximum(0, 2 - 2 * np.concatenate(alike)))
    return distances


def by_group(groups: Sequence[str], beyond: NDArray[np.bool_]) -> dict[str, Accuracy]:
    """The share beyond in each group (n,), such as a day, with its 95 % interval."""
    names = np.asarray(groups)
    return {
        str(name): metrics.accuracy(np.ones((names == name).sum(), int), beyond[names == name])
        for name in sorted(set(groups))
    }


def above(shares: Mapping[str, Accuracy], risk: float = 0.05) -> list[str]:
    """The groups with clearly more beyond than expected; of many, one soon is by chance.

    An exact binomial test each, with Holm's correction for their number (Holm 1979).
    """
    from scipy.stats import binom

    chances = {
        name: float(binom.sf(round(share.value * share.n) - 1, share.n, EXPECTED))
        for name, share in shares.items()
    }
    found: list[str] = []
    for name in sorted(chances, key=lambda name: chances[name]):
        if chances[name] > risk / (len(chances) - len(found)):
            break
        found.append(name)
    return found


def drift_sentence(shares: Mapping[str, Accuracy]) -> str:
    """What the shares beyond say, in words."""
    if not shares:
        return "There is nothing to measure yet."
    far, expected = above(shares), percent(EXPECTED, 0)
    if not far:
        count = sum(share.n for share in shares.values())
        out = round(sum(share.value * share.n for share in shares.values()))
        all_days = metrics.accuracy(np.ones(count, int), np.repeat([1, 0], [out, count - out]))
        known = all_days.high <= 2 * EXPECTED
        so = "people draw what the model knows" if known else "too few sketches to tell more"
        return f"No day lies clearly above {expected}: {so}."
    worst = max(far, key=lambda name: shares[name].value)
    return (
        f"**{len(far)} of {len(shares)} days lie above {expected}**, most of all {worst} with "
        f"{percent(shares[worst].value, 0)}: people draw digits that the training hardly has. "
        "`refine.ipynb` lets the model learn from them."
    )


def trained_submission_ids(recogniser: Recogniser) -> list[str]:
    """The ids of the submissions that a model or an ancestor learnt from or was chosen by."""
    ids: list[str] = lineage(recogniser.card).get("submissions", [])
    return ids


def drift_reference(
    recogniser: Recogniser, submissions: NDArray[np.uint8], count: int = 5000
) -> DriftReference | None:
    """How far unseen drawings may lie from what a model learnt from; None without its data.

    That is the data that it comes from, and the images (n, 28, 28) of submissions.
    """
    try:
        replay = replay_data(recogniser.card, count, seed=0)
    except DataUnavailable:
        return None
    known = np.concatenate([replay.train.images.numpy(), submissions])
    return DriftReference.of(recogniser, known, replay.validation.images.numpy())
