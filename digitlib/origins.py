"""The data that a model comes from: to learn from again, and to measure by."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from digitlib import datasets, hands
from digitlib.datasets import DataUnavailable, Digits
from digitlib.drift import Yardstick
from digitlib.hands import Writers
from digitlib.recogniser import Recogniser
from digitlib.settings import notebook_defaults
from digitlib.strokes import SUBMISSION


class Replay(NamedTuple):
    """The data that a model comes from: a share to learn from again, what chose it, its test."""

    train: Digits
    validation: Digits
    test: Digits
    note: str = ""


def parameters(card: dict[str, Any]) -> dict[str, Any]:
    """The parameters with which a model, or the first of its line, was trained."""
    given = card.get("pedigree", {}).get("origin", card["parameters"])
    known = notebook_defaults("train")
    return {**known, **{name: value for name, value in given.items() if name in known}}


def replayed(card: dict[str, Any], count: int, seed: int) -> Replay:
    """`count` of the training images that the model of this card comes from, held-out parts apart.

    Submissions that were exported to the sketches are left out: refining takes them from the
    database, where reviews count and they are judged before they are learnt from. Where the model
    learnt from pen sketches that are no longer there, the note says so.
    """
    begun, note = parameters(card), ""
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    train, validation = datasets.split(
        datasets.first(data.train, begun["limit"]), begun["validation_fraction"], begun["seed"]
    )
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed))
    train = Digits(*(part[order[:count]] for part in train))
    if card["data"].get("sketches"):
        try:
            writers = hands.parted_as_before(
                datasets.load_sketches(),
                card["data"]["sketches"],
                begun["validation_fraction"],
                begun["seed"],
            )
            writers = Writers(*([s for s in part if s.source != SUBMISSION] for part in writers))
            if not writers.train:
                raise DataUnavailable("There are no pen sketches but submissions.")
            share = begun["sketch_share"]
            train, validation = hands.with_sketches(train, validation, writers, share, seed)
        except (DataUnavailable, ValueError) as error:  # none, or too few to be parted again
            note = f"{error} The model learnt from some: it may forget a little of them."
    return Replay(train, validation, data.test, note)


def learnt(recogniser: Recogniser) -> list[str]:
    """The ids of the submissions that a model or an ancestor learnt from or was chosen by."""
    ids: list[str] = recogniser.card.get("pedigree", {}).get("submissions", [])
    return ids


def yardstick(
    recogniser: Recogniser, submissions: NDArray[np.uint8], count: int = 5000
) -> Yardstick | None:
    """How far unseen drawings may lie from what a model learnt from; None without its data.

    That is the data that it comes from, and the images (n, 28, 28) of submissions.
    """
    try:
        replay = replayed(recogniser.card, count, seed=0)
    except DataUnavailable:
        return None
    known = np.concatenate([replay.train.images.numpy(), submissions])
    return Yardstick.of(recogniser, known, replay.validation.images.numpy())
