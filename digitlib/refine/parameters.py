"""The parameters of `refine.ipynb` and `submissions.ipynb`, with defaults and ranges.

The notebooks' parameters cells repeat the defaults; a test compares the two.
"""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib.training import RunName, Scheduler, Share

FILTERS = ("all", "wrong", "doubtful", "pending", "accepted", "rejected")


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Refinement:
    """The parameters of `notebooks/refine.ipynb`."""

    model: str = ""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    learning_rate: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 0.002
    replay: Annotated[int, Field(ge=100)] = 12_000
    submission_share: Annotated[float, Field(gt=0, lt=1)] = 0.4
    least: Annotated[int, Field(ge=10)] = 100
    tolerance: Share = 0.001
    floor: Share = 0.97
    risk: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    scheduler: Scheduler = ""
    run_name: RunName = ""
    promote: bool = True


def digits_from(given: object) -> list[int]:
    """The digits that a parameter names: 3, [3, 5], "3,5" or "[3]"; an empty one names none.

    papermill passes a number where it recognises one, and text otherwise. Raises ValueError for
    anything but digits from 0 to 9.
    """
    words = given if isinstance(given, list | tuple) else str(given).strip("[]() ").split(",")
    words = [str(word).strip() for word in words if str(word).strip()]
    if wrong := [word for word in words if word not in tuple("0123456789")]:
        raise ValueError(f"{wrong[0]!r} is not a digit from 0 to 9; pass 3, or 3,5 for several")
    return [int(word) for word in words]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class ReviewFilter:
    """The parameters of `notebooks/submissions.ipynb`."""

    show: Literal[FILTERS] = "wrong"  # type: ignore[valid-type]
    digits: Annotated[list[int], BeforeValidator(digits_from)] = field(default_factory=list)
    model: str = ""
    gallery: Annotated[int, Field(ge=0)] = 60
    export: bool = True
