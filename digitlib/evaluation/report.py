"""An evaluation's figures as a JSON report and as a row in the table of runs."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import settings
from digitlib.evaluation import calibration, metrics, verdict
from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.parameters import EvaluationParameters, model_names
from digitlib.evaluation.results import Result
from digitlib.evaluation.robustness import Curve
from digitlib.evaluation.significance import Comparison
from digitlib.recogniser import Recogniser
from digitlib.store import Store, StoreError


class Evaluation(NamedTuple):
    """Everything measured of a model, and of a baseline if there is one."""

    recogniser: Recogniser
    other: Recogniser | None
    results: list[Result]
    groups: dict[str, dict[str, Accuracy]]  # pen digits by collection, style and writer
    disturbed: int  # digits
    curves: list[Curve]
    baseline_curves: list[Curve]
    comparisons: dict[str, Comparison]
    seconds: float  # run time

    @property
    def names(self) -> tuple[str, str]:
        """The model's name and the baseline's."""
        return model_names(self.recogniser, self.other)


def hardest_writers(writers: Mapping[str, Accuracy], most: int = 10) -> dict[str, Accuracy]:
    """The writers with errors, by the upper end of their interval: 1 of 5 wrong says little."""
    missed = [name for name, found in writers.items() if found.value < 1]
    missed.sort(key=lambda name: writers[name].high)
    return {name: writers[name] for name in missed[:most]}


def report_figures(found: Evaluation) -> dict[str, Any]:
    """Everything that was measured, as JSON can hold it."""
    whole = report_summary(found)
    for result in found.results:
        whole["test_sets"][result.test_set.name] |= _details(result)
    groups = {
        kind: {name: _share(accuracy) for name, accuracy in by_name.items()}
        for kind, by_name in found.groups.items()
    }
    curves = {"robustness": found.curves, "baseline_robustness": found.baseline_curves}
    return {**whole, "groups": groups, **{name: _levels(part) for name, part in curves.items()}}


def report_summary(found: Evaluation) -> dict[str, Any]:
    """The figures that runs are compared by, for the run's row."""
    name, baseline = found.names
    return {
        "model": _model(name, found.recogniser),
        "baseline": _model(baseline, found.other) if found.other else None,
        "verdict": verdict.verdict_headline(found.results),
        "test_sets": {result.test_set.name: _summary(result) for result in found.results},
        "disturbed": found.disturbed,
        "holds_to": {c.disturbance.name: c.holds_to(verdict.KEPT) for c in found.curves},
        "compared_with_baseline": {
            name: {**comparison._asdict(), "p_two_sided": comparison.p_two_sided}
            for name, comparison in found.comparisons.items()
        },
        "seconds": round(found.seconds, 1),
    }


def _model(name: str, recogniser: Recogniser) -> dict[str, str]:
    return {"name": name, "card": recogniser.name, "folder": str(recogniser.folder.resolve())}


def _share(found: Accuracy) -> dict[str, Any]:
    interval = [found.low, found.high] if found.has_interval else None
    people = found.clusters
    return {"accuracy": found.value, "interval": interval, "n": found.n, "clusters": people}


def _summary(result: Result) -> dict[str, Any]:
    error = calibration.calibration_error(result.probability, result.labels)
    return {
        **_share(result.accuracy),
        "disputed": result.test_set.disputed,
        "calibration_error": error,
    }


def _details(result: Result) -> dict[str, Any]:
    counts = metrics.confusion(result.labels, result.predicted)
    recall, precision = metrics.per_digit(counts)
    given = (result.probability, result.labels)
    reliability = calibration.reliability(*given, result.test_set.writers)
    return {
        "recall": _numbers(recall),
        "precision": _numbers(precision),
        "confusion": counts.tolist(),
        "calibration": _lists(reliability._asdict()),
        "rejection": _lists(calibration.rejection_curve(*given)._asdict()),
    }


def _levels(curves: Sequence[Curve]) -> dict[str, Any]:
    return {
        curve.disturbance.name: {
            "unit": curve.disturbance.unit,
            "levels": list(curve.disturbance.levels),
            "accuracy": [found.value for found in curve.accuracy],
        }
        for curve in curves
    }


def _lists(parts: Mapping[str, NDArray[Any]]) -> dict[str, list[Any]]:
    return {name: values.tolist() for name, values in parts.items()}


def _numbers(values: NDArray[np.floating]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def write_report(folder: Path, found: Evaluation) -> Path:
    """Write `report.json` into a folder, made if missing; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.json"
    settings.write_atomically(path, json.dumps(report_figures(found), indent=2) + "\n")
    return path


def record_run(
    store: Store, found: Evaluation, asked: EvaluationParameters, name: str, folder: Path
) -> str:
    """Add a row to the table of runs; says so, or why the database refused it."""
    try:
        store.record_run(
            run_name=name,
            notebook="evaluate",
            parameters=dataclasses.asdict(asked),
            metrics={**report_summary(found), "report": str(folder)},
            model=found.recogniser.name,
        )
    except StoreError as error:
        return f"The run has no row in the table of runs: {error}"
    return f"The table of runs has a row for {name}."
