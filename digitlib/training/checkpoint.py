"""The file from which an interrupted training goes on."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from digitlib import settings
from digitlib.datasets import Digits
from digitlib.notebook import RENAMED_PARAMETERS
from digitlib.training.recipe import Recipe

# Parameters on which the weights after an epoch don't depend.
_IRRELEVANT = {
    *("run_name", "resume", "promote", "device", "preset", "patience", "ensemble", "stroke_model"),
    "scheduler",
}


def write(path: Path, recipe: Recipe, data: str, state: dict[str, Any]) -> None:
    """Write a checkpoint atomically; `data` is the `fingerprint` of the data."""
    buffer = io.BytesIO()
    torch.save({"recipe": _relevant(recipe.as_dict()), "data": data, **state}, buffer)
    settings.write_atomically(path, buffer.getvalue())


def read(path: Path, recipe: Recipe, data: str) -> dict[str, Any]:
    """The state in a checkpoint.

    Raises ValueError when it is damaged, or was written with another recipe or other data.
    """
    saved = _load(path)
    before = {**_relevant(Recipe().as_dict()), **_relevant(saved["recipe"])}
    now = _relevant(recipe.as_dict())
    other = [name for name in now if now[name] != before[name]]
    if other:
        changes = ", ".join(f"{name}={before[name]!r}" for name in other)
        raise ValueError(f"{path} was written with {changes}: resume with the same.")
    if saved.get("data", data) != data:
        raise ValueError(
            f"{path} was written with other training data than there is now: resume with the same "
            "data, or start a new run without `resume`."
        )
    return saved


def best_weights(path: Path) -> dict[str, Tensor]:
    """The weights of the best epoch so far; raises ValueError for a damaged checkpoint."""
    weights: dict[str, Tensor] = _load(path)["best"]
    return weights


def epochs(path: Path) -> int:
    """The number of epochs so far; raises ValueError for a damaged checkpoint."""
    return len(_load(path)["epochs"])


def fingerprint(*parts: Digits) -> str:
    """Identifies the data of a run, by its labels in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{len(part.labels)} ".encode() + part.labels.cpu().numpy().tobytes())
    return digest.hexdigest()


def _load(path: Path) -> dict[str, Any]:
    """What a checkpoint holds; raises ValueError where it can't be read as one."""
    content = io.BytesIO(path.read_bytes())  # an OSError here is the disk's
    try:
        saved = torch.load(content, map_location="cpu", weights_only=True)
        missing = {"recipe", "parts", "chance", "epochs", "best"} - set(saved)
    except Exception as error:  # of zipfile, pickle or torch, whichever stumbles first
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(_damaged(path, why)) from error
    if missing:
        raise ValueError(_damaged(path, f"without {', '.join(sorted(missing))}"))
    return dict(saved)


def _damaged(path: Path, why: str) -> str:
    return (
        f"The checkpoint {path} is damaged ({why}). Delete it to train this network again from the "
        "start with `-p resume true`, or start a new run without `resume`."
    )


def _relevant(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the weights depend on, by today's names."""
    named = {RENAMED_PARAMETERS.get(name, name): value for name, value in parameters.items()}
    return {name: value for name, value in named.items() if name not in _IRRELEVANT}
