"""The refine loop: a model learns from submissions beside the data that it comes from."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib import datasets, recogniser, settings, training
from digitlib.datasets import Digits, Writers
from digitlib.recogniser import STROKE_MODEL_FILES, Recogniser, lineage
from digitlib.refine.gate import Decision
from digitlib.refine.selection import Selected
from digitlib.training import Network, Progress, Recipe, Replay, Run, RunName, ServedNetwork, Share


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
        served = ServedNetwork(self.network, self.temperature).eval()
        batches = digits.images.to(device).split(training.EVALUATION_BATCH)
        return torch.cat([served(batch)[0].softmax(dim=1) for batch in batches]).cpu().numpy()


def refining_recipe(card: dict[str, Any], asked: Refinement) -> Recipe:
    """How the model is trained on: as the first of its line was, but shorter and more gently."""
    return Recipe.checked(
        {
            **training.recipe_parameters(card),
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


def training_mix(
    replay: Replay, writers: Writers, asked: Refinement, how: Recipe
) -> tuple[Digits, Digits]:
    """What is learnt from and what is chosen by: the original data, and submissions redrawn."""
    train, validation = datasets.mix_sketches(
        replay.train, replay.validation, writers, asked.submission_share, asked.seed
    )
    if how.nondigit_share:
        train = datasets.mix_nondigits(train, how.nondigit_share, asked.seed)
    return train, validation


def fine_tune(
    old: Recogniser,
    replay: Replay,
    writers: Writers,
    asked: Refinement,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Refined:
    """Train a copy of the model on; prints a line an epoch.

    How sure it may be of images, and below which confidence it rather asks, is chosen anew on the
    validation part.
    """
    how = refining_recipe(old.card, asked)
    device = training.prepare(how)
    network = training.read_model(old.folder)
    train, validation = training_mix(replay, writers, asked, how)
    for epoch in training.fit(network, train, validation, how, watch=watch):
        print(epoch)
    logits = training.predict_logits(network, validation.images.to(device)).cpu().numpy()
    temperature = training.fitted_temperature(logits, validation.labels.numpy())
    probabilities = training.probabilities(logits, temperature)
    return Refined(network, temperature, training.rejection_threshold(probabilities))


def refined_lineage(card: dict[str, Any], intake: Selected) -> dict[str, Any]:
    """Where a refined model comes from: its ancestors, the oldest first, and the submissions.

    The submissions' ids are those that it or an ancestor learnt from or was chosen by.
    """
    metrics, line = card.get("metrics", {}), lineage(card)
    before = line.get("submissions", [])
    now = [sketch.id for sketch in (*intake.learnt, *intake.chosen_by)]
    parent = {
        "name": card["name"],
        "created": card.get("created"),
        "commit": card.get("commit"),
        "test_accuracy": metrics.get("test_accuracy"),
    }
    return {
        "parent": card["name"],
        "ancestors": [*line.get("ancestors", []), parent],
        "origin": training.recipe_parameters(card),
        "submissions": sorted({*before, *now}),
    }


def refined_card(
    run: Run,
    asked: Refinement,
    parent: dict[str, Any],
    intake: Selected,
    refined: Refined,
) -> dict[str, Any]:
    """What the refined model's card says, but for its metrics."""
    counts = {"train": len(intake.learnt), "validation": len(intake.chosen_by)}
    left_out = {"suspects": len(intake.suspects), "rejected": intake.rejected}
    return training.model_card(
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
        lineage=refined_lineage(parent, intake),
        pen=parent.get("pen", {}),
    )


def write_refined(run: Run, refined: Refined, card: dict[str, Any], old: Recogniser) -> None:
    """Write what the refined model is made of into the run's folder.

    What learns from submissions is the reader of images. That of the pen's way is the old model's,
    and so is the threshold of the two, which was chosen on more hands than come in a night.
    """
    training.write_model(run.folder, refined.network, card)
    for name in STROKE_MODEL_FILES if card.get("pen") else ():
        shutil.copyfile(old.folder / name, run.folder / name)


def complete_model(run: Run, card: dict[str, Any]) -> Path:
    """Put the whole card into the run's folder and make that a model folder; returns it."""
    settings.write_atomically(run.folder / "card.json", json.dumps(card, indent=2) + "\n")
    return training.finish(run)


def promote_if_better(name: str, old: Recogniser, decision: Decision, asked: Refinement) -> str:
    """Let a refined model serve, if it may, and say in Markdown what serves from now on.

    It takes the place only of the model that it was compared with.
    """
    by_hand = f"To let {name} serve: `python -m digitlib.recogniser promote {name}`."
    if not (decision.promote and asked.promote):
        serving = f"**{Recogniser.load().name}** goes on serving."
        return f"{serving} {by_hand}" if decision.promote else serving
    try:
        recogniser.promote(name, instead_of=old.folder)
    except ValueError as error:
        return f"**{name} was not promoted:** {error} {by_hand}"
    return f"**{name}** serves from now on."
