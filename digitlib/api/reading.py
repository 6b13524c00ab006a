"""`/v1/read`: what the model reads in strokes or images."""

import asyncio

from fastapi import APIRouter, Request, Response

from digitlib.api import metrics
from digitlib.api.problems import documented
from digitlib.api.routes import ReadingRoute
from digitlib.api.schemas import (
    DrawingsInput,
    PredictionOutput,
    PredictionsOutput,
    ReadInput,
)
from digitlib.api.serving import latest_model, predict

_BATCH = 8  # drawings: about 15 ms in which the process answers nobody else

router = APIRouter(route_class=ReadingRoute, prefix="/v1", tags=["Reading"])


@router.post(
    "/read",
    response_model=PredictionOutput | PredictionsOutput,
    responses=documented(401, 403, 408, 413, 415, 422, 429),
    summary="Read a digit, or up to 256",
)
async def read(body: ReadInput, request: Request) -> Response:
    """Reads strokes, a 28×28 image, or a list of these.

    Nothing is kept. `digit` is null where the model's confidence is below its threshold, and for a
    dot.
    """
    model = latest_model(request.app)
    drawings = body.drawings if isinstance(body, DrawingsInput) else [body]
    if len(drawings) > 1:
        request.state.rates["drawings"].take(request.state.caller.name, len(drawings) - 1)
    predictions: list[PredictionOutput] = []
    for start in range(0, len(drawings), _BATCH):
        if start:
            await asyncio.sleep(0)  # others' turn
        predictions += predict(request.app, model, drawings[start : start + _BATCH])
    for prediction in predictions:
        metrics.count_reading(prediction.digit)
    if isinstance(body, DrawingsInput):
        answer = PredictionsOutput.model_construct(predictions=predictions).model_dump_json()
    else:
        answer = predictions[0].model_dump_json()
    return Response(answer, media_type="application/json")
