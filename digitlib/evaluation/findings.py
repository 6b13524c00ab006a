"""What a figure of the evaluation shows, in a sentence, and no more than its digits carry."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from digitlib.evaluation import calibration
from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.results import Result
from digitlib.evaluation.verdict import CALIBRATED
from digitlib.text import percent

FREQUENT = 3  # errors from which on a confusion is named


def confusion_sentence(counts: NDArray[np.integer]) -> str:
    """How many digits are misread, and the confusion that is most frequent; counts (10, 10)."""
    errors = np.where(np.eye(10, dtype=bool), 0, counts)
    total, most = int(errors.sum()), int(errors.max())
    said = f"**{total:,} of {int(counts.sum()):,} digits are misread.**"
    if most < FREQUENT:
        rare = f"No pair of digits is confused {FREQUENT} times or more"
        return f"{said} {rare}: too few for a pattern by pairs."
    pairs = [f"{true} read as {read}" for true, read in np.argwhere(errors == most)]
    return f"{said} The most frequent confusion: {' and '.join(pairs)}, {most} times."


def calibration_sentence(result: Result) -> str:
    """The calibration error, and how much of it may be chance."""
    error = calibration.calibration_error(result.probability, result.labels)
    chance = calibration.chance_error(result.probability)
    verdict = "this may be chance" if error <= chance else "this is hardly chance"
    if chance < error <= CALIBRATED:
        verdict += f", but up to {percent(CALIBRATED, 0)} a model counts as calibrated"
    return (
        f"The calibration error, the mean difference between confidence and accuracy, is "
        f"**{percent(error)}**. Of perfectly calibrated models, 19 of 20 would stay below "
        f"{percent(chance)} on so many digits: {verdict}."
    )


def rejection_sentence(result: Result, accuracy: float = 0.999) -> str:
    """What share of digits must be rejected for an accuracy on the rest."""
    name = result.test_set.name
    if result.accuracy.n < calibration.MINIMUM_DIGITS:
        return f"{name}: too few digits for a curve."
    curve = calibration.rejection_curve(result.probability, result.labels)
    needed = calibration.rejection_needed(curve, accuracy)
    if needed is None:
        return f"{name}: rejecting 10 % is not enough for {percent(accuracy, 1)} on the rest."
    if needed == 0:
        return f"{name}: {percent(accuracy, 1)} is reached without rejecting any digit."
    return f"{name}: rejecting {percent(needed, 2)} leaves an accuracy of {percent(accuracy, 1)}."


def flawless_groups(groups: Mapping[str, Mapping[str, Accuracy]]) -> str:
    """For each kind of group, how many groups have no errors, as a Markdown list."""
    lines = []
    for kind, found in groups.items():
        digits = [one.n for one in found.values() if one.value == 1]
        if found:
            part = f"{len(digits)} of {len(found)} groups ({sum(digits):,} digits)"
            lines.append(f"- By {kind}: no errors in {part}.")
    return "\n".join(lines)
