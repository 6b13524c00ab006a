"""What people have submitted, as a table to filter, count and review."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import ipywidgets as ipw
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from digitlib import evaluation
from digitlib.refine import label_errors
from digitlib.store import Store, StoreError
from digitlib.text import data_url, percent

FILTERS = ("all", "wrong", "doubtful", "pending", "accepted", "rejected")


def digits_from(given: object) -> list[int]:
    """The digits that a parameter names: 3, [3, 5], "3,5" or "[3]"; none of them is all.

    papermill passes what it takes for a number as one, and else text. ValueError for what names
    no digit from 0 to 9.
    """
    words = given if isinstance(given, list | tuple) else str(given).strip("[]() ").split(",")
    words = [str(word).strip() for word in words if str(word).strip()]
    if wrong := [word for word in words if word not in tuple("0123456789")]:
        raise ValueError(f"{wrong[0]!r} is no digit from 0 to 9; give one, as 3, or some, as 3,5")
    return [int(word) for word in words]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class ReviewFilter:
    """What `notebooks/submissions.ipynb` was asked to show; its parameters cell holds defaults."""

    show: Literal[FILTERS]  # type: ignore[valid-type]
    digits: Annotated[list[int], BeforeValidator(digits_from)]
    model: str
    gallery: Annotated[int, Field(ge=0)]
    export: bool


def submissions_table(store: Store) -> pd.DataFrame:
    """All submissions, newest first, with `day`, `right`, and `share`, the label's probability."""
    frame = store.submissions().df()
    frame["day"] = pd.to_datetime(frame.submitted_at).dt.date
    frame["right"] = frame.label == frame.predicted
    shares = np.array(frame.probabilities.to_list(), np.float32).reshape(-1, 10)
    frame["share"] = shares[np.arange(len(frame)), frame.label.to_numpy(np.int64)]
    return frame


def filtered(frame: pd.DataFrame, show: str, digits: Sequence[int], model: str) -> pd.DataFrame:
    """The rows to look at, of these digits and of a model (empty: all).

    `show` is one of `FILTERS`; doubtful are those that `suspects.marked` marked, the surest first.
    """
    rows = frame[frame.label.isin(list(digits) or range(10))]
    rows = rows[rows.model == model] if model else rows
    if show == "wrong":
        return rows[~rows.right]
    if show == "doubtful":
        return rows[rows.suspect].sort_values("odds", ascending=False)
    return rows if show == "all" else rows[rows.review == show]


def row_images(frame: pd.DataFrame) -> NDArray[np.uint8]:
    """The rows' images (n, 28, 28) uint8."""
    return np.frombuffer(b"".join(map(bytes, frame.image)), np.uint8).reshape(-1, 28, 28)


def row_captions(frame: pd.DataFrame) -> list[str]:
    """What stands below each image: the label, and what the model read where that differs."""
    return [
        f"{row.label}" if row.right else f"{row.label}, read {row.predicted}"
        for row in frame.itertuples()
    ]


def submissions_headline(frame: pd.DataFrame) -> str:
    """How many there are, by how many visits, and how well they were read, in a sentence."""
    kept = frame[frame.review != "rejected"]
    if kept.empty:
        return "**Nobody has submitted a sketch yet.** Start with `make dashboard`."
    waiting = int(frame.suspect.sum())
    read = f"{_accuracy(frame)}" if len(evaluation.undisputed(frame)) else "none"
    return (
        f"**{len(kept):,} sketches** from {kept.session.nunique():,} visits. {waiting:,} labels are"
        f" contradicted and wait for a review; of the others the models read {read} as their"
        " writers meant."
    )


def labels_and_predictions(frame: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels (n,) and what was read (n,), of the trusted."""
    kept = evaluation.undisputed(frame)
    return kept.label.to_numpy(np.int64), kept.predicted.to_numpy(np.int64)


def _accuracy(frame: pd.DataFrame) -> evaluation.Accuracy:
    """The share of the trusted that was read right; a visit's sketches are one hand's."""
    return evaluation.accuracy(
        *labels_and_predictions(frame), evaluation.undisputed(frame).session.tolist()
    )


def daily_counts(frame: pd.DataFrame) -> tuple[list[str], NDArray[np.int64]]:
    """The days with sketches, oldest first, and how many of each digit (days, 10).

    The rejected are left out.
    """
    frame = frame[frame.review != "rejected"]
    days = sorted(frame.day.unique())
    counts = np.zeros((len(days), 10), np.int64)
    np.add.at(counts, (frame.day.map(days.index).astype(np.int64), frame.label), 1)
    return [str(day) for day in days], counts


def accuracy_by(frame: pd.DataFrame, by: str) -> dict[str, evaluation.Accuracy]:
    """How often the trusted sketches of each day or model (`by`) were read right."""
    return {str(name): _accuracy(rows) for name, rows in evaluation.undisputed(frame).groupby(by)}


def accuracy_over_time(frame: pd.DataFrame) -> dict[str, dict[str, evaluation.Accuracy]]:
    """For each model, in the order in which they served, its accuracy on each of its days."""
    kept = evaluation.undisputed(frame).sort_values("submitted_at")
    return {
        str(model): accuracy_by(kept[kept.model == model], "day") for model in kept.model.unique()
    }


class Review(ipw.VBox):
    """One sketch at a time, to accept or reject its label; `left` is how many wait."""

    def __init__(self, store: Store, frame: pd.DataFrame) -> None:
        self._store, self._rows = store, list(frame.itertuples())
        self._view = ipw.HTML()
        self._buttons = [
            self._button("Accept the label", "accepted", "success"),
            self._button("Reject it", "rejected", "danger"),
            self._button("Skip", "", ""),
        ]
        super().__init__([self._view, ipw.HBox(self._buttons)])
        self._show()

    @property
    def left(self) -> int:
        """How many sketches wait for a review."""
        return len(self._rows)

    def judge(self, review: str) -> None:
        """Keep the review of the sketch in view, unless it is empty, and go on to the next."""
        try:
            if review:
                self._store.review(str(self._rows[0].id), review)
        except (StoreError, LookupError) as error:
            self._show(f"Not kept: {error}")
            return
        del self._rows[0]
        self._show()

    def _button(self, text: str, review: str, style: str) -> Any:
        button = ipw.Button(description=text, button_style=style)
        button.on_click(lambda _button: self.judge(review))
        return button

    def _show(self, message: str = "") -> None:
        for button in self._buttons:
            button.disabled = not self._rows
        if not self._rows:
            self._view.value = "<p>Nothing is left to review.</p>"
            return
        row = self._rows[0]
        image = np.frombuffer(bytes(row.image), np.uint8).reshape(28, 28)
        self._view.value = (
            f'<img src="{data_url(255 - image)}" width="140" style="image-rendering: pixelated">'
            f"<p>Labelled <b>{row.label}</b>; the model that serves and, from {label_errors.FEWEST}"
            f" sketches on, other people's say {row.likeliest}, {percent(row.odds, 1)} sure."
            f" {self.left} left. {message}</p>"
        )
