"""The data that a model comes from: to learn from again, and to measure by."""

from typing import Any, NamedTuple

import torch

from digitlib import datasets
from digitlib.datasets import DataUnavailable, Digits, Writers
from digitlib.notebook import RENAMED_PARAMETERS
from digitlib.recogniser import lineage
from digitlib.strokes import SUBMISSION
from digitlib.training.recipe import Recipe


class Replay(NamedTuple):
    """The data that a model comes from: a share to learn from again, what chose it, its test."""

    train: Digits
    validation: Digits
    test: Digits
    note: str = ""


def recipe_parameters(card: dict[str, Any]) -> dict[str, Any]:
    """The parameters with which a model, or the first of its line, was trained."""
    given = lineage(card).get("origin", card["parameters"])
    known = Recipe().as_dict()
    renamed = {RENAMED_PARAMETERS.get(name, name): value for name, value in given.items()}
    return {**known, **{name: value for name, value in renamed.items() if name in known}}


def replay_data(card: dict[str, Any], count: int, seed: int) -> Replay:
    """`count` of the training images that the model of this card comes from, held-out parts apart.

    Submissions that were exported to the sketches are left out: refining takes them from the
    database, where reviews count and they are judged before they are learnt from. Where the model
    learnt from pen sketches that are no longer there, the note says so.
    """
    begun, note = recipe_parameters(card), ""
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    train, validation = datasets.split(
        datasets.first(data.train, begun["limit"]), begun["validation_fraction"], begun["seed"]
    )
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed))
    train = Digits(*(part[order[:count]] for part in train))
    if card["data"].get("sketches"):
        try:
            writers = datasets.split_as_trained(
                datasets.load_sketches(),
                card["data"]["sketches"],
                begun["validation_fraction"],
                begun["seed"],
            )
            writers = Writers(*([s for s in part if s.source != SUBMISSION] for part in writers))
            if not writers.train:
                raise DataUnavailable("There are no pen sketches but submissions.")
            share = begun["sketch_share"]
            train, validation = datasets.mix_sketches(train, validation, writers, share, seed)
        except (DataUnavailable, ValueError) as error:  # none, or too few to be parted again
            note = f"{error} The model learnt from some: it may forget a little of them."
    return Replay(train, validation, data.test, note)
