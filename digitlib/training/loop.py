"""The loop that follows a recipe: one pass after another, each yielded as it ends."""

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from digitlib.datasets import NO_DIGIT, Digits
from digitlib.training.augment import warped
from digitlib.training.checkpoint import Epoch, State, fingerprint
from digitlib.training.export import summary
from digitlib.training.network import Network
from digitlib.training.recipe import Recipe

logger = logging.getLogger(__name__)
EVALUATION_BATCH = 500  # images


class Progress(NamedTuple):
    """How far into a pass the loop is, with the batch's objective and accuracy."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float


def choose_device(name: str) -> torch.device:
    """`auto` is CUDA, else MPS, else the CPU; raises ValueError for one that isn't there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((device for device, there in available.items() if there), "cpu")
    if not available.get(name, True):
        raise ValueError(f"device={name!r} is not available here; use `-p device auto` or `cpu`.")
    return torch.device(name)


def _autocast(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where the processor computes in it, else no change."""
    if device.type == "cuda":
        enabled = torch.cuda.is_bf16_supported()
    else:
        enabled = device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def _inputs(images: Tensor) -> Float[Tensor, "n channels height width"]:
    """Images (n, 28, 28) uint8 as a network takes them: one channel, ink 1 on 0.

    What is floats already is no image but a pen's way (see `stroke_model`), and taken as it is.
    """
    return images if images.is_floating_point() else images.float().div_(255).unsqueeze(1)


@torch.no_grad()
def predict_logits(network: nn.Module, images: Tensor) -> Float[Tensor, "n 10"]:
    """Logits of images (n, 28, 28) uint8, in evaluation mode, on the images' device."""
    was_training = network.training
    network.eval()
    with _autocast(images.device):
        batches = [network(_inputs(batch)).float() for batch in images.split(EVALUATION_BATCH)]
    network.train(was_training)
    return torch.cat(batches)


def _targets(smoothing: float, device: torch.device) -> Float[Tensor, "11 10"]:
    """What the network should answer to each label: the digit, smoothed; any alike to `NO_DIGIT`.

    The even answer to what is no digit is that of Hendrycks, Mazeika and Dietterich (2019).
    """
    digits = (1 - smoothing) * torch.eye(10) + smoothing / 10
    return torch.cat([digits, torch.full((1, 10), 0.1)]).to(device)


def _loss_and_accuracy(network: nn.Module, digits: Digits, smoothing: float) -> tuple[float, float]:
    """How far the loss lies above its least possible value (nats), and the share of hits.

    The least is the smoothed labels' entropy: without it, zero is perfect whatever the smoothing.
    """
    logits = predict_logits(network, digits.images)
    targets = _targets(smoothing, logits.device)
    least = torch.special.entr(targets[0]).sum()
    loss = F.cross_entropy(logits, targets[digits.labels]) - least
    return loss.item(), _accuracy(logits, digits.labels)


def _accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of the digits among the labels that are hit."""
    digit = labels != NO_DIGIT
    return (logits.argmax(dim=1) == labels)[digit].float().mean().item()


def fit(
    network: nn.Module,
    train: Digits,
    validation: Digits,
    recipe: Recipe,
    checkpoint: Path | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Epoch]:
    """Train the network, yielding an `Epoch` a pass; at the end it has the `best_epoch`'s weights.

    AdamW under a one-cycle schedule (Smith and Topin 2018), label smoothing, random warps, and an
    exponential moving average of the weights, which is what is evaluated and kept. With a
    `checkpoint` the state is on disk whenever an epoch is yielded; where the file is there already
    and `recipe.resume`, its epochs are yielded again and training goes on. Stops early after
    `recipe.patience` passes without a better validation accuracy; where it is 0, after half of all
    (5 at least), since under a one-cycle schedule much is won while the rate falls.
    """
    device = choose_device(recipe.device)
    train, validation = train.to(device), validation.to(device)
    digits = torch.nonzero(train.labels != NO_DIGIT).flatten()[: len(validation.labels)]
    sample = Digits(train.images[digits], train.labels[digits])
    batch_size = min(recipe.batch_size, len(train.labels))
    steps = len(train.labels) // batch_size
    state = State(network, recipe, steps, device)
    _log_what_is_trained(network, train, validation)
    data = fingerprint(train, validation)
    if checkpoint is not None and recipe.resume and checkpoint.exists():
        state.restore(checkpoint, recipe, data)
        yield from state.epochs
    patience = recipe.patience or max(5, recipe.epochs // 2)
    while len(state.epochs) < recipe.epochs and not _stalled(state.epochs, patience):
        started = time.perf_counter()
        objective, norm = _one_pass(state, train, recipe, batch_size, watch)
        seconds = time.perf_counter() - started
        epoch = Epoch(
            len(state.epochs) + 1,
            objective,
            *_loss_and_accuracy(state.averaged, sample, recipe.label_smoothing),
            *_loss_and_accuracy(state.averaged, validation, recipe.label_smoothing),
            learning_rate=float(state.schedule.get_last_lr()[0]),
            gradient_norm=norm,
            seconds=seconds,
        )
        state.epochs.append(epoch)
        if best_epoch(state.epochs, len(validation.labels)) is epoch:
            state.best = copy.deepcopy(state.averaged.module.state_dict())
        if checkpoint is not None:
            state.save(checkpoint, recipe, data)
        logger.debug("learning rate %.2e, gradient norm %.3f", epoch.learning_rate, norm)
        yield epoch
    network.load_state_dict(state.best)


def _log_what_is_trained(network: nn.Module, train: Digits, validation: Digits) -> None:
    """For developers: the layers, and what the two parts of the data look like."""
    if logger.isEnabledFor(logging.DEBUG) and isinstance(network, Network):
        logger.debug("layers\n%s", summary(network))
        for name, (images, labels) in (("training", train), ("validation", validation)):
            ink = images.float() / 255
            logger.debug(
                "%s: %d images, pixel mean %.4f, deviation %.4f, images per digit, and of none, %s",
                *(name, len(labels), ink.mean(), ink.std()),
                torch.bincount(labels, minlength=11).tolist(),
            )


def _one_pass(
    state: State,
    train: Digits,
    recipe: Recipe,
    batch_size: int,
    watch: Callable[[Progress], None],
) -> tuple[float, float]:
    """One pass over shuffled batches: the mean objective and the last batch's gradient norm."""
    state.network.train()
    count, device = len(train.labels), train.labels.device
    order = torch.randperm(count, generator=state.generator, device=device)
    targets = _targets(recipe.label_smoothing, device)
    batches = order[: count // batch_size * batch_size].split(batch_size)
    total = torch.zeros((), device=device)
    for step, batch in enumerate(batches, start=1):
        labels = train.labels[batch]
        images = warped(_inputs(train.images[batch]), recipe.augment, state.generator)
        with _autocast(device):
            logits = state.network(images.contiguous(memory_format=torch.channels_last)).float()
        loss = F.cross_entropy(logits, targets[labels])
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.schedule.step()
        state.averaged.update_parameters(state.network)
        total += loss.detach()
        if step % 20 == 0 or step == len(batches):
            passed = (len(state.epochs) + 1, step, len(batches))
            watch(Progress(*passed, loss.item(), _accuracy(logits, labels)))
    gradients = [p.grad for p in state.network.parameters() if p.grad is not None]
    return total.item() / len(batches), nn.utils.get_total_norm(gradients).item()


def best_epoch(epochs: list[Epoch], validation_count: int) -> Epoch:
    """The epoch of the best validation accuracy; of those that it can't tell apart, the last.

    Within one standard error of the best, the figures of `validation_count` images are chance; the
    later network has seen more and been averaged at a lower learning rate.
    """
    best = max(epoch.validation_accuracy for epoch in epochs)
    error = math.sqrt(best * (1 - best) / validation_count)
    return [epoch for epoch in epochs if epoch.validation_accuracy >= best - error][-1]


def _stalled(epochs: list[Epoch], patience: int) -> bool:
    """Whether so many passes went by without a higher validation accuracy."""
    accuracies = [epoch.validation_accuracy for epoch in epochs]
    return bool(epochs) and len(epochs) - 1 - accuracies.index(max(accuracies)) >= patience


def prepare(recipe: Recipe) -> torch.device:
    """Seed what is random outside the loop (weights, dropout) and choose the device."""
    torch.manual_seed(recipe.seed)
    return choose_device(recipe.device)


def preview_warps(images: Tensor, recipe: Recipe) -> NDArray[np.uint8]:
    """Images (n, 28, 28) uint8 as training would warp them, for a look at the recipe."""
    generator = torch.Generator().manual_seed(recipe.seed)
    warps = warped(_inputs(images), recipe.augment, generator)
    return warps.squeeze(1).mul(255).round().byte().numpy()
