"""What `notebooks/compare.ipynb` compares: variants, each given by what it changes in a recipe."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

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
    """What `notebooks/compare.ipynb` was asked to do; its parameters cell holds the defaults."""

    seeds: Annotated[int, Field(ge=1, le=1000)]
    epochs: Annotated[int, Field(ge=1, le=1000)]
    goal_epochs: Annotated[int, Field(ge=1, le=1000)]
    goal_images: Annotated[int, Field(ge=0)]
    limit: Annotated[int, Field(ge=0)]
    augment: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
    overfit_epochs: Annotated[int, Field(ge=1, le=1000)]
    overfit_images: Annotated[int, Field(ge=1000, le=50_000)]


def named(architectures: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Variants that differ in their architecture, given by what to call each."""
    return {label: {"architecture": name} for label, name in architectures.items()}


def goals(architectures: Mapping[str, str], epochs: int, images: int) -> dict[str, dict[str, Any]]:
    """The same for so many epochs and images (0: all), each with its recipe in `GOALS`, if any."""
    budget = {**lasting(epochs), "limit": images}
    return {
        label: {**changes, **GOALS.get(changes["architecture"], {}), **budget}
        for label, changes in named(architectures).items()
    }


def lasting(epochs: int) -> dict[str, int]:
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
        **lasting(epochs),
    }
    return {
        "no remedy": none,
        "warps": {**none, "augment": 0.7},
        "dropout": {**none, "architecture": "plain-60-dropout"},
        "weight decay": {**none, "weight_decay": 1.0},
        STOPPED: {**none, "patience": max(2, epochs // 6)},
    }


def overfitted(images: int, epochs: int) -> dict[str, dict[str, Any]]:
    """Each remedy on a hundredth, a tenth and all of the images; fewer are seen more often."""
    sizes = {"1 %": (images // 100, 5), "10 %": (images // 10, 2), "all": (images, 1)}
    return {
        f"{size}, {remedy}": {**changes, "limit": limit}
        for size, (limit, times) in sizes.items()
        for remedy, changes in remedies(times * epochs).items()
    }
