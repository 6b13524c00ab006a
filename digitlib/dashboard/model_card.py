"""Which model reads: its name, how good it is, and all that its card says."""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

import ipywidgets as ipw

from digitlib.recogniser import Recogniser

_MOST_SHOWN = 20  # values of a list: a lineage names thousands of submissions


class ModelCard(ipw.HTML):
    """One sentence on the model that reads, and its whole card to unfold."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-footer")

    def show(self, recogniser: Recogniser) -> None:
        """Describe this recogniser."""
        self.value = (
            f"<p>{_sentence(recogniser)}</p><details><summary>What its card says</summary>"
            f"<table>{_rows(recogniser.card)}</table></details>"
        )


def _sentence(recogniser: Recogniser) -> str:
    card = recogniser.card
    data = _of(card, "data")
    accuracy, images = (_of(card, "metrics").get(key) for key in ("test_accuracy", "test_images"))
    name = escape(recogniser.name)
    parts = [f"Read by <strong>{name}</strong>"]
    if isinstance(accuracy, float):
        count = f"{images:,} " if isinstance(images, int) else ""
        tested = _title(data.get("name", ""))
        parts.append(f"{100 * accuracy:.2f} % right on {count}{tested} test digits")
    if "created" in card:
        parts.append(f"trained {_day(card['created'])}" + _on(data))
    return ", ".join(parts) + "."


def _on(data: dict[str, Any]) -> str:
    count, name = data.get("train"), data.get("name")
    if not (isinstance(count, int) and name):
        return ""
    learnt = [f"{count:,} {_title(name)} digits"]
    for key, what in (("sketches", "pen sketches"), ("submissions", "submissions")):
        more = _of(data, key).get("train")
        if isinstance(more, int):
            learnt.append(f"{more:,} {what}")
    return " on " + ", ".join(learnt[:-1]) + " and " * (len(learnt) > 1) + learnt[-1]


def _title(dataset: object) -> str:
    return "MNIST" if dataset == "mnist" else escape(str(dataset))


def _day(created: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(created)):%-d %B %Y}"
    except ValueError:
        return escape(str(created))


def _of(card: dict[str, Any], key: str) -> dict[str, Any]:
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
    """A value of a card as people read it: no list without end, no digits without meaning."""
    if isinstance(value, list):
        short = [_shown(inner) for inner in value]
        return f"{len(value):,} of them" if len(value) > _MOST_SHOWN else ", ".join(map(str, short))
    return f"{value:.4g}" if isinstance(value, float) else value
