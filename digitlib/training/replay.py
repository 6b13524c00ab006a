"""Rebuilds the training data from the card, for replay and as a drift reference."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch

from digitlib import datasets
from digitlib.datasets import DataUnavailable, Digits, Writers
from digitlib.notebook import RENAMED_PARAMETERS
from digitlib.recogniser import lineage
from digitlib.strokes import SUBMISSION, Sketch
from digitlib.training.architectures import RENAMED as RENAMED_ARCHITECTURES
from digitlib.training.own_images import add_own_images
from digitlib.training.recipe import Recipe


class Replay(NamedTuple):
    """Training data to replay, and the validation and test sets of the original training."""

    train: Digits
    validation: Digits
    test: Digits
    note: str = ""
    writers: Writers = Writers([], [], [])  # whose sketches are in `train` and `validation`


def recipe_parameters(card: dict[str, Any]) -> dict[str, Any]:
    """The training parameters of a model, or of the first model in its lineage."""
    given = lineage(card).get("origin", card["parameters"])
    known = Recipe().as_dict()
    renamed = {RENAMED_PARAMETERS.get(name, name): value for name, value in given.items()}
    found = {**known, **{name: value for name, value in renamed.items() if name in known}}
    current = RENAMED_ARCHITECTURES.get(found["architecture"])
    if current:
        found["architecture"], found["architecture_options"] = current
    return found


def writers_as_trained(card: dict[str, Any], sketches: Iterable[Sketch]) -> Writers:
    """The sketches of a model's collections, split as when it was trained.

    Raises ValueError where too few are there.
    """
    recipe = recipe_parameters(card)
    facts = card["data"]["sketches"]
    return datasets.split_as_trained(sketches, facts, recipe["validation_fraction"], recipe["seed"])


def replay_data(card: dict[str, Any], count: int, seed: int) -> Replay:
    """`count` of the model's original training images, with its validation and test sets.

    Leaves out submissions that were exported to the sketches: refining takes them from the
    database, where they are reviewed. The note says where sketches that the model was trained on
    are no longer there.
    """
    recipe, note, writers = recipe_parameters(card), "", Writers([], [], [])
    data = datasets.load_dataset(card["data"]["name"], recipe["seed"], recipe["limit"] or 30_000)
    train, validation = datasets.split(
        datasets.first(data.train, recipe["limit"]), recipe["validation_fraction"], recipe["seed"]
    )
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed))
    train = Digits(*(part[order[:count]] for part in train))
    if card["data"].get("sketches"):
        try:
            known = writers_as_trained(card, datasets.load_sketches())
            known = Writers(*([s for s in part if s.source != SUBMISSION] for part in known))
            if not known.train:
                raise DataUnavailable("All pen sketches are submissions.")
            share = recipe["sketch_share"]
            train, validation = datasets.mix_sketches(train, validation, known, share, seed)
            writers = known
        except (DataUnavailable, ValueError) as error:  # none, or too few to split
            note = f"{error} The model was trained on some and may forget them."
    if card["data"].get("images"):
        try:
            original = Recipe(**{**recipe, "preset": "accurate", "run_name": ""})
            train, validation, *_ = add_own_images(original, train, validation)
        except (DataUnavailable, ValueError) as error:  # none any more, or too few to split
            note = f"{note} {error} The model was trained on own images and may forget them."
    return Replay(train, validation, data.test, note.strip(), writers)
