"""Questions answered by training: variants of a recipe, each with several seeds, kept in `runs`.

What was once trained is looked up, so that a second execution goes on where the first one ended.
Everything is measured on MNIST's last 10,000 training images, which no trial learns from; the test
set stays unseen.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tqdm.auto import tqdm

from digitlib import datasets, evaluation, models, training
from digitlib.recipe import Recipe
from digitlib.settings import notebook_defaults
from digitlib.store import Store

HELD_OUT = 10_000  # of MNIST's training images, the last
NOTEBOOK = "compare"  # under which the trials stand in `runs`

Changes = Mapping[str, Any]

# Recipes for few parameters, and for none of them in a convolution, chosen on what is held out.
FRUGAL = {"learning_rate": 0.04, "weight_decay": 0.0, "label_smoothing": 0.0, "batch_size": 128}
GOALS: dict[str, dict[str, Any]] = {
    "tiny": {"architecture": "tiny", "epochs": 30, "augment": 0.2, **FRUGAL},
    "small": {"architecture": "small", "epochs": 30, "augment": 0.4, **FRUGAL},
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
    """What `notebooks/compare.ipynb` was asked to do; its parameters cell holds the defaults."""

    seeds: Annotated[int, Field(ge=1, le=1000)]
    epochs: Annotated[int, Field(ge=1, le=1000)]
    goal_epochs: Annotated[int, Field(ge=1, le=1000)]
    limit: Annotated[int, Field(ge=0)]
    augment: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
    overfit_epochs: Annotated[int, Field(ge=1, le=1000)]
    overfit_images: Annotated[int, Field(ge=1000, le=50_000)]


class Trial(NamedTuple):
    """A variant's outcome with one seed."""

    accuracy: float  # on what was held out
    loss: float
    seconds: float  # of training
    parameters: int
    training_losses: list[float]  # after each epoch, on unwarped training images
    validation_losses: list[float]


class Variant(NamedTuple):
    """All seeds of one variant."""

    name: str
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
        """The mean over seeds."""
        return statistics.mean(trial.seconds for trial in self.trials)

    @property
    def parameters(self) -> int:
        """How many trained numbers the network has."""
        return self.trials[0].parameters


class Laboratory:
    """Trains what has not been trained yet, on MNIST less what is held out."""

    def __init__(self, store: Store, common: Changes) -> None:
        """`common` are parameters of `train.ipynb` that all variants share."""
        self._store = store
        self._common = {**notebook_defaults("train"), **common}
        mnist, _ = datasets.load_mnist()
        self._learnt, self._held_out = datasets.parted(mnist, HELD_OUT)
        rows = store.runs().filter(f"notebook = '{NOTEBOOK}'").project("parameters, metrics")
        self._known = {_key(json.loads(p)): json.loads(m) for p, m in rows.fetchall()}

    def compare(self, variants: Mapping[str, Changes], seeds: int) -> list[Variant]:
        """Each variant with seeds 0 to `seeds` - 1, in their order."""
        recipes = {
            name: [Recipe.checked({**self._common, **changes, "seed": n}) for n in range(seeds)]
            for name, changes in variants.items()
        }
        total = seeds * len(variants)
        with tqdm(total=total, desc="trials", unit="trial", leave=False) as bar:
            found = []
            for name, wanted in recipes.items():
                trials = []
                for recipe in wanted:
                    bar.set_postfix_str(name)
                    trials.append(self._outcome(name, recipe))
                    bar.update()
                found.append(Variant(name, trials))
        return found

    def _outcome(self, name: str, recipe: Recipe) -> Trial:
        key = _key(recipe.as_dict())
        if key not in self._known:
            trial = self._trained(recipe)
            self._known[key] = trial._asdict()
            self._store.record_run(
                run_name=name,
                notebook=NOTEBOOK,
                parameters={**recipe.as_dict(), "run_name": name},
                metrics=trial._asdict(),
                model="",
            )
        return Trial(**self._known[key])

    def _trained(self, recipe: Recipe) -> Trial:
        training.prepare(recipe)
        network = models.build(recipe.architecture)
        learnt = datasets.first(self._learnt, recipe.limit)
        epochs = list(training.fit(network, learnt, self._held_out, recipe))
        best = training.best_epoch(epochs, len(self._held_out.labels))
        return Trial(
            best.validation_accuracy,
            best.validation_loss,
            sum(epoch.seconds for epoch in epochs),
            models.parameter_count(network),
            [epoch.training_loss for epoch in epochs],
            [epoch.validation_loss for epoch in epochs],
        )


