"""The promotion gate: checks that a challenger must pass to replace the champion."""

from typing import NamedTuple

import numpy as np

from digitlib import evaluation
from digitlib.refine.paired import Paired, calibration_change, log_loss_change, smallest_p_value
from digitlib.text import percent

MINIMUM_DIGITS = 20  # images of a digit, below which its accuracy isn't tested
_CALIBRATION_LEVEL = 0.025  # one-sided
_FLOOR_LEVEL = 0.02  # one-sided, for a digit's fall: 5 of 30 newly wrong and none newly right
_LEAST_FALL = 0.01  # of the log loss, as a share: less is rounding


class Check(NamedTuple):
    """One condition of a promotion; `passed` is None where the data can't test it."""

    name: str
    passed: bool | None
    found: str

    @property
    def mark(self) -> str:
        """How the table shows it."""
        return {True: "✓", False: "✗", None: "not tested"}[self.passed]


class Decision(NamedTuple):
    """The checks, and how many submissions were left out for a disputed label."""

    checks: tuple[Check, ...]
    disputed: int = 0

    @property
    def promote(self) -> bool:
        """Whether the improvement is significant and no other check failed."""
        improved, *others = self.checks
        return bool(improved.passed) and all(check.passed is not False for check in others)

    @property
    def sentence(self) -> str:
        """The verdict, what failed or was not tested, and what was left out, as Markdown."""
        failed = "; ".join(c.name for c in self.checks if c.passed is False)
        untested = "; ".join(c.name for c in self.checks if c.passed is None)
        verdict = "The challenger is better." if self.promote else "The champion stays."
        parts = [
            f"**{verdict}**",
            f"Failed: {failed}." if failed else "",
            f"Not tested, for lack of data: {untested}." if untested else "",
            f"Left out: {self.disputed:,} submissions with a disputed label."
            if self.disputed
            else "",
        ]
        return " ".join(part for part in parts if part)

    @property
    def table(self) -> str:
        """The checks as Markdown."""
        rows = [f"| {check.mark} | {check.name} | {check.found} |" for check in self.checks]
        return "\n".join(["| | check | result |", "|---|---|---|", *rows])


def decide(
    people: Paired,
    original: Paired,
    *,
    best_before: float,
    tolerance: float,
    floor: float,
    risk: float,
    disputed: int = 0,
) -> Decision:
    """Decide whether the challenger replaces the champion.

    `best_before` is the best accuracy of any ancestor on the original test set. The challenger may
    lie at most `tolerance` below it, so that small falls don't add up. No digit may fall
    significantly to below an accuracy of `floor`. `risk` is the significance level for an
    improvement on people's sketches.
    """
    now = original.accuracies()[1]
    checks = [
        improvement(people, risk),
        Check(
            f"accuracy on {original.name}: at most {100 * tolerance:.2g} points below the best",
            now >= best_before - tolerance,
            f"{percent(now)}, best {percent(best_before)}; {original.comparison}",
        ),
        *(_floor(pair, floor) for pair in (people, original)),
        *(_calibration(pair) for pair in (people, original)),
    ]
    return Decision(tuple(checks), disputed)


def improvement(pair: Paired, risk: float) -> Check:
    """More digits correct, or no fewer and a lower log loss.

    With some hundred sketches and an accuracy of 99 %, too few predictions change for a test of
    accuracy alone; the log loss uses all of them. Each of the two tests gets half of `risk`.
    """
    accuracy, loss = pair.comparison, log_loss_change(pair)
    more_correct = accuracy.p_value <= risk / 2
    lower_loss = (
        accuracy.fixed >= accuracy.broken
        and loss.p_value <= risk / 2
        and loss.before - loss.after >= _LEAST_FALL * loss.before > 0
    )
    found = (
        f"{accuracy}, p = {accuracy.p_value:.3f}; log loss {loss.before:.4f} → {loss.after:.4f} "
        f"nats, p = {loss.p_value:.3f}" + ("; p-values by visit" if len(pair.visits) else "")
    )
    return Check(f"better on {pair.name}", more_correct or lower_loss, found)


def _floor(pair: Paired, floor: float) -> Check:
    """No digit lies below the floor and significantly below what it was.

    The name of the check lists the digits that are too rare to be tested.
    """
    predicted = [p.argmax(axis=1) for p in (pair.champion, pair.challenger)]
    counts = np.bincount(pair.labels, minlength=10)
    tested = [digit for digit in range(10) if counts[digit] >= MINIMUM_DIGITS]
    untested = ", ".join(str(digit) for digit in range(10) if digit not in tested)
    fallen, results = False, []
    for digit in tested:
        chosen = pair.labels == digit
        before, now = (float(np.mean(p[chosen] == digit)) for p in predicted)
        if now < floor:
            visits = np.asarray(pair.visits)[chosen] if len(pair.visits) else ()
            old, new = (p[chosen] for p in predicted)
            p_value = evaluation.compare(pair.labels[chosen], new, old, visits).p_value
            fallen |= p_value <= _FLOOR_LEVEL
            results.append(f"{digit}: {percent(before, 1)} → {percent(now, 1)}, p = {p_value:.3f}")
    found = "; ".join(results) or ("all above" if tested else "")
    rare = f"fewer than {MINIMUM_DIGITS} images, not tested: {untested}" if untested else ""
    return Check(
        f"no digit of {pair.name} falls significantly to below {percent(floor, 0)}",
        not fallen if tested else None,
        "; ".join(part for part in (found, rare) if part),
    )


def _calibration(pair: Paired) -> Check:
    """The calibration error does not rise significantly."""
    change = calibration_change(pair)
    testable = smallest_p_value(pair) <= _CALIBRATION_LEVEL
    found = (
        f"error {percent(change.before)} → {percent(change.after)}, p = {change.p_value:.3f}, "
        f"n = {len(pair.labels):,}"
    )
    passed = change.p_value > _CALIBRATION_LEVEL if testable else None
    return Check(f"calibration on {pair.name} no worse", passed, found)
