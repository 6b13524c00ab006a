"""Ablations: each variant of a recipe trained with several seeds, and kept in the table of runs.

A trial that is already in the table is not repeated. Accuracy is measured on MNIST's last 10,000
training images, on which no trial is trained; the test set is not used. A trial is a task: it is
trained in this process, or by a worker of a Dask cluster.
"""

import hashlib
import json
import statistics
from collections import deque
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm.auto import tqdm

from digitlib import datasets, training
from digitlib.datasets import Digits
from digitlib.experiments.variants import Changes
from digitlib.store import Store
from digitlib.training import Recipe

HELD_OUT = 10_000  # of MNIST's training images, the last
NOTEBOOK = "compare"  # the name of the trials in the table of runs


class Trial(NamedTuple):
    """The result of a variant with one seed."""

    accuracy: float  # on the held-out images, of the epoch that was kept
    kept: int  # that epoch: the last, but with early stopping the best; 1 is the first
    seconds: float  # of training
    parameters: int
    training_losses: list[float]  # after each epoch, without augmentation
    validation_losses: list[float]
    validation_accuracies: list[float]


class Variant(NamedTuple):
    """A variant with all its trials."""

    name: str
    recipe: Recipe  # of the first seed
    trials: list[Trial]

    @property
    def accuracy(self) -> float:
        """The mean over seeds, 0 to 1."""
        return statistics.mean(trial.accuracy for trial in self.trials)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest accuracy of a seed."""
        accuracies = [trial.accuracy for trial in self.trials]
        return min(accuracies), max(accuracies)

    @property
    def seconds(self) -> float:
        """Of training, the median over seeds: other work on the machine slows some of them."""
        return statistics.median(trial.seconds for trial in self.trials)

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        return self.trials[0].parameters


class AblationStudy:
    """Trains the trials that are not in the table of runs, on MNIST without the held-out images."""

    def __init__(
        self, store: Store, common: Changes, held_out: int = HELD_OUT, scheduler: str = ""
    ) -> None:
        """`common` are the changes to the default recipe that all variants share.

        Accuracy is measured on the first `held_out` of the held-out images. With a `scheduler`, the
        workers of its Dask cluster train; raises RuntimeError where they can't be used.
        """
        self._store, self._common, self._scheduler = store, common, scheduler
        with training.started(None, scheduler=scheduler) as workers:
            device = Recipe.checked(common).device
            [(_, self._hardware)] = workers.results(_hardware, deque([(device,)]))
        mnist, _ = datasets.load_mnist()
        self._train_digits, last = datasets.hold_out_last(mnist, HELD_OUT)
        self._held_out = datasets.first(last, held_out)
        rows = store.runs().filter(f"notebook = '{NOTEBOOK}'").project("parameters, metrics")
        self._known = {_key(json.loads(p)): json.loads(m) for p, m in rows.fetchall()}

    def compare(self, variants: Mapping[str, Changes], seeds: int) -> list[Variant]:
        """Each variant with seeds 0 to `seeds` - 1, in their order."""
        planned = {name: self._recipes(changes, seeds) for name, changes in variants.items()}
        new = {
            key: (name, recipe)
            for name, recipes in planned.items()
            for key, recipe in recipes.items()
            if key not in self._known
        }
        if new:
            self._train(new)
        return [
            Variant(name, next(iter(recipes.values())), [Trial(**self._known[k]) for k in recipes])
            for name, recipes in planned.items()
        ]

    def _recipes(self, changes: Changes, seeds: int) -> dict[str, Recipe]:
        """A variant's recipe for each seed, by the key of its trial."""
        parameters = {**self._common, **changes}
        recipes = [Recipe.checked({**parameters, "seed": seed}) for seed in range(seeds)]
        conditions = self._conditions()
        return {_key({**recipe.as_dict(), **conditions}): recipe for recipe in recipes}

    def _train(self, new: Mapping[str, tuple[str, Recipe]]) -> None:
        """Train the trials, by their keys with the variants' names, and record them as they end."""
        waiting = deque((key, recipe) for key, (_, recipe) in new.items())
        shared = (self._train_digits, self._held_out)
        bar = tqdm(total=len(new), desc="trials", unit="trial", leave=False)
        with bar, training.started(shared, scheduler=self._scheduler) as workers:
            for (key, recipe), trial in workers.results(_trained, waiting):
                name = new[key][0]
                self._record(name, recipe, trial)
                self._known[key] = trial._asdict()
                bar.set_postfix_str(name)
                bar.update()

    def _record(self, name: str, recipe: Recipe, trial: Trial) -> None:
        self._store.record_run(
            run_name=name,
            notebook=NOTEBOOK,
            parameters={**recipe.as_dict(), **self._conditions(), "run_name": name},
            metrics=trial._asdict(),
            model="",
        )

    def _conditions(self) -> dict[str, Any]:
        """What else a trial depends on: the code, the libraries, the hardware and the images."""
        return {
            "code": _code_version(),
            "torch": torch.__version__,
            "held_out": len(self._held_out.labels),
            **self._hardware,
        }


def _hardware(shared: None, device: str) -> dict[str, Any]:
    """Where trials are trained; a task."""
    return {"device": str(training.choose_device(device)), "threads": torch.get_num_threads()}


def _trained(digits: tuple[Digits, Digits], key: str, recipe: Recipe) -> Trial:
    """Train a trial; a task that depends on nothing else.

    Only early stopping chooses an epoch by the held-out images.
    """
    training.prepare(recipe)
    network = training.build(recipe.architecture, options=recipe.architecture_options)
    train, held_out = datasets.first(digits[0], recipe.limit), digits[1]
    stops = recipe.patience < recipe.epochs
    choose = training.best_epoch if stops else training.last_epoch
    epochs = list(training.fit(network, train, held_out, recipe, choose=choose))
    kept = choose(epochs, len(held_out.labels))
    return Trial(
        kept.validation_accuracy,
        kept.number,
        sum(epoch.seconds for epoch in epochs),
        training.parameter_count(network),
        [epoch.training_loss for epoch in epochs],
        [epoch.validation_loss for epoch in epochs],
        [epoch.validation_accuracy for epoch in epochs],
    )


@cache
def _code_version() -> str:
    """A hash of the source of the rooms that decide what a trial learns."""
    digest = hashlib.sha256()
    for room in (training, datasets):
        for path in sorted(Path(str(room.__file__)).parent.glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _key(parameters: Changes) -> str:
    """Identifies a trial: all parameters that change its result or its seconds."""
    aside = {"run_name", "resume", "promote", "preset", "validation_fraction", "scheduler"}
    return json.dumps({k: v for k, v in parameters.items() if k not in aside}, sort_keys=True)
