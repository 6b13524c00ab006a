"""The training loop: it follows a recipe and yields each epoch as it ends."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from digitlib.datasets import NO_DIGIT, Digits
from digitlib.training import checkpoint as checkpoints
from digitlib.training.augment import augmented
from digitlib.training.export import summary
from digitlib.training.history import Epoch, Progress, best_epoch, stalled
from digitlib.training.inference import choose_device, network_inputs
from digitlib.training.network import Network
from digitlib.training.objective import loss_and_accuracy
from digitlib.training.optimisation import Optimisation
from digitlib.training.recipe import Recipe

logger = logging.getLogger(__name__)


def prepare(recipe: Recipe) -> torch.device:
    """Seed torch, for weights and dropout, and choose the device."""
    torch.manual_seed(recipe.seed)
    return choose_device(recipe.device)


def fit(
    network: nn.Module,
    train: Digits,
    validation: Digits,
    recipe: Recipe,
    checkpoint: Path | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    choose: Callable[[Sequence[Epoch], int], Epoch] = best_epoch,
) -> Iterator[Epoch]:
    """Train the network, yielding each epoch; in the end it has the weights of the chosen one.

    AdamW under a one-cycle schedule (Smith and Topin 2018), label smoothing, augmentation, and an
    exponential moving average of the weights, which is what is evaluated and kept. Stops early
    after `recipe.patience` epochs without a better validation accuracy; where that is 0, after half
    of all epochs (5 at least), because much of a one-cycle run's gain comes late.

    With a `checkpoint`, the state is on disk before an epoch is yielded. With `recipe.resume`, the
    epochs of a checkpoint that exists are yielded again, and training goes on from there. Raises
    ValueError where the checkpoint is damaged or belongs to another recipe or other data.
    """
    device = choose_device(recipe.device)
    train, validation = train.to(device), validation.to(device)
    optimisation = Optimisation(network, recipe, len(train.labels), device)
    history = optimisation.history
    _log_data(network, train, validation)
    data = checkpoints.fingerprint(train, validation)
    if checkpoint is not None and recipe.resume and checkpoint.exists():
        optimisation.restore(checkpoints.read(checkpoint, recipe, data))
        history = optimisation.history
        yield from history
    patience = recipe.patience or max(5, recipe.epochs // 2)
    sample = _sample(train, len(validation.labels))
    while len(history) < recipe.epochs and not stalled(history, patience):
        epoch = _epoch(optimisation, train, sample, validation, watch)
        history.append(epoch)
        if choose(history, len(validation.labels)) is epoch:
            optimisation.keep_averaged()
        if checkpoint is not None:
            checkpoints.write(checkpoint, recipe, data, optimisation.state())
        logger.debug(
            "learning rate %.2e, gradient norm %.3f", epoch.learning_rate, epoch.gradient_norm
        )
        yield epoch
    network.load_state_dict(optimisation.best)


def _sample(train: Digits, count: int) -> Digits:
    """The first digits to train on, without non-digits, to compare with the validation set."""
    digits = torch.nonzero(train.labels != NO_DIGIT).flatten()[:count]
    return Digits(train.images[digits], train.labels[digits])


def _epoch(
    optimisation: Optimisation,
    train: Digits,
    sample: Digits,
    validation: Digits,
    watch: Callable[[Progress], None],
) -> Epoch:
    """Train for one epoch and evaluate the averaged weights."""
    started = time.perf_counter()
    objective, norm = optimisation.run_epoch(train, watch)
    seconds = time.perf_counter() - started
    smoothing = optimisation.recipe.label_smoothing
    return Epoch(
        len(optimisation.history) + 1,
        objective,
        *loss_and_accuracy(optimisation.averaged, sample, smoothing),
        *loss_and_accuracy(optimisation.averaged, validation, smoothing),
        learning_rate=optimisation.learning_rate,
        gradient_norm=norm,
        seconds=seconds,
    )


def _log_data(network: nn.Module, train: Digits, validation: Digits) -> None:
    """In debug mode: the layers, and statistics of the training and validation images."""
    if logger.isEnabledFor(logging.DEBUG) and isinstance(network, Network):
        logger.debug("layers\n%s", summary(network))
        for name, (images, labels) in (("training", train), ("validation", validation)):
            ink = images.float() / 255
            logger.debug(
                "%s: %d images, pixel mean %.4f, deviation %.4f, images per digit (last: no digit) "
                "%s",
                *(name, len(labels), ink.mean(), ink.std()),
                torch.bincount(labels, minlength=11).tolist(),
            )


def preview_augmentation(images: Tensor, recipe: Recipe) -> NDArray[np.uint8]:
    """Images (n, 28, 28) uint8, augmented as in training."""
    generator = torch.Generator().manual_seed(recipe.seed)
    shown = augmented(network_inputs(images), recipe.augment, generator)
    return shown.squeeze(1).mul(255).round().byte().numpy()
