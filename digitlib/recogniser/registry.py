"""Promote a model, or roll back to the one before."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock

from digitlib import settings
from digitlib.recogniser.locations import current_model, models_dir
from digitlib.recogniser.model import Recogniser

_NO_PROMOTION = "No model was promoted, so there is none to go back to."


def promote(name: str, instead_of: Path | None = None) -> Path:
    """Make a model of `outputs/models/` the one that serves; atomic. Returns its folder.

    The one that served before stays on record for `roll_back`; promoting the one that serves
    changes nothing. With `instead_of`, it takes the place of that folder's model only. Raises
    ValueError for a model that is not there or not sound, or where another serves than
    `instead_of`; what served before then goes on serving.
    """
    folder = _sound(name)
    with _promoting():
        if instead_of is not None and not current_model().samefile(instead_of):
            raise ValueError(
                f"{Recogniser.load().name} serves by now, not {instead_of.name}, which {name} was "
                "compared with."
            )
        serving, history = _record()
        if name != serving:
            _write_history([*history, serving])
            settings.write_atomically(models_dir() / "current", f"{name}\n")
    return folder


def roll_back() -> Path:
    """Let the model serve again that served before the last promotion; returns its folder.

    Raises ValueError when there was no promotion, or that model is not sound any more; what serves
    then goes on serving.
    """
    if not models_dir().is_dir():
        raise ValueError(_NO_PROMOTION)
    with _promoting():
        _, history = _record()
        if not history:
            raise ValueError(_NO_PROMOTION)
        current = models_dir() / "current"
        if history[-1]:
            _sound(history[-1])
            settings.write_atomically(current, f"{history[-1]}\n")
        else:  # the bundled model served before
            current.unlink(missing_ok=True)
        _write_history(history[:-1])
        return current_model()


def _sound(name: str) -> Path:
    """The folder of a model that can serve; raises ValueError where it can't."""
    if Path(name).name != name or name == ".." or [name.strip()] != name.splitlines():
        raise ValueError(f"{name!r} is not the plain name of a folder in {models_dir()}.")
    Recogniser(models_dir() / name).predict(np.zeros((1, 28, 28), np.uint8))
    return models_dir() / name


def _promoting() -> FileLock:
    """Held while the two files below change: of two promotions at once, one waits."""
    return FileLock(models_dir() / ".promotion.lock")


def _record() -> tuple[str, list[str]]:
    """The name of what serves, and of what did before, the latest last; the bundled one is empty.

    A promotion writes the history first and a rollback writes it last, so that one that was cut
    short leaves what serves at the end of it: that entry is dropped.
    """
    current, history = models_dir() / "current", models_dir() / "history"
    serving = current.read_text().strip() if current.exists() else ""
    names = history.read_text().splitlines() if history.exists() else []
    while names and names[-1] == serving:
        names.pop()
    return serving, names


def _write_history(names: Sequence[str]) -> None:
    settings.write_atomically(models_dir() / "history", "".join(f"{name}\n" for name in names))
