"""Learning curves: underfitting or overfitting?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


class Diagnosis(NamedTuple):
    """What training curves say: the figures, a verdict and the sentence that tells it."""

    verdict: str  # "underfitting", "overfitting", "unfinished" or "balanced"
    gap: float  # nats, validation loss less training loss at the best epoch
    turned: int | None  # the epoch from which validation loss only rose; None when it didn't
    improving: bool  # whether the last epoch still lowered the validation loss, as the first does
    sentence: str


def diagnose(training_loss: Sequence[float], validation_loss: Sequence[float]) -> Diagnosis:
    """Read a run's losses per epoch (nats, both measured alike on unwarped images).

    Overfitting: validation loss turned, and by the end drew away from the training loss by a tenth
    of its least or more, or lies at more than twice the training loss. Underfitting: training loss
    itself stayed high. Raises ValueError when there is no epoch or the two don't belong together.
    """
    if not training_loss or len(training_loss) != len(validation_loss):
        raise ValueError("Give one training and one validation loss for each epoch.")
    best = int(np.argmin(validation_loss))
    gap = validation_loss[best] - training_loss[best]
    # A rise that the training loss shares is not learning by heart.
    widened = validation_loss[-1] - training_loss[-1] - gap
    turned = best + 1 if widened > 0.1 * validation_loss[best] and widened > 0.005 else None
    improving = len(validation_loss) == 1 or (
        best == len(validation_loss) - 1 and validation_loss[-1] < 0.97 * validation_loss[-2]
    )
    facts = _facts(training_loss[best], validation_loss[best], best + 1, len(validation_loss))
    wide = validation_loss[best] > 2 * training_loss[best] and gap > 0.02
    verdict, advice = _verdict(training_loss[best], wide, turned, improving)
    if len(validation_loss) == 1 and verdict == "unfinished":
        advice = "**Too early to tell:** one epoch shows no trend. Raise `epochs` to see one."
    return Diagnosis(verdict, gap, turned, improving, f"{facts} {advice}")


def _facts(training: float, validation: float, best: int, epochs: int) -> str:
    when = f"At the best of {epochs} epochs (epoch {best})" if epochs > 1 else "After one epoch"
    return (
        f"{when} the validation loss is {validation:.4f} and the training loss {training:.4f} "
        f"nats: a gap of {validation - training:+.4f}."
    )


def _verdict(training: float, wide: bool, turned: int | None, improving: bool) -> tuple[str, str]:
    """The verdict and what to change, the gravest finding first."""
    if turned is not None:
        return "overfitting", (
            f"**Overfitting:** the validation loss turned at epoch {turned} and rose from there. "
            "Lower `epochs`, or raise `augment` or `weight_decay`."
        )
    if wide:
        return "overfitting", (
            "**Overfitting:** the network knows its training images much better than new ones. "
            "Raise `augment` or `weight_decay`, or give it more data."
        )
    if training > 0.15:
        return "underfitting", (
            "**Underfitting:** even the training images are not learnt. Raise `epochs`, choose a "
            "larger `architecture`, or lower `augment` or `weight_decay`."
        )
    if improving:
        return "unfinished", (
            "**Not finished:** the last epoch still improved the validation loss. Raise `epochs`."
        )
    return "balanced", (
        "**A good fit:** new images are read nearly as well as training images, and more of the "
        "same training would change little. For more, try a larger `architecture` or `augment`."
    )
