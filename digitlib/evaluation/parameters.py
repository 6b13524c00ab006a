"""What `notebooks/evaluate.ipynb` is asked for."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from digitlib.recogniser import Recogniser
from digitlib.training import validated


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class EvaluationParameters:
    """The parameters of `notebooks/evaluate.ipynb` and their defaults."""

    model: str = ""
    baseline: str = ""
    disturbed: Annotated[int, Field(ge=100)] = 2000
    qmnist: bool = True

    @field_validator("model", "baseline", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        if not isinstance(value, str):
            raise ValueError(
                "give a model folder or its name, as text. papermill's `-p` turns digits into a "
                f"number; `-r NAME {value}` doesn't."
            )
        return value

    @classmethod
    def checked(cls, parameters: Mapping[str, Any]) -> "EvaluationParameters":
        """From the notebook's parameters; ValueError with a line for each that is wrong."""
        return validated(cls, parameters)


def model_names(recogniser: Recogniser, other: Recogniser | None) -> tuple[str, str]:
    """What to call a model and a baseline: their folders' names, as cards may share a name.

    Folders of the same name are called by their paths; without a baseline its name is empty.
    Raises ValueError when both are the same folder.
    """
    folders = [found.folder.resolve() for found in (recogniser, other) if found]
    if len(set(folders)) < len(folders):
        raise ValueError(f"baseline={folders[0].name!r} is the model itself: name another.")
    if len({folder.name for folder in folders}) < len(folders):
        return str(folders[0]), str(folders[1])
    return folders[0].name, folders[1].name if other else ""
