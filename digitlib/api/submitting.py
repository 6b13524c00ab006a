"""`/v1/submissions`: keep a labelled drawing, look it up, delete it."""

from datetime import UTC
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Request, Response
from numpy.typing import NDArray

from digitlib.api import metrics
from digitlib.api.callers import Caller
from digitlib.api.configuration import configuration
from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import bearer, guarded
from digitlib.api.schemas import ImageInput
from digitlib.api.serving import latest_model, predict
from digitlib.api.submission_schemas import AnySubmissionInput, Receipt, SubmissionOutput

if TYPE_CHECKING:  # DuckDB loads on first use: a worker that only reads does without
    from digitlib.store import Store, StoredSubmission

router = APIRouter(
    route_class=guarded(Right.SUBMIT),
    prefix="/v1/submissions",
    tags=["Submissions"],
    dependencies=[bearer],
)
lookup = APIRouter(
    route_class=guarded(Right.SUBMIT, Right.EXPORT),
    prefix="/v1/submissions",
    tags=["Submissions"],
    dependencies=[bearer],
)


class _Drawing(TypedDict, total=False):
    """What `Store.submit` takes as a drawing."""

    strokes: list[list[list[float]]]
    image: NDArray[np.uint8]


def store(request: Request) -> "Store":
    """The process's store, which keeps a database engine between calls."""
    state = request.app.state
    if not hasattr(state, "store"):
        from digitlib.store import Store

        state.store = Store(lock_timeout=configuration().database_wait)
    kept: Store = state.store
    return kept


@router.post(
    "",
    status_code=201,
    response_model=Receipt,
    responses={
        200: {"model": Receipt, "description": "It was kept before, under the same id"},
        **documented(401, 403, 408, 409, 413, 415, 422, 429, 503, 507),
    },
    summary="Keep a labelled drawing",
)
def submit(body: AnySubmissionInput, request: Request, response: Response) -> Receipt:
    """Answers once the submission is on disk.

    With an `id` of your own the request can be repeated, after a lost connection say: the same
    submission is kept once (200); another one under that id is refused (409).
    """
    caller: Caller = request.state.caller
    label = int(body.label)
    request.state.rates["submissions"].take(caller.name, 1)
    session = f"{caller.owner}/{body.session}" if body.session else caller.owner
    response.headers["Location"] = f"{request.url.path}/{body.id}"
    if body.id is not None and (earlier := store(request).submission(body.id)):
        if not _is_same(earlier, session, body):
            raise Problem(409, "Another submission has this id. Choose a new one, or delete that.")
        response.status_code = 200
        return Receipt(id=body.id, label=label, session=session)
    model = latest_model(request.app)
    id = store(request).submit(
        **_drawing(body),
        label=label,
        recogniser=model.recogniser,
        session=session,
        id=body.id,
        prediction=predict(request.app, model, [body])[0],
    )
    metrics.count_submission(label)
    response.headers["Location"] = f"{request.url.path}/{id}"
    return Receipt(id=id, label=label, session=session)


def _drawing(body: AnySubmissionInput) -> _Drawing:
    if isinstance(body, ImageInput):
        return {"image": np.array(body.image, np.uint8)}
    return {"strokes": body.strokes}


def _is_same(earlier: "StoredSubmission", session: str, body: AnySubmissionInput) -> bool:
    if (earlier.session, earlier.label) != (session, body.label):
        return False
    kept = earlier.strokes
    if isinstance(body, ImageInput):
        return kept is None and earlier.image == np.array(body.image, np.uint8).tobytes()
    return (
        kept is not None
        and [len(stroke) for stroke in kept] == [len(stroke) for stroke in body.strokes]
        and np.array_equal(_flat(kept), _flat(body.strokes))
    )


def _flat(strokes: list[list[list[float]]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([point for stroke in strokes for point in stroke], np.float32)


def _own(request: Request, id: UUID) -> "StoredSubmission":
    """The caller's submission with this id; raises Problem 404, also for another's."""
    found, caller = store(request).submission(id), request.state.caller
    may_see_all = Right.EXPORT in caller.key.rights and request.method == "GET"
    if found is None or not (may_see_all or caller.owns(found.session)):
        raise Problem(404, "Your key has no submission with this id.")
    return found


@lookup.get(
    "/{id}",
    response_model=SubmissionOutput,
    responses=documented(401, 403, 404, 422, 429, 503),
    summary="A submission",
)
def submission(id: UUID, request: Request) -> SubmissionOutput:
    """Answers with one that came with your key; with the right to export, with any."""
    return shown(_own(request, id))


@router.delete(
    "/{id}",
    status_code=204,
    responses=documented(401, 403, 404, 422, 429, 503),
    summary="Delete a submission",
)
def withdraw(id: UUID, request: Request) -> None:
    """Deletes one that came with your key."""
    found = _own(request, id)
    store(request).undo(found.session, id)


def shown(row: "StoredSubmission") -> SubmissionOutput:
    """A submission as the service answers it."""
    pixels = np.frombuffer(row.image, np.uint8).reshape(28, 28)
    columns = {
        **row._asdict(),
        "submitted_at": row.submitted_at.replace(tzinfo=UTC),
        "image": pixels.tolist() if row.strokes is None else None,
    }
    return SubmissionOutput.model_validate(columns)
