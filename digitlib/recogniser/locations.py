"""Where model folders are, which one serves, and which ones served before."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from digitlib import settings
from digitlib.strokes import LONGEST_TEXT

BUNDLED = Path(__file__).parents[1] / "bundled"


def models_dir() -> Path:
    """The folder in which each run leaves its model folder."""
    return settings.outputs_dir() / "models"


def current_model() -> Path:
    """The promoted model's folder, else the bundled one.

    Raises ValueError when the promoted folder is gone or is not in `models_dir()`.
    """
    current = models_dir() / "current"
    if not current.exists():
        return BUNDLED
    folder = model_folder(current.read_text().strip())
    if not (folder / "card.json").is_file():
        raise ValueError(
            f"{current} names {folder.name!r}, which is no longer a model folder. Promote another "
            f"or delete {current} to go back to the bundled model."
        )
    return folder


def model_folder(name: str) -> Path:
    """The path of a model folder in `models_dir()`, which may not exist.

    Raises ValueError unless the name is one plain folder name.
    """
    is_plain = Path(name).name == name and name.isprintable() and name == name.strip()
    if not is_plain or name in ("", ".", "..") or len(name) > LONGEST_TEXT:
        raise ValueError(f"{name!r} is not the plain name of a folder in {models_dir()}.")
    return models_dir() / name


def promotion_record() -> tuple[str, list[str]]:
    """The name of the serving model and the names that served before it, the latest last.

    An empty name is the bundled model. A promotion writes the history first and a rollback writes
    it last, so an interrupted one leaves the serving model as the last entry: it is dropped.
    """
    current, history = models_dir() / "current", models_dir() / "history"
    serving = current.read_text().strip() if current.exists() else ""
    names = history.read_text().splitlines() if history.exists() else []
    while names and names[-1] == serving:
        names.pop()
    return serving, names


def earlier_models() -> Iterator[Path]:
    """The folders that served before the current one, the latest first, the bundled one last."""
    for name in reversed(promotion_record()[1]):
        with suppress(ValueError):
            if name and (folder := model_folder(name)).is_dir():
                yield folder
    yield BUNDLED
