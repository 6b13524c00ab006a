"""`/v1/models`: which models there are, their cards, and which one serves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

from digitlib.api.keys import Right
from digitlib.api.problems import Problem, documented
from digitlib.api.routes import bearer, guarded
from digitlib.api.schemas import ModelOutput, ModelsOutput, ModelSummary
from digitlib.api.serving import latest_model
from digitlib.recogniser import BUNDLED, models_dir, promote, roll_back

_BUNDLED_NAME = "bundled"

cards = APIRouter(route_class=guarded(Right.READ), prefix="/v1/models", tags=["Models"])
promotion = APIRouter(
    route_class=guarded(Right.PROMOTE), prefix="/v1/models", tags=["Models"], dependencies=[bearer]
)


def _folders() -> Iterator[tuple[str, Path]]:
    """The model folders that may serve, by the name to promote them under."""
    yield _BUNDLED_NAME, BUNDLED
    for card in sorted(models_dir().glob("*/card.json")):
        yield card.parent.name, card.parent


def _folder(name: str) -> Path:
    """A model's folder, found among those there are: a name is never taken for a path."""
    for known, folder in _folders():
        if known == name:
            return folder
    raise Problem(404, "There is no model of this name; GET /v1/models lists them.")


def _card(folder: Path) -> dict[str, Any]:
    """What card.json holds, its NaN and infinity as null; empty where it can't be read."""
    try:
        text = (folder / "card.json").read_text()
        card = json.loads(text, parse_constant=lambda _name: None)
    except (OSError, ValueError, RecursionError):
        return {}
    return card if isinstance(card, dict) else {}


def _summary(name: str, folder: Path, serving: Path) -> ModelSummary:
    card = _card(folder)
    metrics = card.get("metrics")
    accuracy = metrics.get("test_accuracy") if isinstance(metrics, dict) else None
    created = card.get("created")
    return ModelSummary(
        name=name,
        serves=folder == serving,
        created=created if isinstance(created, str) else None,
        test_accuracy=accuracy if isinstance(accuracy, float) and 0 <= accuracy <= 1 else None,
    )


def _models(request: Request) -> ModelsOutput:
    serving = latest_model(request.app).folder
    return ModelsOutput(models=[_summary(*named, serving) for named in _folders()])


@cards.get("", responses=documented(401, 403, 429), summary="All models")
def models(request: Request) -> ModelsOutput:
    """Lists the models that may serve; exactly one of them does."""
    return _models(request)


@cards.get("/{name}", responses=documented(401, 403, 404, 422, 429), summary="A model's card")
def model(name: str, request: Request) -> ModelOutput:
    """Answers with all that the model's card says: data, parameters, metrics, versions."""
    folder = _folder(name)
    serves = folder == latest_model(request.app).folder
    return ModelOutput(name=name, serves=serves, card=_card(folder))


@promotion.post(
    "/rollback",
    responses=documented(401, 403, 409, 429),
    summary="Go back to the model before",
)
def rollback(request: Request) -> ModelsOutput:
    """The model that served before the last promotion serves the next request."""
    try:
        roll_back()
    except ValueError as error:
        raise Problem(409, str(error)) from error
    return _models(request)


@promotion.post(
    "/{name}/promote",
    responses=documented(401, 403, 404, 409, 422, 429),
    summary="Let a model serve",
)
def promote_model(name: str, request: Request) -> ModelsOutput:
    """The model serves the next request, in every worker, once it has read a few digits.

    The bundled one serves until another is promoted: to go back to it, roll back.
    """
    if _folder(name) == BUNDLED:
        raise Problem(409, "The bundled model can't be promoted: roll back to it.")
    try:
        promote(name)
    except ValueError as error:
        raise Problem(409, str(error)) from error
    return _models(request)
