"""The application: its paths, its layers, and what is done when it starts."""

import ctypes
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from digitlib.api import exporting, health, models, photos, reading, submitting
from digitlib.api.access import Access
from digitlib.api.configuration import configuration
from digitlib.api.limits import Limits
from digitlib.api.logs import configure_log
from digitlib.api.problems import ProblemDetails, add_handlers
from digitlib.api.reading import DirectReading
from digitlib.api.schemas import StrokesInput
from digitlib.api.serving import latest_model, predict

_DESCRIPTION = """\
Reads handwritten digits and keeps labelled ones, with the dashboard's own model and database.

Reading is open on this machine. From elsewhere it takes an API key, and so does submitting,
exporting and promoting anywhere: `Authorization: Bearer KEY`. Errors are
[problem details](https://www.rfc-editor.org/rfc/rfc9457).
"""


_ROUTERS = (
    reading.router,
    photos.router,
    submitting.router,
    submitting.lookup,
    exporting.router,
    models.cards,
    models.promotion,
    health.probes,
    health.figures,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    # DuckDB imports pandas where it can, 35 MB, to see if a value is NaT; here it can't.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    configure_log(as_json=configuration().json_log)
    tap = StrokesInput(strokes=[[[0.5, 0.2], [0.5, 0.8]]])
    predict(app, latest_model(app), [tap])  # the first takes longer: not a visitor's
    with suppress(OSError, AttributeError):  # only glibc gives back what loading took, 5 MB
        ctypes.CDLL(None).malloc_trim(0)
    yield


class _Cors:
    """CORS for the origins in the settings, which are read when the first request comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._with_cors: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve with CORS where the settings name origins."""
        if scope["type"] == "http" and (origins := configuration().origins):
            self._with_cors = self._with_cors or CORSMiddleware(
                self.app,
                allow_origins=origins,
                allow_methods=["GET", "POST", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
                expose_headers=["Location", "Retry-After", "X-Request-ID"],
            )
            await self._with_cors(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _create() -> FastAPI:
    application = FastAPIOffline(
        title="Digits",
        version="1",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
        swagger_ui_parameters={"persistAuthorization": False},
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in _ROUTERS:
        application.include_router(router)
    add_handlers(application)
    for layer in (DirectReading, Limits, _Cors, Access):  # the last is the outermost
        application.add_middleware(layer)
    _complete_schema(application)
    return application


def _complete_schema(application: FastAPI) -> None:
    """Add to OpenAPI's description what FastAPI can't know: the form of errors."""
    describe = application.openapi

    def openapi() -> dict[str, Any]:
        schema = describe()
        schemas = schema["components"]["schemas"]
        if "ProblemDetails" not in schemas:
            problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs")
            schemas["ProblemDetails"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return schema

    application.openapi = openapi  # type: ignore[method-assign]


app = _create()
