"""Errors as problem details (RFC 9457): what was wrong in words that help, without the input."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from digitlib.store import StoreError, StoreFullError

MEDIA_TYPE = "application/problem+json"
CLOSE = {"Connection": "close"}  # where the rest of a body won't be read
_MOST_ERRORS = 10  # of a body that has thousands
_DETAILS = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take that method; /docs lists what it takes.",
    400: "The request could not be read. Is its body what its Content-Type says?",
}


class FieldError(BaseModel):
    """What is wrong with one part of the input."""

    location: str = Field(examples=["body.strokes.0.3.1"])
    message: str = Field(examples=["Input should be a valid number"])


class ProblemDetails(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(default="about:blank")
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The input does not fit the schema."])
    request_id: str | None = Field(default=None, description="As the log names this request.")
    errors: list[FieldError] | None = Field(default=None)


class Problem(HTTPException):
    """An error to answer with; `detail` is a sentence for people."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.errors = errors

    @classmethod
    def invalid(cls, found: Sequence[Mapping[str, Any]]) -> Self:
        """The problem of a body that does not fit the schema, by the errors that pydantic found."""
        errors = [
            FieldError(location=_location(one), message=_message(one))
            for one in found[:_MOST_ERRORS]
        ]
        more = f" The first {_MOST_ERRORS} of {len(found):,} errors:" * (len(found) > _MOST_ERRORS)
        return cls(422, f"The input does not fit the schema.{more}", errors=errors)

    def response(self, request_id: str | None) -> JSONResponse:
        """The answer that tells of it."""
        return problem_response(
            request_id, self.status_code, self.detail, self.headers, self.errors
        )


def problem_response(
    request_id: str | None,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
) -> JSONResponse:
    """The answer that tells of a problem."""
    details = ProblemDetails(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=list(errors) or None,
    )
    return JSONResponse(details.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of the problems that a path answers with."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}}
        for status in statuses
    }


def add_handlers(app: FastAPI) -> None:
    """Answer every error with problem details; FastAPI's own handler fails on NaN and echoes."""
    app.exception_handler(StarletteHTTPException)(_on_http_error)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(StoreError)(_on_store_error)


def _id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)


async def _on_http_error(request: Request, error: StarletteHTTPException) -> JSONResponse:
    if isinstance(error, Problem):
        return error.response(_id(request))
    detail = _DETAILS.get(error.status_code, str(error.detail))
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods(request)):
        headers["Allow"] = ", ".join(methods)  # Starlette names those of one route
    return problem_response(_id(request), error.status_code, detail, headers)


def _methods(request: Request) -> list[str]:
    """The methods of all operations at a request's path."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    described = request.app.openapi()["paths"]
    templates = [path] if path in described else described
    operations = (described[one] for one in templates if compile_path(one)[0].match(path))
    return sorted({method.upper() for methods in operations for method in methods})


async def _on_store_error(request: Request, error: StoreError) -> JSONResponse:
    if isinstance(error, StoreFullError):
        return problem_response(_id(request), 507, str(error))
    return problem_response(_id(request), 503, str(error), {"Retry-After": "5"})


async def _on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    return Problem.invalid(error.errors()).response(_id(request))


def _location(error: Mapping[str, Any]) -> str:
    """Where the error is; a name that the client made up is left out."""
    place = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in place)


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is a field that the schema does not have."
    if error["type"] == "json_invalid":
        return f"This is not JSON: {error['ctx']['error']}."
    if error["type"] == "uuid_parsing":
        return "Input should be a valid UUID."
    return f"{error['msg']}."
