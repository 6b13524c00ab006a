"""The training history: what each epoch reached, and which epoch is kept."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from digitlib.text import percent


class Epoch(NamedTuple):
    """The results of one pass over the training images.

    Both losses are measured alike: with the averaged weights, without dropout, on images without
    augmentation. They are nats above the least that smoothed labels allow, so 0 is perfect.
    """

    number: int
    objective: float  # mean loss of the batches, with augmentation, smoothing and dropout
    training_loss: float  # on a sample of the training images as large as the validation set
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    gradient_norm: float  # of the last batch
    seconds: float  # of training, without the evaluations after it

    def __str__(self) -> str:
        return (
            f"epoch {self.number:3d}  objective {self.objective:.4f}  training loss "
            f"{self.training_loss:.4f}  validation loss {self.validation_loss:.4f}  "
            f"validation accuracy {percent(self.validation_accuracy)}  {self.seconds:.1f} s"
        )


class Progress(NamedTuple):
    """The position within an epoch, with the last batch's loss and accuracy."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float


def best_epoch(history: Sequence[Epoch], validation_count: int) -> Epoch:
    """The latest epoch within one standard error of the best validation accuracy.

    The standard error is that of `validation_count` images. Among epochs that differ by less, the
    latest has trained longest and was averaged at the lowest learning rate.
    """
    best = max(epoch.validation_accuracy for epoch in history)
    error = math.sqrt(best * (1 - best) / validation_count)
    return [epoch for epoch in history if epoch.validation_accuracy >= best - error][-1]


def last_epoch(history: Sequence[Epoch], validation_count: int) -> Epoch:
    """The last epoch, whatever the validation accuracy: nothing is chosen."""
    return history[-1]


def stalled(history: Sequence[Epoch], patience: int) -> bool:
    """Whether the last `patience` epochs brought no higher validation accuracy."""
    accuracies = [epoch.validation_accuracy for epoch in history]
    return bool(history) and len(history) - 1 - accuracies.index(max(accuracies)) >= patience
