"""The model card on the page: the model's name, its accuracy and training data, and all details."""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

import ipywidgets as ipw

from digitlib.recogniser import Recogniser

_LONGEST_LIST = 20  # values of a list: a lineage names thousands of submissions


class ModelCard(ipw.HTML):
    """One sentence on the current model, and its whole card as a table to unfold."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-model-card")

    def show(self, recogniser: Recogniser) -> None:
        """Describe this recogniser."""
        self.value = (
            f"<p>{_sentence(recogniser)}</p><details><summary>Model card</summary>"
            f"<table>{_rows(recogniser.card)}</table></details>"
        )


def _sentence(recogniser: Recogniser) -> str:
    card = recogniser.card
    data = _section(card, "data")
    accuracy, images = (
        _section(card, "metrics").get(key) for key in ("test_accuracy", "test_images")
    )
    name = escape(recogniser.name)
    parts = [f"Model <strong>{name}</strong>"]
    if isinstance(accuracy, float):
        count = f"{images:,} " if isinstance(images, int) else ""
        tested = _title(data.get("name", ""))
        parts.append(f"accuracy {100 * accuracy:.2f} % on {count}{tested} test digits")
    if "created" in card:
        parts.append(f"trained {_day(card['created'])}" + _training_data(data))
    return ", ".join(parts) + "."


def _training_data(data: dict[str, Any]) -> str:
    count, name = data.get("train"), data.get("name")
    if not (isinstance(count, int) and name):
        return ""
    parts = [f"{count:,} {_title(name)} digits"]
    for key, kind in (("sketches", "pen sketches"), ("submissions", "submissions")):
        more = _section(data, key).get("train")
        if isinstance(more, int):
            parts.append(f"{more:,} {kind}")
    return " on " + ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def _title(dataset: object) -> str:
    return "MNIST" if dataset == "mnist" else escape(str(dataset))


def _day(created: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(created)):%-d %B %Y}"
    except ValueError:
        return escape(str(created))


def _section(card: dict[str, Any], key: str) -> dict[str, Any]:
    value = card.get(key)
    return value if isinstance(value, dict) else {}


def _rows(card: dict[str, Any]) -> str:
    return "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in _flat(card)
    )


def _flat(card: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in card.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key} · ")
        else:
            yield f"{prefix}{key}", _shown(value)


def _shown(value: Any) -> Any:
    """A card's value for people: long lists as their length, numbers with 4 significant digits."""
    if isinstance(value, list):
        if len(value) > _LONGEST_LIST:
            return f"{len(value):,} values"
        return ", ".join(str(_shown(inner)) for inner in value)
    return f"{value:.4g}" if isinstance(value, float) else value
