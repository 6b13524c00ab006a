"""`/v1/read/photo`: the digit in an uploaded picture."""

import threading

from fastapi import APIRouter, Request, UploadFile

from digitlib.api import metrics
from digitlib.api.configuration import PHOTO_BYTES
from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import guarded
from digitlib.api.schemas import Box, PhotoDigit, PhotoOutput
from digitlib.api.serving import answer, latest_model

_TURN = threading.Semaphore(1)  # a decoded picture takes up to 100 MB: one at a time

router = APIRouter(
    route_class=guarded(Right.READ, content_type="multipart/form-data"),
    prefix="/v1",
    tags=["Reading"],
)


@router.post(
    "/read/photo",
    responses=documented(400, 401, 403, 408, 413, 415, 422, 429),
    summary="Read the digit in a picture",
)
def read_photo(photo: UploadFile, request: Request) -> PhotoOutput:
    """Reads one digit: PNG, JPEG or WebP of up to 10 MB, evenly lit, dark on light or reverse.

    Nothing is kept.
    """
    from digitlib.api.picture import find_digit  # Pillow, 3 MB, only where photos are read

    content = photo.file.read(PHOTO_BYTES + 1)
    try:
        with _TURN:
            found = find_digit(content)
    except ValueError as error:
        raise Problem(422, str(error)) from error
    model = latest_model(request.app)
    (prediction,) = model.read_images(found.image[None])
    metrics.count_reading(prediction.digit)
    x, y, width, height = found.box
    digit = PhotoDigit.model_validate(
        {**answer(prediction), "box": Box(x=x, y=y, width=width, height=height)}
    )
    return PhotoOutput(digits=[digit])
