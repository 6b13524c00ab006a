"""Questions answered by training: variants of a recipe, each with several seeds, kept in `runs`.

What was once trained is looked up, so that a second execution goes on where the first one ended.
Everything is measured on MNIST's last 10,000 training images, which no trial learns from; the test
set stays unseen.
"""

import hashlib
import json
import statistics
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tqdm.auto import tqdm

from digitlib import datasets, training
from digitlib.store import Store
from digitlib.training import Recipe

STOPPED = "early stopping"  # the remedy that keeps its best epoch

# Recipes for few parameters, and for none of them in a convolution, chosen on what is held out.
FRUGAL = {"learning_rate": 0.04, "weight_decay": 0.0, "label_smoothing": 0.0, "batch_size": 128}
GOALS: dict[str, dict[str, Any]] = {
    "tiny": {"architecture": "tiny", "epochs": 30, "augment": 0.2, **FRUGAL},
    "small": {"architecture": "small", "epochs": 30, "augment": 0.4, **FRUGAL},
    "frugal-8": {"architecture": "frugal-8", "epochs": 30, "augment": 0.2, **FRUGAL},
    "frugal-20": {"architecture": "frugal-20", "epochs": 30, "augment": 0.4, **FRUGAL},
    "mlp": {
        "architecture": "mlp",
        "epochs": 40,
        "augment": 1.0,
        "learning_rate": 0.003,
        "weight_decay": 0.05,
        "batch_size": 128,
    },
}


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Budget:
    """The parameters of `notebooks/compare.ipynb` and their defaults."""

    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    epochs: Annotated[int, Field(ge=1, le=1000)] = 4
    limit: Annotated[int, Field(ge=0)] = 10_000
    augment: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] = 0.5
    goal_epochs: Annotated[int, Field(ge=1, le=1000)] = 4
    goal_images: Annotated[int, Field(ge=0)] = 10_000
    overfit_epochs: Annotated[int, Field(ge=1, le=1000)] = 12
    overfit_images: Annotated[int, Field(ge=1000, le=50_000)] = 50_000


