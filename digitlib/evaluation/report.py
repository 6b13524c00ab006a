"""What an evaluation was asked and what it found, for a file, for a row, and as tables."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import settings
from digitlib.evaluation import calibration, metrics, verdict
from digitlib.evaluation.evaluation_sets import Result
from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.robustness import Curve
from digitlib.evaluation.significance import Comparison
from digitlib.recogniser import Recogniser


class Asked(NamedTuple):
    """What `notebooks/evaluate.ipynb` was asked to do; its parameters cell holds the defaults."""

    model: str
    baseline: str
    disturbed: int
    qmnist: bool


def checked_parameters(parameters: Mapping[str, Any]) -> Asked:
    """The parameters; raises ValueError for one of a wrong type or out of range."""
    asked = Asked(**parameters)
    for name, value in (("model", asked.model), ("baseline", asked.baseline)):
        if not isinstance(value, str):
            raise ValueError(
                f"{name}={value!r}: give a model folder or its name, as text. papermill's "
                f"`-p` makes a number of it; `-r {name} {value}` doesn't."
            )
    if not isinstance(asked.disturbed, int) or asked.disturbed < 100:
        raise ValueError(f"disturbed={asked.disturbed!r}: give a number of images, at least 100.")
    qmnist = {"true": True, "false": False}.get(str(asked.qmnist).lower())  # `-p` gives text
    if qmnist is None:
        raise ValueError(f"qmnist={asked.qmnist!r}: say true or false.")
    return asked._replace(qmnist=qmnist)


def model_names(recogniser: Recogniser, other: Recogniser | None) -> tuple[str, str]:
    """What to call a model and a baseline: by their folders, since cards may share a name.

    Two folders of one name in different places are called by their paths; without a baseline its
    name is empty. Raises ValueError when both are the same folder.
    """
    folders = [found.folder.resolve() for found in (recogniser, other) if found]
    if len(set(folders)) < len(folders):
        raise ValueError(f"baseline={folders[0].name!r} is the model itself: name another.")
    if len({folder.name for folder in folders}) < len(folders):
        return str(folders[0]), str(folders[1])
    return folders[0].name, folders[1].name if other else ""


class Found(NamedTuple):
    """All that an evaluation found of a model, and beside a baseline where there is one."""

    recogniser: Recogniser
    other: Recogniser | None
    results: list[Result]
    hands: dict[str, dict[str, Accuracy]]  # pen digits by collection, style and writer
    disturbed: int  # digits
    curves: list[Curve]
    before: list[Curve]  # the baseline's
    comparisons: dict[str, Comparison]
    seconds: float  # that it took


def comparison_table(comparisons: Mapping[str, Comparison], model: str, baseline: str) -> str:
    """Each exam's paired comparison as Markdown; empty without any."""
    if not comparisons:
        return ""
    rows = [
        f"| {name} | {found} | {verdict.p_value_text(found)} "
        f"| {verdict.better_model(found, model, baseline)} |"
        for name, found in comparisons.items()
    ]
    head = f"| digits | {model} beside {baseline} | p, two-sided | which reads better |"
    return "\n".join([head, "|---|---|---|---|", *rows])


def calibration_in_words(results: Sequence[Result]) -> str:
    """How far confidence and hits lie apart on average, exam by exam."""
    errors = [
        f"{100 * calibration.calibration_error(result.probability, result.labels):.2f} points on "
        f"{result.exam.name}"
        for result in results
    ]
    return f"The calibration error, how far confidence and hits lie apart: {', '.join(errors)}."


def hardest_writers(writers: Mapping[str, Accuracy], most: int = 10) -> dict[str, Accuracy]:
    """The writers with mistakes, by the most that they may be read: one of five says little."""
    missed = [name for name, found in writers.items() if found.value < 1]
    missed.sort(key=lambda name: writers[name].high)
    return {name: writers[name] for name in missed[:most]}


def writers_in_words(writers: Mapping[str, Accuracy]) -> str:
    """How many writers are read without a mistake."""
    if not writers:
        return "There are no pen digits to part by writer."
    perfect = sum(found.value == 1 for found in writers.values())
    return f"{perfect} of {len(writers)} writers are read without a mistake."


def report_figures(found: Found) -> dict[str, Any]:
    """All that was measured, as JSON can hold it."""
    whole, called = report_summary(found), model_names(found.recogniser, found.other)
    for result in found.results:
        whole["exams"][result.exam.name] |= _details(result)
    return {
        **whole,
        "verdict": verdict.verdict_text(found.results, found.curves, found.comparisons, called),
        "hands": {
            kind: {name: _share(accuracy) for name, accuracy in groups.items()}
            for kind, groups in found.hands.items()
        },
        "robustness": {curve.disturbance.name: _levels(curve) for curve in found.curves},
        "baseline_robustness": {curve.disturbance.name: _levels(curve) for curve in found.before},
    }


def report_summary(found: Found) -> dict[str, Any]:
    """What the run's row keeps: the figures that runs are compared by."""
    called = model_names(found.recogniser, found.other)
    return {
        "model": _model(called[0], found.recogniser),
        "baseline": _model(called[1], found.other) if found.other else None,
        "verdict": verdict.verdict_headline(found.results),
        "exams": {
            result.exam.name: {
                **_share(result.accuracy),
                "calibration_error": calibration.calibration_error(
                    result.probability, result.labels
                ),
            }
            for result in found.results
        },
        "disturbed": found.disturbed,
        "holds_to": {
            curve.disturbance.name: curve.holds_to(verdict.STEADY) for curve in found.curves
        },
        "compared_with_baseline": {
            name: {**comparison._asdict(), "p_two_sided": comparison.either_way}
            for name, comparison in found.comparisons.items()
        },
        "seconds": round(found.seconds, 1),
    }


def _model(called: str, recogniser: Recogniser) -> dict[str, str]:
    return {"name": called, "card": recogniser.name, "folder": str(recogniser.folder.resolve())}


def _share(found: Accuracy) -> dict[str, Any]:
    return {"accuracy": found.value, "interval": [found.low, found.high], "n": found.n}


def _details(result: Result) -> dict[str, Any]:
    counts = metrics.confusion(result.labels, result.predicted)
    recall, precision = metrics.per_digit(counts)
    reliability = calibration.reliability(result.probability, result.labels)
    refusal = calibration.rejection_curve(result.probability, result.labels)
    return {
        "recall": _numbers(recall),
        "precision": _numbers(precision),
        "confusion": counts.tolist(),
        "calibration": {name: part.tolist() for name, part in reliability._asdict().items()},
        "refusal": {name: part.tolist() for name, part in refusal._asdict().items()},
    }


def _levels(curve: Curve) -> dict[str, Any]:
    return {
        "unit": curve.disturbance.unit,
        "levels": list(curve.disturbance.levels),
        "accuracy": [found.value for found in curve.accuracy],
    }


def _numbers(values: NDArray[np.floating]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def write_report(folder: Path, found: Mapping[str, Any]) -> Path:
    """Write `report.json` into a folder that is made where it is missing; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    settings.write_atomically(path, json.dumps(found, indent=2) + "\n")
    return path
