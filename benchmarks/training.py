"""Accuracy, time and memory of `papermill notebooks/train.ipynb -p epochs 10`, by seed.

Each run is the command that users type, with its own outputs folder. Training time is that of the
passes over the training images; memory is the peak of any process of the run; the start is the time
from the start of papermill to the first batch.

Usage: python benchmarks/training.py [--seeds 3] [--epochs 10]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from digitlib import settings


class Measured(NamedTuple):
    """One run of the notebook."""

    seed: int
    accuracy: float
    calibration_error: float
    training_seconds: float
    start_seconds: float
    peak_megabytes: float


def measured(seed: int, epochs: int) -> Measured:
    """Train with one seed in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.ipynb"
        notebook = settings.project_root() / "notebooks" / "train.ipynb"
        asked = {"dataset": "mnist", "epochs": epochs, "seed": seed, "run_name": "measured"}
        command = [str(Path(sys.executable).with_name("papermill")), str(notebook), str(out)]
        command += [word for name, value in asked.items() for word in ("-p", name, str(value))]
        environment = {"DIGITS_OUTPUTS_DIR": folder, "DIGITS_DATABASE": f"{folder}/runs.duckdb"}
        subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
        card = json.loads((Path(folder) / "models" / "measured" / "card.json").read_text())
        start = seconds_to_first_batch(json.loads(out.read_text()))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    metrics = card["metrics"]
    seconds = metrics["training_seconds"]
    error = metrics["test_calibration_error"]
    return Measured(seed, metrics["test_accuracy"], error, seconds, start, peak)


def seconds_to_first_batch(executed: dict[str, Any]) -> float:
    """From papermill's start to the start of the cell that trains."""
    training = next(
        cell for cell in executed["cells"] if "in fit_ensemble(" in "".join(cell["source"])
    )
    times = [executed["metadata"]["papermill"], training["metadata"]["papermill"]]
    begun, reached = (datetime.fromisoformat(time["start_time"]) for time in times)
    return (reached - begun).total_seconds()


def main() -> None:
    """Print a line for each seed and their means."""
    parser = argparse.ArgumentParser(description="Accuracy, time and memory of the default run.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    names = ("seed", "accuracy", "calibration error", "training s", "start s", "peak MB")
    print("".join(f"{name:>19}" for name in names), flush=True)
    rows = []
    for seed in range(options.seeds):
        rows.append(measured(seed, options.epochs))
        print(_line(str(seed), rows[-1][1:]), flush=True)
    print(_line("mean", tuple(map(statistics.mean, zip(*rows, strict=True)))[1:]))


def _line(name: str, row: tuple[float, ...]) -> str:
    accuracy, error, *others = row
    figures = f"{accuracy:>19.2%}{error:>19.2%}" + "".join(f"{value:>19.1f}" for value in others)
    return f"{name:>19}{figures}"


if __name__ == "__main__":
    main()
