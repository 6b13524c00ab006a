"""One epoch after another: the optimiser, its schedule, averaged weights and the pass itself."""

import copy
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel

from digitlib.datasets import Digits
from digitlib.training.augment import augmented
from digitlib.training.history import Epoch, Progress
from digitlib.training.inference import mixed_precision, network_inputs
from digitlib.training.objective import digit_accuracy, target_distributions
from digitlib.training.recipe import Recipe

Tensors = list[Tensor] | tuple[Tensor, ...]


def _moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average whose window grows from short to 1 / (1 - decay) steps."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        if averaged[0].is_floating_point():
            share = max(1 - decay, 9 / (10 + int(count)))
            torch._foreach_lerp_(averaged, current, share)
        else:  # batch normalisation counts its batches
            torch._foreach_copy_(averaged, current)

    return update


class Optimisation:
    """All that changes while a network trains: a checkpoint holds its `state`."""

    def __init__(self, network: nn.Module, recipe: Recipe, count: int, device: torch.device):
        """`count` is the number of training images."""
        self.network = network.to(device).to(memory_format=torch.channels_last)
        self.recipe = recipe
        self.batch_size = min(recipe.batch_size, count)
        weights = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]  # norms and biases: no decay
        groups = [
            {"params": weights, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        # OneCycleLR divides by zero where its warm-up, a quarter of the steps, is one step.
        rate, steps = recipe.learning_rate, max(recipe.epochs * (count // self.batch_size), 8)
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)
        self.schedule = OneCycleLR(self.optimizer, rate, total_steps=steps, pct_start=0.25)
        average = _moving_average(recipe.ema)
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.history: list[Epoch] = []
        self.best = copy.deepcopy(self.network.state_dict())

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        return float(self.schedule.get_last_lr()[0])

    def run_epoch(self, train: Digits, watch: Callable[[Progress], None]) -> tuple[float, float]:
        """One pass over shuffled batches: the mean loss and the last batch's gradient norm."""
        self.network.train()
        count, device = len(train.labels), train.labels.device
        order = torch.randperm(count, generator=self.generator, device=device)
        targets = target_distributions(self.recipe.label_smoothing, device)
        batches = order[: count // self.batch_size * self.batch_size].split(self.batch_size)
        total, every = torch.zeros((), device=device), max(1, len(batches) // 100)
        for step, batch in enumerate(batches, start=1):
            labels = train.labels[batch]
            logits = self._logits(train.images[batch], device)
            loss = F.cross_entropy(logits, targets[labels])
            self._step(loss)
            total += loss.detach()
            if step % every == 0 or step == len(batches):
                position = (len(self.history) + 1, step, len(batches))
                watch(Progress(*position, loss.item(), digit_accuracy(logits, labels)))
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        return total.item() / len(batches), nn.utils.get_total_norm(gradients).item()

    def _logits(self, images: Tensor, device: torch.device) -> Tensor:
        """The network's logits of augmented images."""
        inputs = augmented(network_inputs(images), self.recipe.augment, self.generator)
        with mixed_precision(device):
            return self.network(inputs.contiguous(memory_format=torch.channels_last)).float()

    def _step(self, loss: Tensor) -> None:
        """Follow the gradient, and update the schedule and the averaged weights."""
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.averaged.update_parameters(self.network)

    def keep_averaged(self) -> None:
        """Make the averaged weights the best so far."""
        self.best = copy.deepcopy(self.averaged.module.state_dict())

    def state(self) -> dict[str, Any]:
        """All that is needed to go on as if nothing had happened."""
        device = self.generator.device
        random = {
            "device": device.type,
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
        }
        if device.type == "cuda":  # dropout's random numbers
            random["cuda"] = torch.cuda.get_rng_state(device)
        return {
            "parts": {name: getattr(self, name).state_dict() for name in _PARTS},
            "chance": random,
            "epochs": [tuple(epoch) for epoch in self.history],
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`; on another kind of device, with other random numbers."""
        for name in _PARTS:
            getattr(self, name).load_state_dict(state["parts"][name])
        random, device = state["chance"], self.generator.device
        torch.set_rng_state(random["torch"])
        if random.get("device", device.type) == device.type:
            self.generator.set_state(random["generator"])
            if "cuda" in random:
                torch.cuda.set_rng_state(random["cuda"], device)
        self.best = state["best"]
        self.history = [Epoch(*values) for values in state["epochs"]]


_PARTS = ("network", "optimizer", "schedule", "averaged")


def loop_source() -> str:
    """The source of one epoch and of the step that it repeats."""
    methods = (Optimisation.run_epoch, Optimisation._logits, Optimisation._step)
    return "\n".join(textwrap.dedent(inspect.getsource(method)) for method in methods)
