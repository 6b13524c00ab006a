"""Can you trust a model? A sentence, and the figures behind it as tables."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from digitlib.evaluation import calibration, metrics
from digitlib.evaluation.results import Result
from digitlib.evaluation.robustness import Curve
from digitlib.evaluation.significance import Comparison
from digitlib.text import percent

GOOD, FAIR = 0.99, 0.97  # accuracies
CALIBRATED = 0.01  # calibration error up to which a model counts as calibrated
KEPT = 0.95  # share of the undisturbed accuracy that a disturbance may leave
SIGNIFICANT = 0.05  # two-sided p-value
WANTED = 0.999  # accuracy on what is not rejected


def verdict_headline(results: Sequence[Result]) -> str:
    """Whether to trust a model, in a sentence, as Markdown.

    Judged by the 95 % intervals: an evaluation set shows an accuracy when even the lower end
    reaches it, and rules it out when even the upper end doesn't. Trust takes a set that shows
    99 %, none that rules it out, and calibrated confidence.
    """
    best = max(results, key=lambda result: result.accuracy.low)
    worst = min(results, key=lambda result: result.accuracy.high)
    at_least = f"the accuracy on {best.test_set.name} is at least {percent(best.accuracy.low)}"
    at_most = f"the accuracy on {worst.test_set.name} is at most {percent(worst.accuracy.high)}"
    if worst.accuracy.high < FAIR:
        return f"**No**: {at_most} (95 % interval)."
    if best.accuracy.low < FAIR:
        return f"**Unknown**: {at_least} (95 % interval). Evaluate on more digits."
    reservations = [at_most] if worst.accuracy.high < GOOD else []
    if best.accuracy.low < GOOD:
        reservations.append(f"no evaluation set shows an accuracy of {percent(GOOD, 0)}")
    reservations += [
        f"confidence on {result.test_set.name} is poorly calibrated"
        for result in results
        if not is_calibrated(result)
    ]
    if reservations:
        return f"**Yes, with reservations**: {'; '.join(reservations)}."
    return f"**Yes**, on digits like these: {at_least} (95 % interval)."


def is_calibrated(result: Result) -> bool:
    """Whether no bin is overconfident and the calibration error is small or within chance.

    The error alone does not suffice: a model with an accuracy of 99.9 % that gives every digit a
    confidence of 1 has one of 0.1 %. One person's digits rule nothing out.
    """
    if not result.accuracy.has_interval:
        return True
    error = calibration.calibration_error(result.probability, result.labels)
    curve = calibration.reliability(result.probability, result.labels, result.test_set.writers)
    small = error <= CALIBRATED or error <= calibration.chance_error(result.probability)
    return small and not calibration.is_overconfident(curve)


def results_table(results: Sequence[Result]) -> pd.DataFrame:
    """Accuracy, hardest digit, calibration and rejection, a row for each evaluation set."""
    return pd.DataFrame(map(_row, results)).set_axis([result.test_set.name for result in results])


def _row(result: Result) -> dict[str, str | int]:
    recall, _ = metrics.per_digit(metrics.confusion(result.labels, result.predicted))
    hardest = int(np.nanargmin(recall))
    error = calibration.calibration_error(result.probability, result.labels)
    curve = calibration.rejection_curve(result.probability, result.labels)
    needed = calibration.rejection_needed(curve, WANTED)
    to_reject = "more than 10 %" if needed is None else percent(needed)
    found = result.accuracy
    return {
        "accuracy": percent(found.value),
        "95 % interval": found.interval if found.has_interval else "none: one person",
        "digits": f"{found.n:,}",
        "people": found.clusters or "unknown",
        "disputed labels left out": result.test_set.disputed,
        "lowest recall": f"{percent(recall[hardest], 1)} of the {hardest}s",
        "calibration error": percent(error) + " (poor)" * (not is_calibrated(result)),
        f"to reject for {percent(WANTED, 1)}": to_reject
        if found.n >= calibration.MINIMUM_DIGITS
        else "too few digits",
    }


def robustness_table(curves: Sequence[Curve]) -> pd.DataFrame:
    """The highest level of each disturbance at which `KEPT` of the accuracy is left."""
    return pd.DataFrame(
        {
            f"keeps {percent(KEPT, 0)} of its accuracy up to": f"{curve.holds_to(KEPT):g}",
            "highest level tested": f"{curve.disturbance.levels[-1]:g}",
            "unit": curve.disturbance.unit,
        }
        for curve in curves
    ).set_axis([curve.disturbance.name for curve in curves])


def comparison_table(
    comparisons: Mapping[str, Comparison], model: str, baseline: str
) -> pd.DataFrame:
    """The paired comparison of two models, a row for each evaluation set."""
    return pd.DataFrame(
        {
            "newly right": found.fixed,
            "newly wrong": found.broken,
            "digits": f"{found.n:,}",
            "difference": f"{100 * found.difference:+.2f} points",
            "95 % interval": f"{100 * found.low:+.2f} to {100 * found.high:+.2f}",
            "p, two-sided": "< 0.001" if found.p_two_sided < 0.001 else f"{found.p_two_sided:.3f}",
            "better": "difference not significant"
            if found.p_two_sided > SIGNIFICANT
            else (model if found.difference > 0 else baseline),
        }
        for found in comparisons.values()
    ).set_axis(list(comparisons))
