"""Learning curves: underfitting or overfitting?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.02  # nats: a smaller gap between the losses is no overfitting
HIGH_LOSS = 0.15  # nats: a training loss above it is underfitting
WIDE = 2.0  # ratio of validation to training loss

_ADVICE = {
    "diverged": (
        "**Diverged:** the loss is not finite, or rose on the training images too. Lower "
        "`learning_rate`."
    ),
    "overfitting": (
        "**Overfitting:** the validation loss is more than twice the training loss. Raise "
        "`augment` or `weight_decay`, or train on more data."
    ),
    "underfitting": (
        "**Underfitting:** the loss is high even on the training images. Raise `epochs`, choose a "
        "larger `architecture`, or lower `augment` or `weight_decay`."
    ),
    "unfinished": "**Unfinished:** the validation loss was still falling. Raise `epochs`.",
    "balanced": (
        "**A good fit:** the gap is small, and the validation loss has stopped falling. For more, "
        "try a larger `architecture` or `augment`."
    ),
}


class Diagnosis(NamedTuple):
    """What the learning curves of a run show, and what to change."""

    verdict: str  # "diverged", "overfitting", "underfitting", "unfinished" or "balanced"
    gap: float  # nats, validation loss less training loss at the best epoch
    sentence: str  # as Markdown


def diagnose(training_loss: Sequence[float], validation_loss: Sequence[float]) -> Diagnosis:
    """Diagnose losses per epoch (nats, both measured on images without augmentation).

    Overfitting: the validation loss rose by a tenth of its minimum or more, and the training loss
    did not; or it is more than twice the training loss, at the best epoch or, where the training
    loss has halved since, at the last. Raises ValueError without epochs or for unequal lengths.
    """
    if not training_loss or len(training_loss) != len(validation_loss):
        raise ValueError("Give one training and one validation loss for each epoch.")
    training, validation = np.array(training_loss, float), np.array(validation_loss, float)
    if not (np.isfinite(training).all() and np.isfinite(validation).all()):
        return Diagnosis("diverged", float("nan"), _ADVICE["diverged"])
    best, last = int(validation.argmin()), len(validation) - 1
    least = max(0.1 * validation[best], 0.005)  # the smallest rise that is not noise
    rise = validation[last] - validation[best]
    widened = rise - (training[last] - training[best])
    turned = rise > least and widened > least
    improving = last == 0 or (best == last and validation[last] < 0.97 * validation[last - 1])
    verdict = _verdict(training, validation, turned, improving)
    advice = _ADVICE[verdict]
    if verdict == "overfitting" and turned:
        advice = (
            f"**Overfitting:** the validation loss turned at epoch {best + 1} and rose from there. "
            "Lower `epochs`, or raise `augment` or `weight_decay`."
        )
    if verdict == "unfinished" and last == 0:
        advice = "**Too early to tell:** one epoch shows no trend. Raise `epochs`."
    facts = _facts(training[best], validation[best], best + 1, last + 1)
    return Diagnosis(verdict, float(validation[best] - training[best]), f"{facts} {advice}")


def _verdict(
    training: NDArray[np.float64], validation: NDArray[np.float64], turned: bool, improving: bool
) -> str:
    """The gravest finding."""
    best = int(validation.argmin())
    if training[-1] > max(WIDE * training.min(), training.min() + HIGH_LOSS):
        return "diverged"
    memorised = training[-1] < training[best] / 2 and _is_wide(training[-1], validation[-1])
    if turned or memorised or _is_wide(training[best], validation[best]):
        return "overfitting"
    if training[best] > HIGH_LOSS:
        return "underfitting"
    return "unfinished" if improving else "balanced"


def _is_wide(training: float, validation: float) -> bool:
    return validation > WIDE * training and validation - training > MARGIN


def _facts(training: float, validation: float, best: int, epochs: int) -> str:
    when = f"lowest after epoch {best} of {epochs}" if epochs > 1 else "measured after one epoch"
    return (
        f"The validation loss is {when}: {validation:.4f} nats. The training loss is then "
        f"{training:.4f}: a gap of {validation - training:+.4f}."
    )
