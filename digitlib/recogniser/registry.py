"""Promote a model, or roll back to the one before."""

from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from digitlib import settings
from digitlib.recogniser.locations import (
    current_model,
    model_folder,
    models_dir,
    promotion_record,
)
from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.trial import check_serves

_NO_PROMOTION = "No model was promoted, so there is none to go back to."


def promote(name: str, instead_of: Path | None = None) -> Path:
    """Let a model in `outputs/models/` serve from now on; atomic. Returns its folder.

    `roll_back` returns to the model that served before; promoting the serving model changes
    nothing. With `instead_of`, the promotion counts only while that folder's model serves. Raises
    ValueError for a model that is missing or can't serve (`check_serves`), or when another model
    than `instead_of` serves; nothing changes then.
    """
    folder = _checked(name)
    with _promotion_lock():
        if instead_of is not None and not current_model().samefile(instead_of):
            raise ValueError(
                f"{Recogniser.load().name} serves by now, not {instead_of.name}, which {name} was "
                "compared with."
            )
        serving, history = promotion_record()
        if name != serving:
            _write_history([*history, serving])
            settings.write_atomically(models_dir() / "current", f"{name}\n")
    return folder


def roll_back() -> Path:
    """Let the model serve again that served before the last promotion; returns its folder.

    Raises ValueError when there was no promotion, or that model can't serve; nothing changes then.
    """
    if not models_dir().is_dir():
        raise ValueError(_NO_PROMOTION)
    with _promotion_lock():
        _, history = promotion_record()
        if not history:
            raise ValueError(_NO_PROMOTION)
        current = models_dir() / "current"
        if history[-1]:
            _checked(history[-1])
            settings.write_atomically(current, f"{history[-1]}\n")
        else:  # the bundled model served before
            current.unlink(missing_ok=True)
        _write_history(history[:-1])
        return current_model()


def _checked(name: str) -> Path:
    """The folder of a model that can serve; raises ValueError when it can't."""
    folder = model_folder(name)
    check_serves(Recogniser(folder))
    return folder


def _promotion_lock() -> FileLock:
    """Held while `current` and `history` change, so that two promotions take turns."""
    return FileLock(models_dir() / ".promotion.lock")


def _write_history(names: Sequence[str]) -> None:
    settings.write_atomically(models_dir() / "history", "".join(f"{name}\n" for name in names))
