"""May a refined model take the old one's place? Checks with their figures, and the answer."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import evaluation, training
from digitlib.evaluation import Comparison
from digitlib.text import percent

FEWEST = 20  # images of a digit, below which its share of hits is chance
_RESAMPLES = 1000
_DEAREST = 0.01  # probability: less costs no more, as the label may be what is wrong
_TEMPERATURES = np.geomspace(0.05, 20, 120)
_FALL = 0.02  # how likely a digit's fall may be chance: at half of it, five of 30 lost would be


class Pair(NamedTuple):
    """What an old and a new model make of the same digits: probabilities (n, 10) each."""

    name: str
    images: NDArray[np.uint8]  # (n, 28, 28)
    labels: NDArray[np.integer]
    old: NDArray[np.floating]
    new: NDArray[np.floating]
    visits: Sequence[str] = ()  # (n,), whose they are; empty: each a person of its own

    @property
    def comparison(self) -> Comparison:
        """The two, paired digit by digit; a visit's digits, which are alike, count as a whole."""
        old, new = self.old.argmax(axis=1), self.new.argmax(axis=1)
        return evaluation.compare(self.labels, old, new, self.visits)

    def newly(self, right: bool) -> NDArray[np.intp]:
        """The places of the digits that only the new model hits, or only the old one."""
        old, new = (p.argmax(axis=1) == self.labels for p in (self.old, self.new))
        return np.flatnonzero(new & ~old if right else old & ~new)


class Check(NamedTuple):
    """One condition of a promotion, and what was found."""

    name: str
    passed: bool
    found: str


class Decision(NamedTuple):
    """Whether the new model is promoted, and why."""

    checks: tuple[Check, ...]

    @property
    def promote(self) -> bool:
        """Only if nothing speaks against it."""
        return all(check.passed for check in self.checks)

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.promote:
            return (
                "**The refined model is better**, and nothing that was checked speaks against it."
            )
        unmet = "; ".join(f"{c.name} ({c.found})" for c in self.checks if not c.passed)
        return f"**The old model stays.** Not met: {unmet}."

    @property
    def table(self) -> str:
        """The checks as Markdown."""
        rows = [f"| {'✓' if c.passed else '✗'} | {c.name} | {c.found} |" for c in self.checks]
        return "\n".join(["| | must hold | found |", "|---|---|---|", *rows])


def decide(
    held_out: Pair,
    original: Pair,
    *,
    best_before: float,
    tolerance: float,
    floor: float,
    risk: float,
) -> Decision:
    """Weigh a refined model against the old one.

    `best_before` is the best accuracy on the original test set of any ancestor, below which the new
    one may lie by `tolerance` only (so that no row of small falls adds up); no digit may be pushed
    below an accuracy of `floor`; and `risk` is how likely the improvement may be chance.
    """
    now = float(np.mean(original.new.argmax(axis=1) == original.labels))
    checks = [
        improvement(held_out, risk),
        Check(
            f"{original.name} stay within {100 * tolerance:.2g} points of the best so far",
            now >= best_before - tolerance,
            f"{percent(now)}, best so far {percent(best_before)}; {original.comparison}",
        ),
        *(_floor(pair, floor) for pair in (held_out, original)),
        *(_calibration(pair) for pair in (held_out, original)),
    ]
    return Decision(tuple(checks))


def improvement(pair: Pair, risk: float) -> Check:
    """Whether people are read better: by their hits, or by how little the truth surprises.

    A model that is right in 99 % of some hundred sketches can't fix enough of them for a test of
    hits alone; the surprise of every sketch tells more, where no fewer are read right. Each of the
    two ways has half of the risk. Every night spends it anew: of ten models that are just as good
    as what serves, at 20 % two pass, which does no harm; one that is worse hardly does.
    """
    gained = pair.comparison
    before, after, chance = log_loss_change(pair)
    found = (
        f"{gained}, p = {gained.chance:.3f}; surprise {before:.4f} before, {after:.4f} after, "
        f"in nats, p = {chance:.3f}" + (" (both by visit)" if len(pair.visits) else "")
    )
    by_surprise = gained.fixed >= gained.broken and chance <= risk / 2
    return Check(f"{pair.name} are read better", gained.chance <= risk / 2 or by_surprise, found)


