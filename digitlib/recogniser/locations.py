"""Where model folders are, and which one serves."""

from pathlib import Path

from digitlib import settings

BUNDLED = Path(__file__).parents[1] / "bundled"


def models_dir() -> Path:
    """Where runs leave their model folders."""
    return settings.outputs_dir() / "models"


def current_model() -> Path:
    """The promoted model's folder, else the one that comes with the project.

    Raises ValueError when the promoted folder is gone.
    """
    current = models_dir() / "current"
    if not current.exists():
        return BUNDLED
    folder = models_dir() / current.read_text().strip()
    if not (folder / "card.json").is_file():
        raise ValueError(
            f"{current} names {folder.name!r}, which is not a model folder any more. Promote "
            f"another or delete {current} to go back to the bundled model."
        )
    return folder
