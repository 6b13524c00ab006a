"""Whether the service is alive, whether it is ready, and its figures."""

from fastapi import APIRouter, Request, Response

from digitlib.api import metrics
from digitlib.api.configuration import configuration
from digitlib.api.keys import Right
from digitlib.api.problems import documented
from digitlib.api.routes import guarded
from digitlib.api.schemas import Health
from digitlib.api.serving import latest_model

_LOCK_TIMEOUT = 2.0  # seconds for the database, which a balancer won't wait longer for

probes = APIRouter(tags=["Operation"])
figures = APIRouter(route_class=guarded(Right.READ), tags=["Operation"])


@probes.get("/healthz", summary="Is the process alive?")
async def healthz() -> Health:
    """Answers as long as the process does."""
    return Health(status="ok")


@probes.get("/readyz", responses=documented(503), summary="Can it read and keep?")
def readyz(request: Request) -> Health:
    """Loads the model that serves, and asks the database."""
    from digitlib.store import Store  # loads DuckDB

    latest_model(request.app)
    Store(lock_timeout=min(_LOCK_TIMEOUT, configuration().database_wait)).tally(latest=0)
    return Health(status="ready")


@figures.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **documented(401, 403, 429)},
    summary="Figures for Prometheus",
)
async def prometheus(request: Request) -> Response:
    """Requests, seconds, readings by digit and doubt, submissions, and the model."""
    text = metrics.exposition(latest_model(request.app).recogniser.name)
    return Response(text, media_type=metrics.CONTENT_TYPE)
