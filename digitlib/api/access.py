"""The outermost layer: a request id, a line in the log, the figures, and an answer to a crash."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitlib.api import metrics
from digitlib.api.configuration import configuration
from digitlib.api.problems import problem_response

logger = logging.getLogger("digitlib.api.access")
_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)


class Access:
    """Wraps the whole service."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and record it; refuse to start where a setting can't be used."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            try:
                configuration()
            except ValueError as error:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await self.app(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = time.perf_counter(), 0
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        try:
            with metrics.IN_PROGRESS.track_inprogress():
                await self.app(scope, receive, answer)
        except Exception:
            logger.exception("A request failed.", extra={"request_id": request_id})
            if status:
                raise  # the answer has begun: the connection is cut
            detail = "Something unexpected went wrong. The log has it under the request id."
            await problem_response(request_id, 500, detail)(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - begun
            route = getattr(scope.get("route"), "path", "other")
            metrics.count_request(scope["method"], route, status, seconds)
            caller = scope["state"].get("caller")
            logger.info(
                "%s %s %d %.1f ms",
                scope["method"],
                route,
                status,
                1000 * seconds,
                extra={
                    "request_id": request_id,
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "seconds": round(seconds, 4),
                    "caller": caller.name if caller else "refused",
                },
            )