def architecture_variants(architectures: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Variants that differ in their architecture, given by what to call each."""
    return {label: {"architecture": name} for label, name in architectures.items()}


def goal_variants(
    architectures: Mapping[str, str], epochs: int, images: int
) -> dict[str, dict[str, Any]]:
    """The same for so many epochs and images (0: all), each with its recipe in `GOALS`, if any."""
    budget = {**without_early_stopping(epochs), "limit": images}
    return {
        label: {**changes, **GOALS.get(changes["architecture"], {}), **budget}
        for label, changes in architecture_variants(architectures).items()
    }


def without_early_stopping(epochs: int) -> dict[str, int]:
    """So many epochs, without stopping early."""
    return {"epochs": epochs, "patience": epochs}


def remedies(epochs: int) -> dict[str, dict[str, Any]]:
    """What helps against learning by heart, one remedy at a time, after none at all.

    Averaged weights are a remedy as well, so there are none here.
    """
    none = {
        "architecture": "plain-no-dropout",
        "augment": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "ema": 0.0,
        **without_early_stopping(epochs),
    }
    return {
        "no remedy": none,
        "warps": {**none, "augment": 0.7},
        "dropout": {**none, "architecture": "plain-60-dropout"},
        "weight decay": {**none, "weight_decay": 1.0},
        STOPPED: {**none, "patience": max(2, epochs // 6)},
    }


def overfitting_variants(images: int, epochs: int) -> dict[str, dict[str, Any]]:
    """Each remedy on a hundredth, a tenth and all of the images; fewer are seen more often."""
    sizes = {"1 %": (images // 100, 5), "10 %": (images // 10, 2), "all": (images, 1)}
    return {
        f"{size}, {remedy}": {**changes, "limit": limit}
        for size, (limit, times) in sizes.items()
        for remedy, changes in remedies(times * epochs).items()
    }


HELD_OUT = 10_000  # of MNIST's training images, the last
NOTEBOOK = "compare"  # under which the trials stand in `runs`
Changes = Mapping[str, Any]


class Trial(NamedTuple):
    """A variant's outcome with one seed."""

    accuracy: float  # on what was held out, of the epoch that was kept
    kept: int  # that epoch; 1 is the first
    seconds: float  # of training
    parameters: int
    training_losses: list[float]  # after each epoch, on unwarped training images
    validation_losses: list[float]
    validation_accuracies: list[float]

    def at_last(self) -> "Trial":
        """The outcome if the last epoch is taken as it is, instead of the best one."""
        last = self.validation_accuracies[-1]
        return self._replace(accuracy=last, kept=len(self.validation_accuracies))


class Variant(NamedTuple):
    """All seeds of one variant."""

    name: str
    recipe: Recipe  # of the first seed
    trials: list[Trial]

    @property
    def accuracy(self) -> float:
        """The mean over seeds."""
        return statistics.mean(trial.accuracy for trial in self.trials)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest accuracy of a seed."""
        accuracies = [trial.accuracy for trial in self.trials]
        return min(accuracies), max(accuracies)

    @property
    def seconds(self) -> float:
        """The median over seeds: a machine busy with something else slows some of them."""
        return statistics.median(trial.seconds for trial in self.trials)

    @property
    def parameters(self) -> int:
        """How many trained numbers the network has."""
        return self.trials[0].parameters


class AblationStudy:
    """Trains what has not been trained yet, on MNIST less what is held out."""

    def __init__(self, store: Store, common: Changes) -> None:
        """`common` are changes to the default recipe that all variants share."""
        self._store = store
        self._common = common
        mnist, _ = datasets.load_mnist()
        self._learnt, self._held_out = datasets.hold_out_last(mnist, HELD_OUT)
        rows = store.runs().filter(f"notebook = '{NOTEBOOK}'").project("parameters, metrics")
        self._known = {_key(json.loads(p)): json.loads(m) for p, m in rows.fetchall()}

    def compare(self, variants: Mapping[str, Changes], seeds: int) -> list[Variant]:
        """Each variant with seeds 0 to `seeds` - 1, in their order."""
        wanted = {name: self._recipes(changes, seeds) for name, changes in variants.items()}
        new = {
            key: (name, recipe)
            for name, recipes in wanted.items()
            for key, recipe in recipes.items()
            if key not in self._known
        }
        bar = tqdm(new.items(), desc="trials", unit="trial", leave=False, disable=not new)
        for key, (name, recipe) in bar:
            bar.set_postfix_str(name)
            self._known[key] = self._trained(name, recipe)._asdict()
        return [
            Variant(name, next(iter(recipes.values())), [Trial(**self._known[k]) for k in recipes])
            for name, recipes in wanted.items()
        ]

    def _recipes(self, changes: Changes, seeds: int) -> dict[str, Recipe]:
        """A variant's recipe for each seed, by the key of its trial."""
        asked = {**self._common, **changes}
        recipes = [Recipe.checked({**asked, "seed": seed}) for seed in range(seeds)]
        conditions = _conditions(recipes[0])  # the same for each seed
        return {_key({**recipe.as_dict(), **conditions}): recipe for recipe in recipes}

    def _trained(self, name: str, recipe: Recipe) -> Trial:
        """Train, and keep the outcome."""
        training.prepare(recipe)
        network = training.build(recipe.architecture)
        learnt = datasets.first(self._learnt, recipe.limit)
        epochs = list(training.fit(network, learnt, self._held_out, recipe))
        best = training.best_epoch(epochs, len(self._held_out.labels))
        trial = Trial(
            best.validation_accuracy,
            best.number,
            sum(epoch.seconds for epoch in epochs),
            training.parameter_count(network),
            [epoch.training_loss for epoch in epochs],
            [epoch.validation_loss for epoch in epochs],
            [epoch.validation_accuracy for epoch in epochs],
        )
        self._store.record_run(
            run_name=name,
            notebook=NOTEBOOK,
            parameters={**recipe.as_dict(), **_conditions(recipe), "run_name": name},
            metrics=trial._asdict(),
            model="",
        )
        return trial


def _conditions(recipe: Recipe) -> dict[str, Any]:
    """What the recipe's architecture is today, and on what it is trained.

    A network may change under its name, and seconds tell little on another computer.
    """
    network = training.build(recipe.architecture)
    structure = f"{network} {training.layer_shapes(network)}"
    return {
        "network": hashlib.sha256(structure.encode()).hexdigest()[:16],
        "device": str(training.choose_device(recipe.device)),
        "threads": torch.get_num_threads(),
    }


def _key(parameters: Changes) -> str:
    """What makes two trials the same: all that changes what is learnt, or its seconds."""
    aside = {"run_name", "resume", "promote", "preset", "validation_fraction"}
    return json.dumps({k: v for k, v in parameters.items() if k not in aside}, sort_keys=True)
