"""Whether to trust a model, in words; all from the figures."""

from collections.abc import Mapping, Sequence

import numpy as np

from digitlib.evaluation import calibration, metrics
from digitlib.evaluation.calibration import Overconfident
from digitlib.evaluation.evaluation_sets import Result
from digitlib.evaluation.robustness import Curve
from digitlib.evaluation.significance import Comparison
from digitlib.text import percent

GOOD, FAIR = 0.99, 0.97  # accuracies from which a model reads well, and fairly
HONEST = 0.01  # calibration error up to which a model may be honest, unless it is too sure
STEADY = 0.95  # share of its undisturbed accuracy that a disturbance may leave
SURE = 0.05  # two-sided chance up to which one of two models is the better


def verdict_headline(results: Sequence[Result]) -> str:
    """Whether to trust a model, in a sentence, as Markdown.

    An exam vouches for an accuracy when even the lower end of its 95 % interval reaches it, and
    speaks against it when even the upper end stays below. One of few digits does neither, be they
    all read: trust takes an exam that vouches, none that speaks against, and honest sureness.
    """
    best = max(results, key=lambda result: result.accuracy.low)
    worst = min(results, key=lambda result: result.accuracy.high)
    at_least = f"of {best.exam.name}, it reads {percent(best.accuracy.low)} or more"
    at_most = f"of {worst.exam.name}, it reads {percent(worst.accuracy.high)} at most"
    if worst.accuracy.high < FAIR:
        return f"**Don't trust it yet**: {at_most}, at 95 % certainty."
    if best.accuracy.low < FAIR:
        return f"**It can't be told yet**: {at_least}, at 95 % certainty; try more digits."
    doubts = [at_most] if worst.accuracy.high < GOOD else []
    if best.accuracy.low < GOOD:
        doubts.append(f"no exam shows {percent(GOOD, 0)} for certain")
    doubts += [f"of {result.exam.name}, its sureness is off" for result in results if _off(result)]
    if doubts:
        return f"**Trust it with a second look**: {'; '.join(doubts)}."
    return f"**Trust it**, on digits like these: {at_least}, at 95 % certainty."


def verdict_text(
    results: Sequence[Result],
    curves: Sequence[Curve],
    comparisons: Mapping[str, Comparison],
    names: tuple[str, str],
) -> str:
    """Whether to trust the model, where, and how far, as Markdown; `names`: its, the baseline's."""
    lines = [_reading(result) for result in results]
    open_ones = [r for r in results if r.accuracy.low < GOOD <= r.accuracy.high]
    if open_ones:
        listed = " and ".join(f"{r.exam.name} ({r.accuracy.n:,} digits)" for r in open_ones)
        lines.append(
            f"- **Too few to decide**: {listed} may lie on either side of {percent(GOOD, 0)}; more "
            "digits would tell."
        )
    lines += [_honesty(results), _refusing(results[0]), _steadiness(curves)]
    lines += [
        f"- **Beside {names[1]}**, on {exam}: {better_model(found, *names)} "
        f"({100 * found.difference:+.2f} points, p {_p(found)})."
        for exam, found in comparisons.items()
    ]
    return verdict_headline(results) + "\n\n" + "\n".join(lines)


def better_model(found: Comparison, model: str, baseline: str) -> str:
    """Which of two models reads better, if that can be told."""
    if found.either_way > SURE:
        return "which is better can't be told"
    return f"**{model if found.difference > 0 else baseline}** reads better"


def p_value_text(found: Comparison) -> str:
    """The two-sided chance of a paired comparison, as people read it."""
    p = found.either_way
    return "under 0.1 %" if p < 0.001 else percent(p, 1)


def _p(found: Comparison) -> str:
    return p_value_text(found) if found.either_way < 0.001 else f"= {p_value_text(found)}"


def _error(result: Result) -> float:
    return calibration.calibration_error(result.probability, result.labels)


def _too_sure(result: Result) -> Overconfident | None:
    return calibration.overconfident(calibration.reliability(result.probability, result.labels))


def _off(result: Result) -> bool:
    """Whether it is far too sure of some digits, or off by more than is honest and than chance.

    A model that reads 99.9 % lies 0.1 points off on average when it calls every digit certain, so
    that the average alone would call it honest.
    """
    error = _error(result)
    far = error > HONEST and error > calibration.chance_error(result.probability)
    return far or _too_sure(result) is not None


def _reading(result: Result) -> str:
    confusion = metrics.confusion(result.labels, result.predicted)
    recall, _ = metrics.per_digit(confusion)
    digit = int(np.nanargmin(recall))
    count = confusion[digit].sum()
    rest = (
        "no digit is misread"
        if recall[digit] == 1
        else f"hardest is the {digit}, of which {confusion[digit, digit]:,} of {count:,} are read"
    )
    return f"- **{result.exam.name}**: {result.accuracy} right; {rest}."


def _honesty(results: Sequence[Result]) -> str:
    off = [result for result in results if _off(result)]
    worst = max(off or results, key=_error)
    honest = "it is off in its sureness" if off else "it knows how sure it may be"
    lines = [
        f"- **Sureness**: {honest}; on {worst.exam.name}, confidence and hits lie "
        f"{100 * _error(worst):.2f} points apart on average"
        + (", which so few digits do by chance." if not off and _error(worst) > HONEST else ".")
    ]
    for result in off:
        if found := _too_sure(result):
            lines.append(
                f"Of {result.exam.name}, {found.size:,} that it doubts by "
                f"{percent(found.doubt)} on average are misread in {percent(found.mistakes)}."
            )
    return " ".join(lines)


def _refusing(result: Result) -> str:
    needed = calibration.perfect_from(
        calibration.rejection_curve(result.probability, result.labels), 0.999
    )
    found = (
        "even with 10 % refused, less than 99.9 % of the rest is right"
        if needed is None
        else f"with {percent(needed, 1)} refused, 99.9 % of the rest is right"
        if needed
        else "99.9 % is right without refusing any"
    )
    return f"- **When it may refuse**, on {result.exam.name}: {found}."


def _steadiness(curves: Sequence[Curve]) -> str:
    ends = []
    for curve in curves:
        levels, level = curve.disturbance.levels, curve.holds_to(STEADY)
        far = (
            f"less than {levels[1]:g}"
            if level == levels[0]
            else f"beyond {level:g}"
            if level == levels[-1]
            else f"up to {level:g}"
        )
        unit = curve.disturbance.unit
        ends.append(f"{curve.disturbance.name} {far}{' ' * (unit[0] != '°')}{unit}")
    kept = f"{percent(STEADY, 0)} of the accuracy that it has undisturbed"
    return f"- **Disturbed**, it keeps {kept}: {'; '.join(ends)}."
