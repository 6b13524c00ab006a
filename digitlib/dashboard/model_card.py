"""The model card on the page: for people first, and as it is written one click further."""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from digitlib.dashboard.parts import Html
from digitlib.dashboard.wording import in_words
from digitlib.recogniser import Recogniser

_LONGEST_LIST = 20  # values of a list: a lineage names thousands of submissions
_NAMES = {"mnist": "MNIST", "qmnist": "QMNIST", "synthetic": "synthetic digits"}
_PEN = "digits that people drew with a pen"


class ModelCard(Html):
    """What the model learnt from, how well it reads whom, what it doubts, and when it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-model-card")

    def show(self, recogniser: Recogniser) -> None:
        """Describe this recogniser."""
        card = recogniser.card
        parts = {
            "Learnt from": _learnt(_section(card, "data")),
            "Reads": _reads(card),
            "Doubts": _doubts(recogniser),
            "Made": _made(card),
        }
        rows = "".join(
            f"<dt>{name}</dt><dd>{' '.join(sentences)}</dd>"
            for name, sentences in parts.items()
            if sentences
        )
        self.value = (
            "<h2>Who reads your digits</h2>"
            f"<p>Model <strong>{escape(recogniser.name)}</strong></p><dl>{rows}</dl>"
            "<details><summary>Model card</summary>"
            f"<table>{_rows(card)}</table></details>"
        )


def _learnt(data: dict[str, Any]) -> list[str]:
    """What it was trained on, and what of it has limits."""
    parts = []
    if isinstance(count := data.get("train"), int) and (name := data.get("name")):
        parts.append(f"{count:,} {_title(name)} digits")
    sketches = _section(data, "sketches")
    if isinstance(count := sketches.get("train"), int):
        writers = sketches.get("writers")
        by = f", by {writers:,} people" if isinstance(writers, int) else ""
        parts.append(f"{count:,} {_PEN}{by}")
    if isinstance(count := _section(data, "submissions").get("train"), int):
        parts.append(f"{count:,} sketches submitted here")
    if not parts:
        return []
    sentences = [f"{in_words(parts)}."]
    if isinstance(share := data.get("nondigit_share"), float) and share > 0:
        sentences.append(
            f"{100 * share:.0f} % of what it saw were letters, scribbles and the like,"
            " so that it learns to refuse them."
        )
    return sentences


def _reads(card: dict[str, Any]) -> list[str]:
    """How well it reads whose digits; all of it measured on digits that it had not seen."""
    data, metrics = _section(card, "data"), _section(card, "metrics")
    sentences = []
    accuracy, count = metrics.get("test_accuracy"), metrics.get("test_images")
    if isinstance(accuracy, float):
        images = f"{count:,} " if isinstance(count, int) else ""
        sentences.append(
            f"{100 * accuracy:.2f} % of {images}{_title(data.get('name', ''))} test digits"
            f"{_interval(metrics)}."
        )
    pen = metrics.get("sketch_accuracy_with_pen", metrics.get("sketch_accuracy"))
    count = metrics.get("sketch_images")
    if isinstance(pen, float) and isinstance(count, int):
        sentences.append(
            f"{round(pen * count):,} of {count:,} pen digits by people whom it had never seen."
        )
    return sentences


def _interval(metrics: dict[str, Any]) -> str:
    bounds = metrics.get("test_accuracy_interval")
    if not (isinstance(bounds, list) and len(bounds) == 2):
        return ""
    low, high = (f"{100 * float(bound):.2f}" for bound in bounds)
    return f" (on others like them, {low} to {high} %)"


def _doubts(recogniser: Recogniser) -> list[str]:
    """When it asks instead of answering."""
    sentences = [f"It asks below {100 * recogniser.threshold:.0f} % confidence."]
    refused = _section(recogniser.card, "metrics").get("nondigits_refused")
    if isinstance(refused, float):
        sentences.append(
            f"Of drawings that are no digits it refuses {100 * refused:.0f} %, and takes the others"
            " for digits."
        )
    return sentences


def _made(card: dict[str, Any]) -> list[str]:
    """When, and how large it is."""
    sentences = []
    if "created" in card:
        sentences.append(f"Trained {_day(card['created'])}.")
    counts = [part.get("parameter_count") for part in (card, _section(card, "pen"))]
    known = [count for count in counts if isinstance(count, int)]
    if known:
        sentences.append(f"{sum(known):,} parameters{_kinds(len(known))}.")
    return sentences


def _kinds(networks: int) -> str:
    return ", for the image and the strokes" if networks > 1 else ""


def _title(dataset: object) -> str:
    return escape(_NAMES.get(str(dataset), str(dataset)))


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
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
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
