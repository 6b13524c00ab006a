"""Submissions as a table to filter, count and review."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as ipw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitlib import evaluation
from digitlib.store import Store, StoreError
from digitlib.text import data_url, percent


def submissions_table(store: Store) -> pd.DataFrame:
    """All submissions, newest first, with `day` and `right` (the prediction equals the label)."""
    frame = store.submissions().df()
    frame["day"] = pd.to_datetime(frame.submitted_at).dt.date
    frame["right"] = frame.label == frame.predicted
    return frame


def filtered(frame: pd.DataFrame, show: str, digits: Sequence[int], model: str) -> pd.DataFrame:
    """The rows of these digits and of this model (empty: all) that `show` selects.

    `show` is one of `parameters.FILTERS`; "doubtful" are the disputed labels, by confidence.
    """
    rows = frame[frame.label.isin(list(digits) or range(10))]
    rows = rows[rows.model == model] if model else rows
    if show == "wrong":
        return rows[~rows.right]
    if show == "doubtful":
        return rows[rows.disputed].sort_values("confidence", ascending=False)
    return rows if show == "all" else rows[rows.review == show]


def row_images(frame: pd.DataFrame) -> NDArray[np.uint8]:
    """The rows' images (n, 28, 28) uint8."""
    return np.frombuffer(b"".join(map(bytes, frame.image)), np.uint8).reshape(-1, 28, 28)


def row_captions(frame: pd.DataFrame) -> list[str]:
    """A caption for each image: the label, and the prediction where that differs."""
    return [
        f"{row.label}" if row.right else f"{row.label}→{row.predicted}"
        for row in frame.itertuples()
    ]


def submissions_headline(frame: pd.DataFrame) -> str:
    """How many sketches there are, from how many visits, and the models' accuracy on them.

    Where labels are disputed, the accuracy without and with them.
    """
    kept = frame[frame.review != "rejected"]
    if kept.empty:
        return "**There are no submissions yet.** Start the dashboard with `make dashboard`."
    disputed = int(frame.disputed.sum())
    everything = percent(float((kept.label == kept.predicted).mean()))
    counted = f" With them, as they were labelled: {everything}." if disputed else ""
    return (
        f"**{len(kept):,} sketches** from {kept.session.nunique():,} visits; a visit is one "
        "session of the page and counts as one person. "
        f"Accuracy without disputed labels: {_accuracy_text(frame)}.{counted} "
        f"Disputed labels to review: {disputed:,}."
    )


def labels_and_predictions(frame: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels (n,) and predictions (n,) of the rows that are neither disputed nor rejected."""
    kept = evaluation.undisputed(frame)
    return kept.label.to_numpy(np.int64), kept.predicted.to_numpy(np.int64)


def _accuracy(frame: pd.DataFrame) -> evaluation.Accuracy:
    """The accuracy on undisputed rows, with an interval clustered by visit."""
    return evaluation.accuracy(
        *labels_and_predictions(frame), evaluation.undisputed(frame).session.tolist()
    )


def _accuracy_text(frame: pd.DataFrame) -> str:
    """That accuracy in words."""
    return str(_accuracy(frame)) if len(evaluation.undisputed(frame)) else "not measured"


def daily_counts(frame: pd.DataFrame) -> tuple[list[str], NDArray[np.int64]]:
    """The days with sketches, oldest first, and the count of each digit (days, 10).

    Rejected sketches are left out.
    """
    frame = frame[frame.review != "rejected"]
    days = sorted(frame.day.unique())
    counts = np.zeros((len(days), 10), np.int64)
    np.add.at(counts, (frame.day.map(days.index).astype(np.int64), frame.label), 1)
    return [str(day) for day in days], counts


def accuracy_by(frame: pd.DataFrame, by: str) -> dict[str, evaluation.Accuracy]:
    """The accuracy on undisputed sketches of each day or model (`by` is the column)."""
    return {str(name): _accuracy(rows) for name, rows in evaluation.undisputed(frame).groupby(by)}


def accuracy_over_time(frame: pd.DataFrame) -> dict[str, dict[str, evaluation.Accuracy]]:
    """For each model, in the order in which they served, its accuracy on each of its days."""
    kept = evaluation.undisputed(frame).sort_values("submitted_at")
    return {
        str(model): accuracy_by(kept[kept.model == model], "day") for model in kept.model.unique()
    }


class Review(ipw.VBox):
    """Shows one sketch at a time, to accept or reject its label; `left` is how many remain."""

    def __init__(self, store: Store, frame: pd.DataFrame) -> None:
        self._store, self._rows = store, list(frame.itertuples())
        self._view = ipw.HTML()
        self._buttons = [
            self._button("Accept label", "accepted", "success"),
            self._button("Reject", "rejected", "danger"),
            self._button("Skip", "", ""),
        ]
        super().__init__([self._view, ipw.HBox(self._buttons)])
        self._show()

    @property
    def left(self) -> int:
        """How many sketches remain to be reviewed."""
        return len(self._rows)

    def decide(self, review: str) -> None:
        """Save the review of the sketch in view (empty: none) and show the next."""
        try:
            if review:
                self._store.review(str(self._rows[0].id), review)
        except (StoreError, LookupError) as error:
            self._show(f"Not saved: {error}")
            return
        del self._rows[0]
        self._show()

    def _button(self, text: str, review: str, style: str) -> Any:
        button = ipw.Button(description=text, button_style=style)
        button.on_click(lambda _button: self.decide(review))
        return button

    def _show(self, message: str = "") -> None:
        for button in self._buttons:
            button.disabled = not self._rows
        if not self._rows:
            self._view.value = "<p>Nothing left to review.</p>"
            return
        row = self._rows[0]
        image = np.frombuffer(bytes(row.image), np.uint8).reshape(28, 28)
        self._view.value = (
            f'<img src="{data_url(255 - image)}" width="140" style="image-rendering: pixelated">'
            f"<p>Label: <b>{row.label}</b>. More likely: {row.likeliest} "
            f"({percent(row.confidence, 1)}). {self.left} left. {message}</p>"
        )
