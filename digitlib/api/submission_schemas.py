"""What the service takes and answers of submissions; see `schemas`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import numpy as np
from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag

from digitlib.api.schemas import Image, ImageInput, Label, Strict, StrokesInput, kind_of

_SOME_INK = {"contains": {"type": "array", "contains": {"type": "integer", "minimum": 1}}}


def _inked(image: list[list[float]]) -> list[list[float]]:
    """The image, if not all of it is black; ValueError otherwise."""
    if not np.any(image):
        raise ValueError("there is no ink: all of the image is black")
    return image


class _Labelled(Strict):
    label: Label = Field(description="the digit that was meant")
    id: Annotated[UUID, Field(strict=False)] | None = Field(
        default=None,
        description="Yours, so that a request can be repeated: a submission is kept once.",
    )
    session: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$",
        description="Who drew it, or on which visit; training keeps a session's drawings together.",
        examples=["visit-17"],
    )


class SubmissionInput(StrokesInput, _Labelled):
    """A labelled drawing to keep."""


class ImageSubmissionInput(ImageInput, _Labelled):
    """A labelled image to keep, of a digit from a photo say; not all of it is black."""

    image: Annotated[Image, AfterValidator(_inked), Field(json_schema_extra=_SOME_INK)]


AnySubmissionInput = Annotated[
    Annotated[SubmissionInput, Tag("strokes")] | Annotated[ImageSubmissionInput, Tag("image")],
    Discriminator(
        kind_of,
        custom_error_type="kind_unknown",
        custom_error_message="Input should have one of the fields strokes and image",
    ),
]


class Receipt(BaseModel):
    """A submission that is on disk."""

    id: UUID
    label: int = Field(ge=0, le=9)
    session: str


class SubmissionOutput(BaseModel):
    """A submission as it is kept."""

    id: UUID
    submitted_at: datetime = Field(description="in UTC")
    session: str = Field(description="the key's name, and the session if one was given")
    label: int = Field(ge=0, le=9)
    predicted: int = Field(ge=0, le=9, description="what the model of that time read")
    probabilities: list[float] = Field(min_length=10, max_length=10)
    strokes: list[list[list[float]]] | None = Field(description="null where an image was sent")
    image: list[list[int]] | None = Field(description="null where strokes were sent")
    model: str
    review: str = Field(description="pending, accepted or rejected")


class SubmissionsOutput(BaseModel):
    """A page of submissions, newest first."""

    submissions: list[SubmissionOutput]
    next: str | None = Field(description="`before` of the next page; null on the last")
