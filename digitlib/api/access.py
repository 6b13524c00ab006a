"""The outermost layer: a request id, a line in the log, the figures, and an answer to a crash."""

import logging
import os
import re
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitlib.api import metrics
from digitlib.api.configuration import configuration
from digitlib.api.problems import problem_response

logger = logging.getLogger("digitlib.api.access")
_REQUEST_ID = re.compile(rb"[\w.-]{1,64}")


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
        headers = dict(reversed(scope["headers"]))  # of a name given twice, the first
        given = headers.get(b"x-request-id", b"")
        request_id = given.decode() if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()
        state = scope.setdefault("state", {})
        state |= {"request_id": request_id, "headers": headers}

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        metrics.IN_PROGRESS.inc()
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            pass  # nobody is left to be answered
        except Exception:
            logger.exception("A request failed.", extra={"request_id": request_id})
            if status:
                raise  # the answer has begun: the connection is cut
            detail = "Something unexpected went wrong. The log has it under the request id."
            await problem_response(request_id, 500, detail)(scope, receive, answer)
        finally:
            metrics.IN_PROGRESS.dec()
            _record(scope, status, time.perf_counter() - begun)


def _record(scope: Scope, status: int, seconds: float) -> None:
    """Count an answered request, and write its line in the log."""
    method, route = scope["method"], getattr(scope.get("route"), "path", "other")
    metrics.count_request(method, route, status, seconds)
    if not logger.isEnabledFor(logging.INFO):
        return
    caller = scope["state"].get("caller")
    # `logger.info` would look up the stack for where it was called.
    record = logger.makeRecord(
        logger.name,
        logging.INFO,
        "",
        0,
        "%s %s %d %.1f ms",
        (method, route, status, 1000 * seconds),
        None,
        extra={
            "request_id": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 4),
            "caller": caller.name if caller else "refused",
        },
    )
    logger.handle(record)
