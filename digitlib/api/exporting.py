"""`GET /v1/submissions`: a page of JSON, or all of them as Parquet, CSV or lines of JSON."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from digitlib.api.configuration import configuration
from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import bearer, guarded
from digitlib.api.submission_schemas import SubmissionsOutput
from digitlib.api.submitting import shown, store

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

_ROWS = 500  # at a time
_CHUNK = 256 * 1024  # bytes
_TURN = threading.Semaphore(1)  # an export holds a copy of the database: one at a time
_JSON = "application/json"

router = APIRouter(
    route_class=guarded(Right.EXPORT),
    prefix="/v1/submissions",
    tags=["Submissions"],
    dependencies=[bearer],
)


def _write_parquet(sketches: "DuckDBPyRelation", path: Path) -> None:
    sketches.write_parquet(str(path))


def _write_csv(sketches: "DuckDBPyRelation", path: Path) -> None:
    as_text = "* REPLACE (to_json(strokes) AS strokes, to_json(image) AS image)"
    sketches.project(as_text).write_csv(str(path))


def _write_lines(sketches: "DuckDBPyRelation", path: Path) -> None:
    with path.open("w") as file:
        while rows := sketches.fetchmany(_ROWS):
            for row in rows:
                values = dict(zip(sketches.columns, row, strict=True))
                file.write(json.dumps(values, separators=(",", ":")) + "\n")


_WRITERS: dict[str, tuple[str, Callable[["DuckDBPyRelation", Path], None]]] = {
    "application/vnd.apache.parquet": ("parquet", _write_parquet),
    "text/csv": ("csv", _write_csv),
    "application/x-ndjson": ("ndjson", _write_lines),
}


@router.get(
    "",
    response_model=SubmissionsOutput,
    responses={
        200: {
            "description": "A page of JSON, or all sketches in the format that Accept asks for",
            "content": {kind: {"schema": {"type": "string"}} for kind in _WRITERS},
        },
        **documented(401, 403, 404, 406, 422, 429, 503),
    },
    summary="Submissions, by page or all at once",
)
def export(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100, description="submissions a page")] = 50,
    before: Annotated[UUID | None, Query(description="the `next` of the page before")] = None,
) -> Response:
    """Answers by the Accept header.

    `application/json`: a page, newest first, with all columns. `application/vnd.apache.parquet`,
    `text/csv` and `application/x-ndjson`: all but the rejected, oldest first, in the columns of a
    sketches file (`id`, `label`, `strokes`, `source`, `writer`), which training reads, and `image`,
    28 rows of 28, of those that were sent as images: these have no `strokes`.
    """
    kind = _negotiated(request.headers.get("accept", ""))
    if kind == _JSON:
        return _page(request, limit, before)
    if not _TURN.acquire(timeout=configuration().database_wait):
        raise Problem(503, "Another export is under way. Try again.", {"Retry-After": "10"})
    suffix, write = _WRITERS[kind]
    try:
        with tempfile.TemporaryDirectory(prefix="digits-export-") as folder:
            path = Path(folder) / "export"
            with store(request).sketches_on_disk() as sketches:
                write(sketches, path)
            size, file = path.stat().st_size, path.open("rb")  # open, it outlives its folder
    finally:
        _TURN.release()
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="submissions.{suffix}"',
    }
    return StreamingResponse(_chunks(file), headers=headers, media_type=kind)


def _page(request: Request, limit: int, before: UUID | None) -> Response:
    cursor = None
    if before is not None:
        last = store(request).submission(before)
        if last is None:
            raise Problem(404, "The submission `before` was deleted: begin with the first page.")
        cursor = (last.submitted_at, last.id)
    rows = store(request).page(limit, cursor)
    page = SubmissionsOutput(
        submissions=[shown(row) for row in rows],
        next=str(rows[-1].id) if len(rows) == limit else None,
    )
    return Response(page.model_dump_json(), media_type=_JSON)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _negotiated(accept: str) -> str:
    """The format that an Accept header prefers (RFC 9110); raises Problem 406 for none of them."""
    kinds = (_JSON, *_WRITERS)
    asked = []
    for number, part in enumerate(accept.split(",") if accept.strip() else ["*/*"]):
        media_range = Message()
        media_range["content-type"] = part.strip()
        try:
            weight = float(str(media_range.get_param("q", "1")))
        except ValueError:
            weight = 0.0
        asked.append((-weight, number, part.split(";")[0].strip().lower()))
    for weight, _, wanted in sorted(asked):
        for kind in kinds:
            if weight < 0 and wanted in (kind, "*/*", f"{kind.split('/')[0]}/*"):
                return kind
    raise Problem(406, f"Accept one of {', '.join(kinds)}.")