def log_loss_change(pair: Pair) -> tuple[float, float, float]:
    """Mean surprise by the old and by the new model, in nats, and how likely its fall is chance.

    The surprise is the log loss, no more than 4.6 nats a digit, at each model's best temperature,
    lest more or less sureness alone count. Chance is a permutation test: how often the fall is as
    large where the models change places in a random half of the visits, which are drawn whole
    since one hand's sketches are alike, and both temperatures are fitted again.
    """
    visits = np.asarray(pair.visits) if len(pair.visits) else np.arange(len(pair.labels))
    _, visit = np.unique(visits, return_inverse=True)
    old, new = (_losses(p, pair.labels, visit) for p in (pair.old, pair.new))
    swapped = np.random.default_rng(0).integers(0, 2, (1 + _RESAMPLES, visit.max() + 1))
    swapped[0] = 0  # as it is
    moved = np.tensordot(swapped, new - old, axes=1)
    before, after = _at_best(old.sum(axis=0) + moved), _at_best(new.sum(axis=0) - moved)
    falls = before - after
    count = len(pair.labels)
    chance = float(np.mean(falls >= falls[0] - 1e-9))  # itself among them
    return float(before[0]) / count, float(after[0]) / count, chance


def _losses(
    probability: NDArray[np.floating], labels: NDArray[np.integer], visit: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Each visit's log loss at each temperature, whole and with a limit: (visits, 2, t)."""
    logits = np.log(np.maximum(probability, 1e-30))
    rows = np.arange(len(labels))
    shares = [training.probabilities(logits, t)[rows, labels] for t in _TEMPERATURES]
    losses = np.stack([-np.log(np.maximum(shares, least)) for least in (1e-300, _DEAREST)])
    of_visit = np.zeros((visit.max() + 1, *losses.shape[:2]))
    np.add.at(of_visit, visit, losses.transpose(2, 0, 1))
    return of_visit


def _at_best(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """The limited loss (r,) at the temperature of least whole loss, of totals (r, 2, t)."""
    best = totals[:, 0].argmin(axis=1)
    return totals[np.arange(len(totals)), 1, best]


def _floor(pair: Pair, floor: float) -> Check:
    """Whether no digit that is there often enough is both low and worse than before.

    Low is below the floor, wherever it was before; worse is by more than chance explains: of
    ten digits one soon looks worse.
    """
    pushed: list[str] = []
    stayed: list[str] = []
    shares, few = [], []
    for digit in range(10):
        of_it = pair.labels == digit
        if of_it.sum() < FEWEST:
            few.append(str(digit))
            continue
        old, new = (p[of_it].argmax(axis=1) for p in (pair.old, pair.new))
        before, now = (float(np.mean(read == digit)) for read in (old, new))
        shares.append((now, digit, before))
        if now < floor:
            whose = np.asarray(pair.visits)[of_it] if len(pair.visits) else ()
            worse = evaluation.compare(pair.labels[of_it], new, old, whose).chance <= _FALL
            change = f"{digit} ({percent(before, 1)} before, {percent(now, 1)} now)"
            (pushed if worse else stayed).append(change)
    name = f"no digit of {pair.name} is pushed below {percent(floor, 0)}"
    unjudged = f"; fewer than {FEWEST} to judge by: {', '.join(few)}" if few else ""
    return Check(name, not pushed, _floors(pushed, stayed, shares) + unjudged)


def _floors(pushed: list[str], stayed: list[str], shares: list[tuple[float, int, float]]) -> str:
    """What was found of the digits' shares, in words."""
    if not shares:
        return "no digit is there often enough"
    now, digit, before = min(shares)
    found = [f"pushed: {', '.join(pushed)}"] if pushed else []
    found += [f"below it, but no worse beyond chance: {', '.join(stayed)}"] if stayed else []
    lowest = f"the lowest is {digit} with {percent(now, 1)}, {percent(before, 1)} before"
    return "; ".join(found) or lowest


def _calibration(pair: Pair) -> Check:
    """Whether the calibration error rose by more than resampling the same digits explains."""
    generator = np.random.default_rng(0)
    errors = [evaluation.calibration_error(p, pair.labels) for p in (pair.old, pair.new)]
    rises = []
    for _ in range(_RESAMPLES):
        drawn = generator.integers(0, len(pair.labels), len(pair.labels))
        old, new = (
            evaluation.calibration_error(p[drawn], pair.labels[drawn]) for p in (pair.old, pair.new)
        )
        rises.append(new - old)
    low, high = np.quantile(rises, [0.025, 0.975])
    found = (
        f"error {percent(errors[0])} before, {percent(errors[1])} after (95 % interval of the rise "
        f"{100 * low:+.2f} to {100 * high:+.2f} points, n = {len(pair.labels):,})"
    )
    return Check(f"sureness about {pair.name} is no worse, beyond chance", bool(low <= 0), found)
