"""What `card.json` says of a model, and the table that ends a training run."""

import datetime
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from digitlib import settings
from digitlib.training.runs import Run

LIBRARIES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy")


def environment_provenance() -> dict[str, Any]:
    """UTC time, git commit (None outside a clone), Python, machine and library versions."""
    return {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def git_commit() -> str | None:
    """The commit of this code, with `-dirty` where it was changed; None outside a clone."""
    command = ["git", "-C", str(settings.project_root())]
    command += ["describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def model_card(
    run: Run,
    parameters: dict[str, Any],
    data: dict[str, Any],
    metrics: dict[str, Any],
    **facts: Any,
) -> dict[str, Any]:
    """A model's card; `facts` are at least its architecture and temperature."""
    return {
        "name": run.name,
        **facts,
        "data": data,
        "metrics": metrics,
        "parameters": parameters,
        "seed": parameters["seed"],
        **environment_provenance(),
    }


def run_summary(card: dict[str, Any], results: Mapping[str, object], files: Sequence[Path]) -> str:
    """A run as a Markdown table: the model, its `results` by name, and what it left."""
    name, size = card["name"], f"{card['parameter_count']:,} parameters"
    if card.get("pen"):
        size += f"; stroke model, {card['pen']['parameter_count']:,}"
    promoted = card["parameters"]["promote"]
    rows = {
        "model": f"**{name}** ({card['architecture']}, {size})",
        **results,
        "training": f"{card['metrics']['training_seconds']:.0f} s",
        "dashboard": "uses this model now"
        if promoted
        else f"to use this model: `python -m digitlib.recogniser promote {name}`",
        "files": ", ".join(f"`{_relative(file)}`" for file in files),
    }
    warning = card["data"]["warning"]
    head = [f"> **⚠ {warning}**", ""] if warning else []
    body = [f"| {label} | {value} |" for label, value in rows.items()]
    return "\n".join([*head, "| | |", "|---|---|", *body])


def _relative(path: Path) -> Path:
    """The path from the project's root, if it lies below."""
    root = settings.project_root()
    return path.relative_to(root) if path.is_relative_to(root) else path
