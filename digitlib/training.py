"""The loop that follows a recipe: one pass after another, each yielded as it ends."""

import copy
import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from digitlib import settings
from digitlib.augment import warped
from digitlib.datasets import Digits
from digitlib.recipe import Recipe

logger = logging.getLogger(__name__)
EVALUATION_BATCH = 500  # images


class Epoch(NamedTuple):
    """What one pass over the training images led to.

    The two losses compare like with like: both are the averaged network's mean cross-entropy (nats)
    on images as they are, without warps, dropout or smoothing. `objective` is what was minimised.
    """

    number: int
    objective: float
    training_loss: float  # on a sample of the training images as large as the validation part
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    gradient_norm: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"epoch {self.number:3d}  objective {self.objective:.4f}  training loss "
            f"{self.training_loss:.4f}  validation loss {self.validation_loss:.4f}  "
            f"validation accuracy {self.validation_accuracy:.2%}  {self.seconds:.1f} s"
        )


class Progress(NamedTuple):
    """How far into a pass the loop is, with the batch's objective and accuracy."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA, else Apple's MPS, else the CPU; raises ValueError for one that isn't there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((device for device, there in available.items() if there), "cpu")
    if not available.get(name, True):
        raise ValueError(f"device={name!r} is not available here; use `-p device auto` or `cpu`.")
    return torch.device(name)


def _autocast(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where the processor computes in it, else no change."""
    supported = {
        "cpu": lambda: torch.ops.mkldnn._is_mkldnn_bf16_supported(),
        "cuda": torch.cuda.is_bf16_supported,
    }
    enabled = supported.get(device.type, lambda: False)()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def _inputs(images: Tensor) -> Float[Tensor, "n 1 28 28"]:
    """Images (n, 28, 28) uint8 as a network takes them: one channel, ink 1 on 0."""
    return images.float().div_(255).unsqueeze(1)


@torch.no_grad()
def predict_logits(network: nn.Module, images: Tensor) -> Float[Tensor, "n 10"]:
    """Logits of images (n, 28, 28) uint8, in evaluation mode, on the images' device."""
    was_training = network.training
    network.eval()
    with _autocast(images.device):
        batches = [network(_inputs(batch)).float() for batch in images.split(EVALUATION_BATCH)]
    network.train(was_training)
    return torch.cat(batches)


def _loss_and_accuracy(network: nn.Module, digits: Digits) -> tuple[float, float]:
    logits = predict_logits(network, digits.images)
    accuracy = (logits.argmax(dim=1) == digits.labels).float().mean()
    return F.cross_entropy(logits, digits.labels).item(), accuracy.item()


class _State:
    """All that changes while training: what a checkpoint holds to go on as if nothing happened."""

    def __init__(
        self, network: nn.Module, recipe: Recipe, steps: int, device: torch.device
    ) -> None:
        self.network = network.to(device=device, memory_format=torch.channels_last)
        weights = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]  # norms and biases: no decay
        groups = [
            {"params": weights, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        rate, total = recipe.learning_rate, max(recipe.epochs * steps, 2)
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))
        self.schedule = OneCycleLR(self.optimizer, rate, total_steps=total, pct_start=0.25)
        average = get_ema_multi_avg_fn(recipe.ema)
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.generator = torch.Generator(device).manual_seed(recipe.seed)
        self.epochs: list[Epoch] = []
        self.best = copy.deepcopy(self.network.state_dict())

    def save(self, path: Path, recipe: Recipe) -> None:
        """Write the checkpoint to a temporary name, then move it into place."""
        parts = {name: getattr(self, name).state_dict() for name in _PARTS}
        chance = {"generator": self.generator.get_state(), "torch": torch.get_rng_state()}
        buffer = io.BytesIO()
        torch.save(
            {
                "recipe": _what_matters(recipe),
                "parts": parts,
                "chance": chance,
                "epochs": [tuple(epoch) for epoch in self.epochs],
                "best": self.best,
            },
            buffer,
        )
        settings.write_atomically(path, buffer.getvalue())

    def restore(self, path: Path, recipe: Recipe) -> None:
        """Take up a checkpoint; raises ValueError when it was written by another recipe."""
        saved = torch.load(path, map_location="cpu", weights_only=True)
        recipes = (_what_matters(recipe), saved["recipe"])
        other = [name for name in recipes[0] if recipes[0][name] != recipes[1].get(name)]
        if other:
            changes = ", ".join(f"{name}={recipes[1].get(name)!r}" for name in other)
            raise ValueError(f"{path} was written with {changes}: resume with the same.")
        for name in _PARTS:
            getattr(self, name).load_state_dict(saved["parts"][name])
        self.generator.set_state(saved["chance"]["generator"])
        torch.set_rng_state(saved["chance"]["torch"])
        self.epochs = [Epoch(*values) for values in saved["epochs"]]
        self.best = saved["best"]


