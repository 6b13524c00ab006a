"""What changes while a network trains, and how it survives an interruption."""

import copy
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel

from digitlib import settings
from digitlib.datasets import Digits
from digitlib.text import percent
from digitlib.training.recipe import Recipe


class Epoch(NamedTuple):
    """What one pass over the training images led to.

    The two losses compare like with like: the averaged network, without dropout, on images as they
    are, unwarped. They are in nats above the least that smoothed labels allow, so 0 is perfect.
    `objective` is the mean of what was minimised.
    """

    number: int
    objective: float
    training_loss: float  # on a sample of the training images as large as the validation part
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    gradient_norm: float
    seconds: float  # of training; the evaluations after it are not counted

    def __str__(self) -> str:
        return (
            f"epoch {self.number:3d}  objective {self.objective:.4f}  training loss "
            f"{self.training_loss:.4f}  validation loss {self.validation_loss:.4f}  "
            f"validation accuracy {percent(self.validation_accuracy)}  {self.seconds:.1f} s"
        )


Tensors = list[Tensor] | tuple[Tensor, ...]


def _moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average that starts short, so that it is of use from the first pass."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        if averaged[0].is_floating_point():
            share = max(1 - decay, 9 / (10 + int(count)))
            torch._foreach_lerp_(averaged, current, share)
        else:  # batch normalisation counts its batches
            torch._foreach_copy_(averaged, current)

    return update


class State:
    """All that changes while training: what a checkpoint holds to go on as if nothing happened."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, steps: int, device: torch.device
    ) -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last)
        weights = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]  # norms and biases: no decay
        groups = [
            {"params": weights, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        # OneCycleLR divides by zero where its warm-up, a quarter of the steps, is one step.
        rate, total = recipe.learning_rate, max(recipe.epochs * steps, 8)
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)
        self.schedule = OneCycleLR(self.optimizer, rate, total_steps=total, pct_start=0.25)
        average = _moving_average(recipe.ema)
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.epochs: list[Epoch] = []
        self.best = copy.deepcopy(self.network.state_dict())

    def save(self, path: Path, recipe: Recipe, data: str) -> None:
        """Write the checkpoint to a temporary name, then move it into place.

        `data` is a fingerprint of what is learnt from.
        """
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        device = self.generator.device
        chance = {
            "device": device.type,
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
        }
        if device.type == "cuda":  # where dropout has its chance from
            chance["cuda"] = torch.cuda.get_rng_state(device)
        buffer = io.BytesIO()
        torch.save(
            {
                "recipe": _what_matters(recipe),
                "data": data,
                "parts": parts,
                "chance": chance,
                "epochs": [tuple(epoch) for epoch in self.epochs],
                "best": self.best,
            },
            buffer,
        )
        settings.write_atomically(path, buffer.getvalue())

    def restore(self, path: Path, recipe: Recipe, data: str) -> None:
        """Take up a checkpoint; raises ValueError when its recipe or its data were others."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        recipes = (_what_matters(recipe), saved["recipe"])
        other = [name for name in recipes[0] if recipes[0][name] != recipes[1].get(name)]
        if other:
            changes = ", ".join(f"{name}={recipes[1].get(name)!r}" for name in other)
            raise ValueError(f"{path} was written with {changes}: resume with the same.")
        if saved.get("data", data) != data:
            raise ValueError(
                f"{path} was written while learning from other digits than there are now: resume "
                "with the same data, or begin anew without `resume`."
            )
        for name in _PARTS:
            getattr(self, name).load_state_dict(saved["parts"][name])
        self._take_chances(saved["chance"])
        self.best = saved["best"]
        self.epochs = [Epoch(*values) for values in saved["epochs"]]

    def _take_chances(self, chance: dict[str, Any]) -> None:
        """Go on with the chances of a checkpoint; a run that has changed devices has others."""
        device = self.generator.device
        torch.set_rng_state(chance["torch"])
        if chance.get("device", device.type) == device.type:
            self.generator.set_state(chance["generator"])
            if "cuda" in chance:
                torch.cuda.set_rng_state(chance["cuda"], device)


def fingerprint(*parts: Digits) -> str:
    """What tells the data of one run from another's: their labels, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{len(part.labels)} ".encode() + part.labels.cpu().numpy().tobytes())
    return digest.hexdigest()


def best_weights(path: Path) -> dict[str, Tensor]:
    """The weights of the best pass so far, from a checkpoint on the disk."""
    return torch.load(path, map_location="cpu", weights_only=True)["best"]


_PARTS = ("network", "optimizer", "schedule", "averaged")


def _what_matters(recipe: Recipe) -> dict[str, Any]:
    """The parameters that the course of training depends on: not its name, place or end."""
    elsewhere = {
        *("run_name", "resume", "promote", "device", "preset", "patience", "ensemble"),
        "stroke_model",
    }
    return {name: value for name, value in recipe.as_dict().items() if name not in elsewhere}
