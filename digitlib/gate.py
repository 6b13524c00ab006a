"""May a refined model take the old one's place? Checks with their figures, and the answer."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import evaluation
from digitlib.evaluation import Comparison

FEWEST = 20  # images of a digit, below which its share of hits is chance
_RESAMPLES = 1000


class Pair(NamedTuple):
    """What an old and a new model make of the same digits: probabilities (n, 10) each."""

    name: str
    images: NDArray[np.uint8]  # (n, 28, 28)
    labels: NDArray[np.integer]
    old: NDArray[np.floating]
    new: NDArray[np.floating]

    @property
    def comparison(self) -> Comparison:
        """The two, paired digit by digit."""
        return evaluation.compared(self.labels, self.old.argmax(axis=1), self.new.argmax(axis=1))

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
    one may lie by `tolerance` only (so that no row of small falls adds up); no digit's accuracy may
    fall below `floor`; and `risk` is how likely the improvement may be chance.
    """
    now = float(np.mean(original.new.argmax(axis=1) == original.labels))
    checks = [
        _improvement(held_out, risk),
        Check(
            f"{original.name} stay within {100 * tolerance:.2g} points of the best so far",
            now >= best_before - tolerance,
            f"{now:.2%}, best so far {best_before:.2%}; {original.comparison}",
        ),
        *(_floor(pair, floor, risk) for pair in (held_out, original)),
        *(_calibration(pair) for pair in (held_out, original)),
    ]
    return Decision(tuple(checks))


def _improvement(pair: Pair, risk: float) -> Check:
    """Whether more is read right, and the truth surprises less by more than chance explains.

    A model that is right in 99 % of some hundred sketches can't fix enough of them for a test of
    hits alone; the surprise (log loss) of every sketch tells more. Without more hits it counts for
    nothing: it falls as well when only the sureness changes.
    """
    gained, rows = pair.comparison, np.arange(len(pair.labels))
    old, new = (-np.log(np.maximum(p[rows, pair.labels], 1e-6)) for p in (pair.old, pair.new))
    drawn = np.random.default_rng(0).integers(0, len(rows), (_RESAMPLES, len(rows)))
    chance = float(np.mean((new - old)[drawn].mean(axis=1) >= 0))
    found = (
        f"{gained}; surprise {old.mean():.4f} before, {new.mean():.4f} after, in nats, and no less "
        f"in {chance:.1%} of resamples"
    )
    better = gained.fixed > gained.broken and chance <= risk
    return Check(f"{pair.name} are read better", better, found)


def _floor(pair: Pair, floor: float, risk: float) -> Check:
    """Whether each digit that is there often enough is read well enough.

    One that was below the floor before may stay there, if it isn't read worse by more than chance
    explains; a tenth of the `risk` is each digit's, since one of ten soon looks worse.
    """
    name = f"no digit of {pair.name} falls below {floor:.0%}"
    found: list[tuple[float, int, float]] = []
    fallen: list[str] = []
    for digit in range(10):
        of_it = pair.labels == digit
        if of_it.sum() < FEWEST:
            continue
        old, new = (p[of_it].argmax(axis=1) for p in (pair.old, pair.new))
        before, now = (float(np.mean(read == digit)) for read in (old, new))
        worse = evaluation.compared(pair.labels[of_it], new, old).chance <= risk / 10
        found.append((now, digit, before))
        if now < floor and (before >= floor or worse):
            fallen.append(f"{digit} from {before:.1%} to {now:.1%}")
    if not found:
        return Check(name, True, f"fewer than {FEWEST} of any digit")
    share, digit, before = min(found)
    lowest = f"the lowest is {digit} with {share:.1%}, {before:.1%} before"
    return Check(name, not fallen, f"fallen: {', '.join(fallen)}" if fallen else lowest)


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
        f"error {errors[0]:.2%} before, {errors[1]:.2%} after (95 % interval of the rise "
        f"{100 * low:+.2f} to {100 * high:+.2f} points, n = {len(pair.labels):,})"
    )
    return Check(f"sureness about {pair.name} is as honest as before", bool(low <= 0), found)