_PARTS = ("network", "optimizer", "schedule", "averaged")


def _what_matters(recipe: Recipe) -> dict[str, Any]:
    """The parameters that the course of training depends on: not its name, place or end."""
    elsewhere = {"run_name", "resume", "promote", "device", "preset", "patience"}
    return {name: value for name, value in recipe.as_dict().items() if name not in elsewhere}


def fit(
    network: nn.Module,
    train: Digits,
    validation: Digits,
    recipe: Recipe,
    checkpoint: Path | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Epoch]:
    """Train the network, yielding an `Epoch` a pass; at the end it has the best pass's weights.

    AdamW under a one-cycle schedule (Smith and Topin 2018), label smoothing, random warps, and an
    exponential moving average of the weights, which is what is evaluated and kept. With a
    `checkpoint` the state is on disk whenever an epoch is yielded; where the file is there already
    and `recipe.resume`, its epochs are yielded again and training goes on. Stops early after
    `recipe.patience` passes without a better validation accuracy.
    """
    device = choose_device(recipe.device)
    train, validation = train.to(device), validation.to(device)
    sample = Digits(*(part[: len(validation.labels)] for part in train))
    batch_size = min(recipe.batch_size, len(train.labels))
    steps = len(train.labels) // batch_size
    state = _State(network, recipe, steps, device)
    if checkpoint is not None and recipe.resume and checkpoint.exists():
        state.restore(checkpoint, recipe)
        yield from state.epochs
    while len(state.epochs) < recipe.epochs and not _stalled(state.epochs, recipe.patience):
        started = time.perf_counter()
        objective, norm = _one_pass(state, train, recipe, batch_size, watch)
        training = _loss_and_accuracy(state.averaged, sample)
        validated = _loss_and_accuracy(state.averaged, validation)
        rate, seconds = state.schedule.get_last_lr()[0], time.perf_counter() - started
        number = len(state.epochs) + 1
        epoch = Epoch(number, objective, *training, *validated, rate, norm, seconds)
        state.epochs.append(epoch)
        if best_epoch(state.epochs) is epoch:
            state.best = copy.deepcopy(state.averaged.module.state_dict())
        if checkpoint is not None:
            state.save(checkpoint, recipe)
        logger.debug("learning rate %.2e, gradient norm %.3f", rate, norm)
        yield epoch
    network.load_state_dict(state.best)


def _one_pass(
    state: _State,
    train: Digits,
    recipe: Recipe,
    batch_size: int,
    watch: Callable[[Progress], None],
) -> tuple[float, float]:
    """One pass over shuffled batches: the mean objective and the last batch's gradient norm."""
    state.network.train()
    count, device = len(train.labels), train.labels.device
    order = torch.randperm(count, generator=state.generator, device=device)
    batches = order[: count // batch_size * batch_size].split(batch_size)
    total = torch.zeros((), device=device)
    for step, batch in enumerate(batches, start=1):
        labels = train.labels[batch]
        images = warped(_inputs(train.images[batch]), recipe.augment, state.generator)
        with _autocast(device):
            logits = state.network(images.contiguous(memory_format=torch.channels_last)).float()
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.schedule.step()
        state.averaged.update_parameters(state.network)
        total += loss.detach()
        if step % 20 == 0 or step == len(batches):
            accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
            watch(Progress(len(state.epochs) + 1, step, len(batches), loss.item(), accuracy))
    gradients = [p.grad for p in state.network.parameters() if p.grad is not None]
    return total.item() / len(batches), nn.utils.get_total_norm(gradients).item()


def best_epoch(epochs: list[Epoch]) -> Epoch:
    """The epoch of the highest validation accuracy; of equals, the one of the lowest loss."""
    return max(epochs, key=lambda epoch: (epoch.validation_accuracy, -epoch.validation_loss))


def _stalled(epochs: list[Epoch], patience: int) -> bool:
    return bool(epochs) and len(epochs) - best_epoch(epochs).number >= patience
