"""The refine loop: a model learns from submissions beside the data that it comes from."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib import (
    datasets,
    evaluation,
    gate,
    hands,
    models,
    nondigits,
    origins,
    runs,
    settings,
    training,
)
from digitlib.datasets import Digits
from digitlib.gate import Decision, Pair
from digitlib.hands import Writers
from digitlib.intake import Intake
from digitlib.models import Network, Served
from digitlib.origins import Replay
from digitlib.recipe import Recipe, RunName, Share
from digitlib.recogniser import Recogniser
from digitlib.runs import Run
from digitlib.training import Progress


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


class Refined(NamedTuple):
    """A network that has learnt more, and what makes its sureness honest."""

    network: Network
    temperature: float
    rejection_threshold: float

    @torch.no_grad()
    def read(self, digits: Digits) -> NDArray[np.floating]:
        """Probabilities (n, 10) of the digits' images, as exactly as it would serve them."""
        device = next(self.network.parameters()).device
        served = Served(self.network, self.temperature).eval()
        batches = digits.images.to(device).split(training.EVALUATION_BATCH)
        return torch.cat([served(batch)[0].softmax(dim=1) for batch in batches]).cpu().numpy()


def recipe(card: dict[str, Any], asked: Refinement) -> Recipe:
    """How the model is trained on: as the first of its line was, but shorter and more gently."""
    return Recipe.checked(
        {
            **origins.parameters(card),
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


def mixed(
    replay: Replay, writers: Writers, asked: Refinement, how: Recipe
) -> tuple[Digits, Digits]:
    """What is learnt from and what is chosen by: the original data, and submissions redrawn."""
    train, validation = hands.with_sketches(
        replay.train, replay.validation, writers, asked.submission_share, asked.seed
    )
    if how.nondigit_share:
        train = nondigits.with_nondigits(train, how.nondigit_share, asked.seed)
    return train, validation


def refined(
    old: Recogniser,
    replay: Replay,
    writers: Writers,
    asked: Refinement,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Refined:
    """Train a copy of the model on; prints a line an epoch.

    How sure it may be, and below which confidence it rather asks, is chosen anew on the validation
    part.
    """
    how = recipe(old.card, asked)
    device = training.prepare(how)
    network = models.read_model(old.folder)
    train, validation = mixed(replay, writers, asked, how)
    for epoch in training.fit(network, train, validation, how, watch=watch):
        print(epoch)
    logits = training.predict_logits(network, validation.images.to(device)).cpu().numpy()
    temperature = evaluation.fitted_temperature(logits, validation.labels.numpy())
    probabilities = evaluation.probabilities(logits, temperature)
    return Refined(network, temperature, evaluation.rejection_threshold(probabilities))


def pedigree(card: dict[str, Any], intake: Intake) -> dict[str, Any]:
    """Where a refined model comes from: its ancestors, the oldest first, and the submissions.

    The submissions' ids are those that it or an ancestor learnt from or was chosen by.
    """
    metrics, before = card.get("metrics", {}), card.get("pedigree", {}).get("submissions", [])
    now = [sketch.id for sketch in (*intake.learnt, *intake.chosen_by)]
    parent = {
        "name": card["name"],
        "created": card.get("created"),
        "commit": card.get("commit"),
        "test_accuracy": metrics.get("test_accuracy"),
    }
    return {
        "parent": card["name"],
        "ancestors": [*card.get("pedigree", {}).get("ancestors", []), parent],
        "origin": origins.parameters(card),
        "submissions": sorted({*before, *now}),
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
    refined: Refined,
) -> dict[str, Any]:
    """What the refined model's card says, but for its metrics."""
    counts = {"train": len(intake.learnt), "validation": len(intake.chosen_by)}
    left_out = {"suspects": len(intake.suspects), "rejected": intake.rejected}
    return runs.card(
        run,
        dataclasses.asdict(asked),
        {**parent["data"], "submissions": {**counts, **left_out}},
        {},
        architecture=parent["architecture"],
        ensemble=parent.get("ensemble", 1),
        parameter_count=parent["parameter_count"],
        temperature=refined.temperature,
        rejection_threshold=refined.rejection_threshold,
        device=str(next(refined.network.parameters()).device),
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


def decide(card: dict[str, Any], asked: Refinement, by_people: Pair, original: Pair) -> Decision:
    """Whether the refined model may take the place of the one with this card."""
    best = best_before(card, original)
    return gate.decide(
        by_people,
        original,
        best_before=best,
        tolerance=asked.tolerance,
        floor=asked.floor,
        risk=asked.risk,
    )


def on_people(old: Recogniser, trials: Sequence[Refined], intake: Intake) -> Pair:
    """Old and new on the submissions of people new to both: each fold's by a model without it."""
    folds = [datasets.rasterised(fold) for fold in intake.folds]
    digits = reduce(datasets.joined, folds)
    new = np.concatenate([trial.read(fold) for trial, fold in zip(trials, folds, strict=True)])
    visits = [sketch.writer for sketch in intake.judged]
    return _pair("submissions of people new to it", digits, old, new)._replace(visits=visits)


def on_original(old: Recogniser, new: Recogniser, replay: Replay) -> Pair:
    """Both models, as they serve, on the original test set."""
    name = {"mnist": "MNIST's"}.get(old.card["data"]["name"], "the synthetic")
    return _pair(f"{name} test digits", replay.test, old, new.predict(replay.test.images.numpy()))


def _pair(name: str, digits: Digits, old: Recogniser, new: NDArray[np.floating]) -> Pair:
    """What the old model makes of the digits, beside what the new one does."""
    images = digits.images.numpy()
    return Pair(name, images, digits.labels.numpy(), old.predict(images), new)


def metrics(by_people: Pair, original: Pair, decision: Decision) -> dict[str, Any]:
    """The figures of a refined model, for its card and its row."""
    found = evaluation.accuracy(original.labels, original.new.argmax(axis=1))
    people = evaluation.accuracy(by_people.labels, by_people.new.argmax(axis=1))
    return {
        "test_accuracy": found.value,
        "test_accuracy_interval": [found.low, found.high],
        "test_images": found.n,
        "test_calibration_error": evaluation.calibration_error(original.new, original.labels),
        "people_accuracy": people.value,
        "people_accuracy_before": float(np.mean(by_people.old.argmax(axis=1) == by_people.labels)),
        "people_submissions": people.n,
        "passed": decision.promote,
        "checks": {check.name: check.found for check in decision.checks},
    }
