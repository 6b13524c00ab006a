"""The refine loop: a model learns from submissions beside the data that it comes from."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib import datasets, evaluation, gate, hands, nondigits, runs, settings
from digitlib.datasets import DataUnavailable, Digits
from digitlib.drift import Yardstick
from digitlib.gate import Decision, Pair
from digitlib.intake import Intake
from digitlib.recipe import Recipe, RunName, Share
from digitlib.recogniser import Recogniser
from digitlib.runs import Run
from digitlib.settings import notebook_defaults
from digitlib.strokes import Sketch


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Refinement:
    """What `notebooks/refine.ipynb` was asked to do; its parameters cell holds the defaults."""

    model: str
    epochs: Annotated[int, Field(ge=1, le=1000)]
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
    replay: Annotated[int, Field(ge=100)]
    submission_share: Annotated[float, Field(gt=0, lt=1)]
    least: Annotated[int, Field(ge=10)]
    tolerance: Share
    floor: Share
    risk: Annotated[float, Field(gt=0, le=0.5)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    device: Literal["auto", "cpu", "cuda", "mps"]
    run_name: RunName
    promote: bool


class Replay(NamedTuple):
    """The data that a model comes from: a share to learn from again, what chose it, its test."""

    train: Digits
    validation: Digits
    test: Digits
    note: str = ""


def origin(card: dict[str, Any]) -> dict[str, Any]:
    """The parameters with which a model, or the first of its line, was trained."""
    given = card.get("pedigree", {}).get("origin", card["parameters"])
    known = notebook_defaults("train")
    return {**known, **{name: value for name, value in given.items() if name in known}}


def replayed(card: dict[str, Any], count: int, seed: int) -> Replay:
    """`count` of the training images that the model of this card comes from, held-out parts apart.

    Where it learnt from pen sketches that are no longer there, the note says so.
    """
    begun, note = origin(card), ""
    data = datasets.load_dataset(card["data"]["name"], begun["seed"], begun["limit"] or 30_000)
    train, validation = datasets.split(
        datasets.first(data.train, begun["limit"]), begun["validation_fraction"], begun["seed"]
    )
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed))
    train = Digits(*(part[order[:count]] for part in train))
    if card["data"].get("sketches"):
        try:
            writers = hands.split_by_writer(
                datasets.load_sketches(), begun["validation_fraction"], begun["seed"]
            )
            share = begun["sketch_share"]
            train, validation = hands.with_sketches(train, validation, writers, share, seed)
        except DataUnavailable as error:
            note = f"{error} The model learnt from some: it may forget a little of them."
    return Replay(train, validation, data.test, note)


def yardstick(recogniser: Recogniser, count: int = 5000) -> Yardstick | None:
    """How far unseen drawings may lie from the data that a model comes from; None without them."""
    try:
        replay = replayed(recogniser.card, count, seed=0)
    except DataUnavailable:
        return None
    return Yardstick.of(recogniser, replay.train.images.numpy(), replay.validation.images.numpy())


def recipe(card: dict[str, Any], asked: Refinement) -> Recipe:
    """How the model is trained on: as the first of its line was, but shorter and more gently."""
    return Recipe.checked(
        {
            **origin(card),
            "preset": "accurate",
            "architecture": card["architecture"],
            "epochs": asked.epochs,
            "patience": asked.epochs,
            "learning_rate": asked.learning_rate,
            "limit": 0,
            "seed": asked.seed,
            "device": asked.device,
            "run_name": asked.run_name,
            "resume": False,
            "promote": asked.promote,
        }
    )


def mixed(replay: Replay, intake: Intake, asked: Refinement, how: Recipe) -> tuple[Digits, Digits]:
    """What is learnt from and what is chosen by: the original data, and submissions redrawn."""
    train, validation = hands.with_sketches(
        replay.train, replay.validation, intake.sketches, asked.submission_share, asked.seed
    )
    if how.nondigit_share:
        train = nondigits.with_nondigits(train, how.nondigit_share, asked.seed)
    return train, validation


def pedigree(card: dict[str, Any], intake: Intake) -> dict[str, Any]:
    """Where a refined model comes from: its ancestors, the oldest first, and the submissions."""
    metrics = card.get("metrics", {})
    parent = {
        "name": card["name"],
        "created": card.get("created"),
        "commit": card.get("commit"),
        "test_accuracy": metrics.get("test_accuracy"),
    }
    return {
        "parent": card["name"],
        "ancestors": [*card.get("pedigree", {}).get("ancestors", []), parent],
        "origin": origin(card),
        "submissions": sorted(sketch.id for part in intake.sketches[:2] for sketch in part),
    }


def best_before(card: dict[str, Any], original: Pair) -> float:
    """The best accuracy on the original test set of a model's line, it itself included."""
    now = float(np.mean(original.old.argmax(axis=1) == original.labels))
    line = [model["test_accuracy"] for model in card.get("pedigree", {}).get("ancestors", [])]
    return max(accuracy for accuracy in [*line, now] if accuracy is not None)


