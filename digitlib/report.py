"""What an evaluation found, as a file, and whether to trust the model, in words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import evaluation, settings, sureness
from digitlib.evaluation import Comparison
from digitlib.examination import Result
from digitlib.robustness import Curve

GOOD, FAIR = 0.99, 0.97  # accuracies from which a model reads well, and fairly
HONEST = 0.01  # calibration error up to which it knows how sure it may be
STEADY = 0.95  # accuracy that a disturbance may leave


class Asked(NamedTuple):
    """What `notebooks/evaluate.ipynb` was asked to do; its parameters cell holds the defaults."""

    model: str
    baseline: str
    disturbed: int
    qmnist: bool


def checked(parameters: Mapping[str, Any]) -> Asked:
    """The parameters; raises ValueError for one of a wrong type or out of range."""
    asked = Asked(**parameters)
    if not isinstance(asked.disturbed, int) or asked.disturbed < 10:
        raise ValueError(f"disturbed={asked.disturbed!r}: give a number of images, at least 10.")
    if not isinstance(asked.qmnist, bool):
        raise ValueError(f"qmnist={asked.qmnist!r}: say true or false.")
    return asked


def comparison_table(comparisons: Mapping[str, Comparison]) -> str:
    """Each exam's paired comparison as Markdown; empty without any."""
    if not comparisons:
        return ""
    rows = [f"| {name} | {c} | {c.chance:.1%} |" for name, c in comparisons.items()]
    head = "| digits | beside the baseline | such a gain by chance |"
    return "\n".join([head, "|---|---|---|", *rows])


def figures(
    results: Sequence[Result], curves: Sequence[Curve], comparisons: Mapping[str, Comparison]
) -> dict[str, Any]:
    """All that was measured, as JSON can hold it."""
    return {
        "exams": {result.exam.name: _exam(result) for result in results},
        "robustness": {
            curve.disturbance.name: {
                "unit": curve.disturbance.unit,
                "levels": list(curve.disturbance.levels),
                "accuracy": [found.value for found in curve.accuracy],
            }
            for curve in curves
        },
        "compared_with_baseline": {
            name: comparison._asdict() for name, comparison in comparisons.items()
        },
    }


def _exam(result: Result) -> dict[str, Any]:
    found = result.accuracy
    recall, precision = evaluation.per_digit(evaluation.confusion(result.labels, result.predicted))
    return {
        "accuracy": found.value,
        "interval": [found.low, found.high],
        "n": found.n,
        "calibration_error": evaluation.calibration_error(result.probability, result.labels),
        "recall": _numbers(recall),
        "precision": _numbers(precision),
    }


def _numbers(values: NDArray[np.floating]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def write(folder: Path, found: Mapping[str, Any]) -> Path:
    """Write `report.json` into a folder that is made where it is missing; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    settings.write_atomically(path, json.dumps(found, indent=2) + "\n")
    return path


def verdict(results: Sequence[Result], curves: Sequence[Curve]) -> str:
    """Whether to trust the model, where, and how far, as Markdown; all from the figures."""
    lines = [_reading(result) for result in results]
    errors = [evaluation.calibration_error(r.probability, r.labels) for r in results]
    worst = int(np.argmax(errors))
    honest = (
        "it knows how sure it may be" if errors[worst] <= HONEST else "it is off in its sureness"
    )
    lines.append(
        f"- **Sureness**: {honest}; confidence and hits differ by {errors[worst]:.2%} at most "
        f"({results[worst].exam.name})."
    )
    for result in results[:1]:
        needed = sureness.perfect_from(sureness.refusal(result.probability, result.labels), 0.999)
        lines.append(
            f"- **When it may refuse**: with {needed:.1%} refused, 99.9 % of the rest is right."
            if needed is not None
            else "- **When it may refuse**: even with 10 % refused, less than 99.9 % is right."
        )
    lines.append(_steadiness(curves))
    lowest = min(result.accuracy.low for result in results)
    overall = (
        "**Trust it**, on digits like these"
        if lowest >= GOOD
        else "**Trust it with a second look**"
        if lowest >= FAIR
        else "**Don't trust it yet**"
    )
    return f"{overall}: the lowest that its accuracy may be, at 95 %, is {lowest:.2%}.\n\n" + (
        "\n".join(lines)
    )


def _reading(result: Result) -> str:
    recall, _ = evaluation.per_digit(evaluation.confusion(result.labels, result.predicted))
    digit = int(np.nanargmin(recall))
    return (
        f"- **{result.exam.name}**: {result.accuracy} right; hardest is the {digit}, of which "
        f"{recall[digit]:.1%} are read."
    )


def _steadiness(curves: Sequence[Curve]) -> str:
    ends = []
    for curve in curves:
        level = curve.last_above(STEADY)
        unit = curve.disturbance.unit.split(",")[0]
        far = "nowhere" if level is None else f"up to {level:g} {unit}"
        ends.append(f"{curve.disturbance.name} {far}")
    return f"- **Disturbed**, it still reads {STEADY:.0%}: {'; '.join(ends)}."
