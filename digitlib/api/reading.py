"""`/v1/read`: what the model reads in strokes or images."""

from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from digitlib.api import metrics
from digitlib.api.batches import MOST, Batches
from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import check_content_type
from digitlib.api.schemas import (
    DrawingsInput,
    PredictionOutput,
    PredictionsOutput,
    ReadInput,
)
from digitlib.api.serving import answer, latest_model

_INPUT: TypeAdapter[Any] = TypeAdapter(ReadInput)

router = APIRouter(prefix="/v1", tags=["Reading"])


@router.post(
    "/read",
    response_model=PredictionOutput | PredictionsOutput,
    responses=documented(401, 403, 408, 413, 415, 422, 429),
    summary="Read a digit, or up to 256",
)
async def read(body: ReadInput) -> Any:
    """Reads strokes, a 28×28 image, or a list of these.

    Nothing is kept. `digit` is null where the model's confidence is below its threshold, and for a
    dot.
    """
    raise NotImplementedError("DirectReading answers this; FastAPI describes it.")


_ROUTE = router.routes[0]
_PATH = "/v1/read"
_JSON = (b"content-type", b"application/json")


class DirectReading:
    """Answers `POST /v1/read` past FastAPI, which would add a quarter to the cost of a reading."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._batches: Batches | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, or hand on what asks for something else."""
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"].removeprefix(scope.get("root_path", "")) == _PATH
        ):
            scope["route"] = _ROUTE
            self._batches = self._batches or Batches(scope["app"])
            body = await _read(scope, receive, self._batches)
            headers = [(b"content-length", b"%d" % len(body)), _JSON]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await self.app(scope, receive, send)


async def _read(scope: Scope, receive: Receive, batches: Batches) -> bytes:
    """The answer, as JSON; raises Problem where there is none."""
    state = scope["state"]
    state["caller"].require(Right.READ)
    check_content_type(scope, "application/json")
    body = _parsed(await _whole(receive))
    is_list = isinstance(body, DrawingsInput)
    drawings = body.drawings if is_list else [body]
    if len(drawings) > 1:
        state["rates"]["drawings"].take(state["caller"].name, len(drawings) - 1)
    model = latest_model(scope["app"])
    answers: list[dict[str, object]] = []
    for start in range(0, len(drawings), MOST):  # others' turn in between
        for prediction in await batches.read(model, drawings[start : start + MOST]):
            metrics.count_reading(prediction.digit)
            answers.append(answer(prediction))
    return to_json({"predictions": answers} if is_list else answers[0])


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _parsed(body: bytes) -> Any:
    try:
        return _INPUT.validate_json(body)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise Problem.invalid([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None
