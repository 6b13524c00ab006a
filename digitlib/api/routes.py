"""The kind of route that all paths share: rights before the body, and JSON read strictly."""

import json
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic_core import from_json
from starlette.types import Scope

from digitlib.api.callers import Caller
from digitlib.api.keys import Right
from digitlib.api.problems import Problem

bearer = Security(HTTPBearer(auto_error=False, description="An API key"))  # for the documentation
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _StrictRequest(Request):
    """A request with JSON as RFC 8259 has it: no NaN, no infinity, no lone surrogates."""

    async def json(self) -> Any:
        """The body's value; raises JSONDecodeError, without the input, where it isn't JSON."""
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise json.JSONDecodeError(str(error), "", 0) from None


def check_content_type(scope: Scope, wanted: str) -> None:
    """Raise Problem 415 unless the body is announced as what is wanted."""
    announced = scope["state"]["headers"].get(b"content-type", b"").decode("latin-1")
    if announced == wanted:
        return
    header = Message()
    header["content-type"] = announced
    if header.get_content_type() != wanted:
        raise Problem(415, f"Send this as Content-Type: {wanted}.")


def guarded(*rights: Right, content_type: str = "application/json") -> type[APIRoute]:
    """Routes for callers with one of these rights; bodies are of one content type."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            has_body = self.body_field is not None

            async def handler(request: Request) -> Response:
                caller: Caller = request.state.caller
                caller.require(*rights)
                if has_body:
                    check_content_type(request.scope, content_type)
                return await handle(_StrictRequest(request.scope, request.receive))

            return handler

    return GuardedRoute
