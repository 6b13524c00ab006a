"""`/v1/read/photo`: the digits in an uploaded picture."""

import threading

import numpy as np
from fastapi import APIRouter, Request, UploadFile

from digitlib.api import metrics
from digitlib.api.configuration import PHOTO_BYTES
from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import guarded
from digitlib.api.schemas import PhotoDigit, PhotoOutput
from digitlib.api.serving import answer, latest_model

_TURN = threading.Semaphore(1)  # a decoded picture takes up to 200 MB: one at a time

router = APIRouter(
    route_class=guarded(Right.READ, content_type="multipart/form-data"),
    prefix="/v1",
    tags=["Reading"],
)


@router.post(
    "/read/photo",
    responses=documented(400, 401, 403, 408, 413, 415, 422, 429),
    summary="Read the digits in a picture",
)
def read_photo(photo: UploadFile, request: Request) -> PhotoOutput:
    """Reads all digits in a photo, a scan or a screenshot: PNG, JPEG or WebP of up to 10 MB.

    In reading order, each with its box, line and number. Nothing is kept.
    """
    from digitlib import photos  # Pillow and OpenCV, 20 MB, only where photos are read

    content = photo.file.read(PHOTO_BYTES + 1)
    model = latest_model(request.app)
    try:
        with _TURN:
            found = photos.read_photo(content, model.recogniser)
    except ValueError as error:
        raise Problem(422, str(error)) from error
    if not found:
        raise Problem(422, "There is no digit to be seen. Photograph it closer, in better light.")
    predictions = model.read_images(np.array([digit.image for digit in found]))
    digits = []
    for digit, prediction in zip(found, predictions, strict=True):
        metrics.count_reading(prediction.digit)
        box = dict(zip(("x", "y", "width", "height"), digit.box, strict=True))
        place = {"box": box, "line": digit.line, "number": digit.number}
        digits.append(PhotoDigit.model_validate({**answer(prediction), **place}))
    return PhotoOutput(digits=digits)