def card(
    run: Run,
    asked: Refinement,
    parent: dict[str, Any],
    intake: Intake,
    *,
    temperature: float,
    rejection_threshold: float,
    device: str,
) -> dict[str, Any]:
    """What the refined model's card says, but for its metrics."""
    counts = dict(zip(("train", "validation", "test"), map(len, intake.sketches), strict=True))
    left_out = {"suspects": len(intake.suspects), "rejected": intake.rejected}
    return runs.card(
        run,
        dataclasses.asdict(asked),
        {**parent["data"], "submissions": {**counts, **left_out}},
        {},
        architecture=parent["architecture"],
        parameter_count=parent["parameter_count"],
        temperature=temperature,
        rejection_threshold=rejection_threshold,
        device=device,
        pedigree=pedigree(parent, intake),
    )


def complete(run: Run, card: dict[str, Any]) -> Path:
    """Put the whole card into the run's folder and make that a model folder; returns it."""
    settings.write_atomically(run.folder / "card.json", json.dumps(card, indent=2) + "\n")
    return runs.finish(run)


def changed(pair: Pair, right: bool, most: int = 30) -> dict[str, Any]:
    """For `plots.digit_grid`: what only the new model reads right, or only the old one."""
    places = pair.newly(right)
    wrong = (pair.old if right else pair.new).argmax(axis=1)
    title = f"{pair.name}: {len(places)} newly {'right' if right else 'wrong'}"
    captions = [f"{pair.labels[i]}→{wrong[i]}" for i in places[:most]]
    return {"images": pair.images[places[:most]], "captions": captions, "title": title}


def decide(card: dict[str, Any], asked: Refinement, held_out: Pair, original: Pair) -> Decision:
    """Whether the refined model may take the place of the one with this card."""
    best = best_before(card, original)
    return gate.decide(
        held_out,
        original,
        best_before=best,
        tolerance=asked.tolerance,
        floor=asked.floor,
        risk=asked.risk,
    )


def pairs(
    old: Recogniser, new: Recogniser, held_out: Sequence[Sketch], replay: Replay
) -> tuple[Pair, Pair]:
    """Both models, as they serve, on the submissions held out and on the original test set."""
    unseen = datasets.rasterised(list(held_out))
    name = {"mnist": "MNIST's"}.get(old.card["data"]["name"], "the synthetic")
    return tuple(  # type: ignore[return-value]
        Pair(
            what,
            digits.images.numpy(),
            digits.labels.numpy(),
            old.predict(digits.images.numpy()),
            new.predict(digits.images.numpy()),
        )
        for what, digits in (("submissions held out", unseen), (f"{name} test digits", replay.test))
    )


def metrics(held_out: Pair, original: Pair, decision: Decision) -> dict[str, Any]:
    """The figures of a refined model, for its card and its row."""
    found = evaluation.accuracy(original.labels, original.new.argmax(axis=1))
    people = evaluation.accuracy(held_out.labels, held_out.new.argmax(axis=1))
    return {
        "test_accuracy": found.value,
        "test_accuracy_interval": [found.low, found.high],
        "test_images": found.n,
        "test_calibration_error": evaluation.calibration_error(original.new, original.labels),
        "held_out_accuracy": people.value,
        "held_out_accuracy_before": float(np.mean(held_out.old.argmax(axis=1) == held_out.labels)),
        "held_out_submissions": people.n,
        "passed": decision.promote,
        "checks": {check.name: check.found for check in decision.checks},
    }