def _key(parameters: Changes) -> str:
    """What makes two trials the same: every parameter that changes what is learnt."""
    aside = {"run_name", "resume", "promote", "device", "preset", "validation_fraction"}
    return json.dumps({k: v for k, v in parameters.items() if k not in aside}, sort_keys=True)


def named(*architectures: str) -> dict[str, dict[str, Any]]:
    """Variants that differ in their architecture."""
    return {name: {"architecture": name} for name in architectures}


def goals(*names: str, epochs: int) -> dict[str, dict[str, Any]]:
    """Variants that follow the recipes of `GOALS`, for so many epochs."""
    return {name: {**GOALS[name], "epochs": epochs, "patience": epochs} for name in names}


def remedies(epochs: int) -> dict[str, dict[str, Any]]:
    """What helps against learning by heart, one remedy at a time, after none at all."""
    none = {
        "architecture": "plain-no-dropout",
        "augment": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "epochs": epochs,
        "patience": epochs,
    }
    return {
        "no remedy": none,
        "warps": {**none, "augment": 0.7},
        "dropout": {**none, "architecture": "plain-60-dropout"},
        "weight decay": {**none, "weight_decay": 1.0},
        "early stopping": {**none, "patience": max(2, epochs // 6)},
    }


def overfitted(images: int, epochs: int) -> dict[str, dict[str, Any]]:
    """Each remedy on a hundredth, a tenth and all of the images; fewer are seen more often."""
    sizes = {"1 %": (images // 100, 5), "10 %": (images // 10, 2), "all": (images, 1)}
    return {
        f"{size}, {remedy}": {**changes, "limit": limit}
        for size, (limit, times) in sizes.items()
        for remedy, changes in remedies(times * epochs).items()
    }


def readings(variants: Sequence[Variant]) -> str:
    """What the curves of each variant's first seed say, as Markdown."""
    rows = []
    for variant in variants:
        trial = variant.trials[0]
        read = evaluation.read_curves(trial.training_losses, trial.validation_losses)
        rows.append(
            f"| {variant.name} | {variant.accuracy:.2%} | {read.gap:+.3f} | {read.verdict} |"
        )
    return "\n".join(["| data, remedy | right | gap, nats | reading |", "|---|---|---|---|", *rows])


def table(variants: Sequence[Variant]) -> str:
    """The variants as Markdown."""
    rows = [
        f"| {v.name} | {v.accuracy:.2%} | {v.spread[0]:.2%} to {v.spread[1]:.2%} "
        f"| {v.parameters:,} | {v.seconds:.1f} |"
        for v in variants
    ]
    head = "| variant | right, mean | of the seeds | parameters | training, s |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def answer(variants: Sequence[Variant]) -> str:
    """The best of the variants in a sentence, and how far chance may account for it."""
    ranked = sorted(variants, key=lambda variant: -variant.accuracy)
    best, second, worst = ranked[0], ranked[1], ranked[-1]
    gain = 100 * (best.accuracy - worst.accuracy)
    clear = best.spread[0] > second.spread[1]
    return (
        f"**{best.name}** reads most, {best.accuracy:.2%}, {gain:.2f} points more than "
        f"{worst.name}. "
        + (
            f"Each of its seeds beats each of {second.name}'s."
            if clear
            else f"That it beats {second.name} may be chance: their seeds overlap."
        )
    )


def price(variants: Sequence[Variant]) -> str:
    """What the variant with the fewest parameters loses against the best, in a sentence."""
    least = min(variants, key=lambda variant: variant.parameters)
    best = max(variants, key=lambda variant: variant.accuracy)
    return (
        f"**{least.name}** has {least.parameters:,} parameters, "
        f"{least.parameters / best.parameters:.1%} of {best.name}'s {best.parameters:,}, and reads "
        f"{least.accuracy:.2%}, {100 * (best.accuracy - least.accuracy):.2f} points less."
    )
