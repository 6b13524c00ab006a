"""What the service takes and answers. Input is strict: no text for a number, no unknown fields."""

from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
)

from digitlib.strokes import MOST_POINTS, MOST_STROKES

MOST_DRAWINGS = 256
FARTHEST = 1e6  # the store's bound for a coordinate

Coordinate = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST, allow_inf_nan=False)]
Point = Annotated[
    list[Coordinate], Field(min_length=2, max_length=2, description="x to the right, y down")
]


def _not_too_many(strokes: list[list[list[float]]]) -> list[list[list[float]]]:
    """The strokes; raises ValueError where they have too many points in all."""
    points = sum(map(len, strokes))
    if points > MOST_POINTS:
        raise ValueError(f"{points:,} points in all; at most {MOST_POINTS:,} are read")
    return strokes


Stroke = Annotated[list[Point], Field(min_length=1, max_length=MOST_POINTS)]
Strokes = Annotated[
    list[Stroke],
    AfterValidator(_not_too_many),
    Field(
        min_length=1,
        max_length=MOST_STROKES,
        description="Polylines in the order drawn; the pad's side is 1. A tap is one point.",
        examples=[[[[0.5, 0.15], [0.5, 0.5], [0.5, 0.85]]]],
    ),
]


def _whole(number: float) -> int:
    """The number, if a whole one; 7.0 is, as JSON has it. ValueError otherwise."""
    if not number.is_integer():
        raise ValueError("this is not a whole number")
    return int(number)


def _whole_pixels(image: list[list[float]]) -> list[list[float]]:
    """The image, if its pixels are whole numbers; ValueError otherwise."""
    pixels = np.array(image)
    if (pixels != np.rint(pixels)).any():
        raise ValueError("pixels are whole numbers")
    return image


# Strict floats, since JSON's 7.0 is a whole number: "7" and true are refused.
Pixel = Annotated[
    float,
    Field(ge=0, le=255, allow_inf_nan=False),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 255}),
]
Label = Annotated[
    float,
    Field(ge=0, le=9, allow_inf_nan=False),
    AfterValidator(_whole),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 9}),
]
Row = Annotated[list[Pixel], Field(min_length=28, max_length=28)]


Image = Annotated[list[Row], AfterValidator(_whole_pixels), Field(min_length=28, max_length=28)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StrokesInput(Strict):
    """A drawing by its strokes: read as an image and by its trajectory."""

    strokes: Strokes


class ImageInput(Strict):
    """A drawing by its image: 28 rows of 28, white ink (255) on black (0), as in MNIST."""

    image: Image


def kind_of(value: Any) -> str | None:
    """Which kind of input a body is, by the field that it has."""
    for kind in ("strokes", "image", "drawings"):
        if kind in value if isinstance(value, dict) else hasattr(value, kind):
            return kind
    return None


_KIND_ERROR: dict[str, Any] = {
    "custom_error_type": "kind_unknown",
    "custom_error_message": "Input should have one of the fields strokes, image and drawings",
}
_Drawing = Annotated[
    Annotated[StrokesInput, Tag("strokes")] | Annotated[ImageInput, Tag("image")],
    Discriminator(kind_of, **_KIND_ERROR),
]


class DrawingsInput(Strict):
    """Up to 256 drawings, which costs less than a request for each."""

    drawings: Annotated[list[_Drawing], Field(min_length=1, max_length=MOST_DRAWINGS)]


ReadInput = Annotated[
    Annotated[StrokesInput, Tag("strokes")]
    | Annotated[ImageInput, Tag("image")]
    | Annotated[DrawingsInput, Tag("drawings")],
    Discriminator(kind_of, **_KIND_ERROR),
]


class PredictionOutput(BaseModel):
    """What the model reads in one drawing."""

    digit: int | None = Field(ge=0, le=9, description="null where the confidence is too low")
    likeliest: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1, description="the probability of the likeliest digit")
    probabilities: list[float] = Field(
        min_length=10, max_length=10, description="of 0 to 9, 32-bit; they sum to 1"
    )
    model: str = Field(description="the model's name", examples=["bundled"])


class PredictionsOutput(BaseModel):
    """What the model reads in each of the drawings, in their order."""

    predictions: list[PredictionOutput]


class Box(BaseModel):
    """Where a digit is in a picture, in px from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


class PhotoDigit(PredictionOutput):
    """What the model reads at one place of a picture."""

    box: Box
    line: int = Field(description="from 0, from the top")
    number: int = Field(description="from 0, in reading order; a number's digits share it")


class PhotoOutput(BaseModel):
    """The digits of a picture, in reading order."""

    digits: list[PhotoDigit]


class ModelSummary(BaseModel):
    """A model that may serve."""

    name: str
    serves: bool
    created: str | None
    test_accuracy: float | None = Field(description="on the data that the card names")


class ModelsOutput(BaseModel):
    """All models that may serve."""

    models: list[ModelSummary]


class ModelOutput(BaseModel):
    """A model and its card."""

    name: str
    serves: bool
    card: dict[str, Any]


class Health(BaseModel):
    """How the service is."""

    status: str = Field(examples=["ok"])
