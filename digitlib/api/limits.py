"""What bounds a request before any of it is understood: who calls, how much, how slowly."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitlib.api.callers import Rate, identify
from digitlib.api.configuration import BODY_BYTES, LARGE, PHOTO_BYTES, configuration
from digitlib.api.problems import CLOSE, Problem

_FREE = ("/healthz", "/readyz")  # a balancer asks often
_PHOTO = "/v1/read/photo"
_DISCARDED = 2  # times the limit that is read and dropped, so that the client hears of it


class Limits:
    """Identifies the caller, counts the request, and watches over its body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._rates: dict[str, Rate] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within its limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if path not in _FREE:
                self._admit(scope)
            headers = scope["state"]["headers"]
            body = _Body(headers.get(b"content-length", b""), receive, is_photo=path == _PHOTO)
            await body.check_announced()
            await self.app(scope, body.receive, send)
        except Problem as problem:  # once an answer has begun, there is none
            response = problem.response(scope["state"]["request_id"])
            await response(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        chosen = configuration()
        headers = scope["state"]["headers"]
        client = scope.get("client")
        caller = identify(
            client[0] if client else None,
            headers.get(b"host", b"").decode("latin-1"),
            headers.get(b"authorization", b""),
            chosen,
        )
        if not self._rates:
            self._rates = {
                "drawings": Rate(chosen.drawings_per_minute, "requests and drawings"),
                "submissions": Rate(chosen.submissions_per_minute, "submissions"),
            }
        self._rates["drawings"].take(caller.name, 1)
        scope["state"].update(caller=caller, rates=self._rates)


class _Body:
    """A request's body on its way in: not more than the limit, and not slower than the patience."""

    def __init__(self, announced: bytes, receive: Receive, *, is_photo: bool) -> None:
        self._limit = PHOTO_BYTES if is_photo else BODY_BYTES
        self._patience = configuration().patience * (LARGE if is_photo else 1)
        self._deadline = asyncio.get_running_loop().time() + self._patience
        self._announced = announced
        self._receive = receive
        self._bytes = 0
        self._is_whole = False

    async def check_announced(self) -> None:
        """Raise Problem 413 where the header says that the body is too large."""
        if self._announced.isdigit() and int(self._announced) > self._limit:
            await self._refuse()

    async def receive(self) -> Message:
        """The next part; raises Problem 413 for one too many, 408 for one too late."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            detail = f"The request's body took longer than {self._patience:g} s to arrive."
            raise Problem(408, detail, CLOSE) from None
        self._bytes += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._bytes > self._limit:
            await self._refuse()
        return message

    async def _refuse(self) -> None:
        """Raise Problem 413, once the rest of a body of reasonable size is read and dropped.

        Else the client, still sending, would see its connection break instead of the answer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                while not self._is_whole and self._bytes < (1 + _DISCARDED) * self._limit:
                    message = await self._receive()
                    self._bytes += len(message.get("body", b""))
                    self._is_whole = not message.get("more_body", False)
        size = f"{self._limit // 1024:,} KB"
        raise Problem(413, f"The body may be at most {size}.", CLOSE)
