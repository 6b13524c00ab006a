"""A training run's parameters, checked before work starts."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.dataclasses import dataclass

from digitlib.datasets import DatasetName
from digitlib.training.architectures import ARCHITECTURES, check_options

T = TypeVar("T")

# The parameters that a preset sets, unless they are passed.
PRESETS: dict[str, dict[str, Any]] = {
    "accurate": {},
    "people": {  # as the bundled model was trained; its image networks saw 7 % non-digits
        "sketches": True,
        "sketch_share": 0.4,
        "nondigit_share": 0.09,
        "stroke_model": True,
        "ensemble": 2,
        "epochs": 24,
        "patience": 24,
        "augment": 1.0,
    },
    "fast": {
        "architecture": "fast",
        "epochs": 1,
        "batch_size": 192,
        "limit": 48_000,
        "learning_rate": 0.025,
        "weight_decay": 0.0,
        "augment": 0.0,
        "ema": 0.95,
    },
}


def _as_strength(value: object) -> object:
    """`-p augment true`, a string from papermill, is full strength, and `false` is none."""
    words = {"true": 1.0, "false": 0.0, "none": 0.0}
    return words.get(value.lower(), value) if isinstance(value, str) else value


Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


def _free(name: str) -> str:
    """A run's name, other than those of files in the models folder."""
    if name.lower() in {"bundled", "current", "history"} or name.endswith(".partial"):
        raise ValueError("this name is taken")
    return name


RunName = Annotated[
    str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$"), AfterValidator(_free)
]


def _address(value: str) -> str:
    """A Dask scheduler's address."""
    if value and not re.fullmatch(r"(tcp|tls|ws|wss)://[^\s/:]+:\d+", value):
        raise ValueError("give a scheduler's address, such as tcp://host:8786, or leave it empty")
    return value


Scheduler = Annotated[str, AfterValidator(_address)]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Recipe:
    """The parameters of a training run and their defaults.

    The parameters cell of `notebooks/train.ipynb` repeats the defaults and explains each.
    """

    preset: Literal[tuple(PRESETS)] = "accurate"  # type: ignore[valid-type]
    dataset: DatasetName = "auto"
    sketches: bool = False
    sketch_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    images: bool = False
    image_share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    nondigit_share: Share = 0.0
    stroke_model: bool = False
    stroke_epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    architecture: Literal[tuple(ARCHITECTURES)] = "cnn"  # type: ignore[valid-type]
    architecture_options: str = ""
    ensemble: Annotated[int, Field(ge=1, le=100)] = 1
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 10
    batch_size: Annotated[int, Field(ge=2, le=60_000)] = 64
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 0.004
    weight_decay: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0.02
    label_smoothing: Share = 0.05
    augment: Annotated[
        float, BeforeValidator(_as_strength), Field(ge=0, le=5, allow_inf_nan=False)
    ] = 0.7
    ema: Share = 0.999
    patience: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=0)] = 0
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    scheduler: Scheduler = ""
    run_name: RunName = ""
    resume: bool = False
    promote: bool = False

    @field_validator("stroke_model")
    @classmethod
    def _needs_sketches(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("sketches") is False:
            raise ValueError(
                "only sketches have strokes to train on; add `-p sketches true`, or "
                "`-p stroke_model false`"
            )
        return value

    @field_validator("architecture_options")
    @classmethod
    def _fit_the_architecture(cls, value: str, info: ValidationInfo) -> str:
        if value and "architecture" in info.data:
            check_options(info.data["architecture"], value)
        return value

    @classmethod
    def checked(
        cls, parameters: Mapping[str, Any], passed: Iterable[str] | None = None
    ) -> "Recipe":
        """A recipe from parameters, their preset and the defaults, in this order of precedence.

        A notebook has a value for every parameter; the preset then gives way only to the names in
        `passed`. Raises ValueError with a line for each parameter that is unknown or out of range.
        """
        preset = PRESETS.get(parameters.get("preset", ""), {})
        kept = set(parameters if passed is None else passed)
        chosen = {name: value for name, value in preset.items() if name not in kept}
        return validated(cls, {**parameters, **chosen})

    def members(self) -> list["Recipe"]:
        """A recipe for each network of the ensemble, with different seeds."""
        seeds = range(self.seed, self.seed + self.ensemble)
        return [dataclasses.replace(self, seed=seed) for seed in seeds]

    def as_dict(self) -> dict[str, Any]:
        """The parameters by name, for the card and the table of runs."""
        return dataclasses.asdict(self)


def validated(kind: type[T], parameters: Mapping[str, Any]) -> T:
    """A dataclass of checked parameters.

    Raises ValueError with a line for each parameter that is unknown or out of range.
    """
    try:
        return kind(**parameters)
    except ValidationError as error:
        lines = [_complaint(problem) for problem in error.errors()]
        raise ValueError("Nothing was started.\n" + "\n".join(lines)) from None


def _complaint(problem: Any) -> str:
    """One line of a validation error: the parameter, its value and what is allowed."""
    name = ".".join(map(str, problem["loc"]))
    if name == "run_name":
        return (
            f"run_name={problem['input']!r}: use letters, digits, '.', '_' and '-' (100 at most), "
            "but not current, history, bundled or a name that ends in .partial. For a name of "
            "digits only, pass `-r run_name` instead of `-p`."
        )
    said = problem["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{name}={problem['input']!r}: {said}."
