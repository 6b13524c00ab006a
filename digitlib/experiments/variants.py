"""What is compared: variants as changes to a recipe, and the budget of the comparison."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib.training import Scheduler

Changes = Mapping[str, Any]  # parameters of a `Recipe`
EARLY_STOPPING = "early stopping"  # the only remedy that chooses an epoch

# Recipes for small networks and for dense layers, chosen on the held-out images.
_SMALL = {"learning_rate": 0.04, "weight_decay": 0.0, "label_smoothing": 0.0, "batch_size": 128}
_TINY = {"architecture": "tiny", "epochs": 30, **_SMALL}
GOALS: dict[str, dict[str, Any]] = {
    "tiny": {**_TINY, "augment": 0.2},
    "small": {**_TINY, "architecture": "small", "augment": 0.4},
    "tiny, 8 maps": {**_TINY, "architecture_options": "first=6, maps=8", "augment": 0.2},
    "tiny, 20 maps": {**_TINY, "architecture_options": "first=16, maps=20", "augment": 0.4},
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
    held_out: Annotated[int, Field(ge=100, le=10_000)] = 10_000
    augment: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] = 0.5
    goal_epochs: Annotated[int, Field(ge=1, le=1000)] = 4
    goal_images: Annotated[int, Field(ge=0)] = 10_000
    overfit_epochs: Annotated[int, Field(ge=1, le=1000)] = 12
    overfit_images: Annotated[int, Field(ge=1000, le=50_000)] = 50_000
    scheduler: Scheduler = ""


def without_early_stopping(epochs: int) -> dict[str, int]:
    """This number of epochs, without early stopping."""
    return {"epochs": epochs, "patience": epochs}


def option_variants(options: Mapping[str, str]) -> dict[str, Changes]:
    """Variants that differ in `architecture_options`, by their labels."""
    return {label: {"architecture_options": text} for label, text in options.items()}


def goal_variants(names: Iterable[str], epochs: int, images: int) -> dict[str, dict[str, Any]]:
    """Variants by the recipes in `GOALS`, or architectures by name, with this budget (0: all)."""
    budget = {**without_early_stopping(epochs), "limit": images}
    return {name: {**GOALS.get(name, {"architecture": name}), **budget} for name in names}


def remedies(epochs: int) -> dict[str, dict[str, Any]]:
    """One remedy against overfitting at a time, after none at all.

    Weight averaging is a remedy too, so it is off.
    """
    none = {
        "architecture": "plain",
        "architecture_options": "dropout=0.0",
        "augment": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "ema": 0.0,
        **without_early_stopping(epochs),
    }
    return {
        "no remedy": none,
        "augmentation": {**none, "augment": 0.7},
        "dropout": {**none, "architecture_options": "dropout=0.6"},
        "weight decay": {**none, "weight_decay": 1.0},
        EARLY_STOPPING: {**none, "patience": max(2, epochs // 6)},
    }


def overfitting_variants(images: int, epochs: int) -> dict[str, dict[str, Any]]:
    """Each remedy on 1 %, 10 % and all of the images; fewer images get more epochs."""
    sizes = {"1 %": (images // 100, 5), "10 %": (images // 10, 2), "all": (images, 1)}
    return {
        f"{size}, {remedy}": {**changes, "limit": limit}
        for size, (limit, times) in sizes.items()
        for remedy, changes in remedies(times * epochs).items()
    }
