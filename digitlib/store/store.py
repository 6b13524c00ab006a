"""Submissions and runs in DuckDB, safe with many dashboards and notebooks at once; the only SQL.

DuckDB lets one process at a time write to a file, and nobody read meanwhile. So every call here
takes a lock beside the file, opens, does one transaction, and closes; what is read is copied into
memory. A call returns once its transaction is on disk.
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from uuid import UUID

import numpy as np
from duckdb import DuckDBPyConnection, DuckDBPyRelation
from numpy.typing import ArrayLike
from uuid_utils.compat import uuid7

from digitlib import settings
from digitlib.store.database import Database
from digitlib.store.predictor import Prediction, Predictor, predicted_drawing
from digitlib.store.schema import StoreError
from digitlib.strokes import Image, Strokes, checked_label, checked_text

__all__ = ["Store", "StoreError", "Submission", "Tally"]
REVIEWS = ("pending", "accepted", "rejected")


class Submission(NamedTuple):
    """A labelled sketch as it is shown to people: `image` is (28, 28) uint8."""

    id: UUID
    label: int
    predicted: int
    image: Image


class StoredSubmission(NamedTuple):
    """A row of `submissions`: times in UTC, `image` 784 bytes, ten 32-bit `probabilities`."""

    id: UUID
    submitted_at: datetime
    session: str
    label: int
    predicted: int
    probabilities: tuple[float, ...]
    image: bytes
    strokes: list[list[list[float]]]
    model: str
    review: str


class Tally(NamedTuple):
    """What has been collected, without what a review rejected; `latest` is newest first."""

    total: int
    per_digit: tuple[int, ...]  # 10 counts
    right: int  # how often the model read what its writer meant
    latest: list[Submission]


_COLUMNS = ", ".join(StoredSubmission._fields)


def _plain(value: Any) -> Any:
    """What JSON can say of a value: arrays as lists, NaN and infinity as null, else text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _same_strokes(raw: Iterable[ArrayLike], checked: Strokes) -> bool:
    """Whether `checked_strokes(raw)` would be `checked`, at a fraction of its cost."""
    arrays = [array for stroke in raw if (array := np.asarray(stroke, np.float32)).size]
    return len(arrays) == len(checked) and all(map(np.array_equal, arrays, checked))


def _prediction_columns(prediction: Prediction) -> list[Any]:
    """The columns predicted, probabilities, image, strokes and model; ValueError without ink."""
    image, probabilities = prediction.image, prediction.probabilities
    if image is None or probabilities is None:
        raise ValueError("There is no ink: draw a digit first.")
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        raise ValueError(f"The model {prediction.model} did not give ten finite probabilities.")
    return [
        int(probabilities.argmax()),
        probabilities.tolist(),
        image.tobytes(),
        [stroke.tolist() for stroke in prediction.strokes],
        checked_text(prediction.model, "model's name"),
    ]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Store:
    """The submissions and runs of one database; made, with its schema, on the first write.

    `url` is a path to a .duckdb file; None is the settings' one. `lock_timeout` is for how many
    seconds a call waits for its turn. What goes wrong with the database is a `StoreError` whose
    text can be shown to people; the file is then as it was.
    """

    def __init__(self, url: str | Path | None = None, lock_timeout: float = 10.0) -> None:
        self.url = str(url or settings.database_url())
        self._database = Database(self.url, lock_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held between calls."""

    def submit(
        self,
        *,
        strokes: Iterable[ArrayLike],
        label: int,
        recogniser: Predictor,
        session: str,
        id: UUID | None = None,
        prediction: Prediction | None = None,
    ) -> UUID:
        """Store a labelled sketch; it is on disk when its id is returned.

        To retry after an error, pass the same `id`: the sketch is stored once, with the latest
        label. Where these strokes were already predicted, pass the `prediction`: it is stored as
        it is, and nothing is predicted again. Raises ValueError for a label outside 0 to 9, no ink,
        malformed strokes, or the prediction of other strokes.
        """
        label, session = checked_label(label), checked_text(session, "session")
        if prediction is None:
            prediction = predicted_drawing(recogniser, strokes)
        elif not _same_strokes(strokes, prediction.strokes):
            raise ValueError("The prediction is for other strokes than the submitted ones.")
        id = id or uuid7()
        row = [id, _now(), session, label, *_prediction_columns(prediction)]
        with self._database.writing() as connection:
            # There is no key (see `schema`), but the lock keeps all other writers out.
            if connection.execute("SELECT 1 FROM submissions WHERE id = ?", [id]).fetchone():
                connection.execute("UPDATE submissions SET label = ? WHERE id = ?", [label, id])
            else:
                connection.execute(
                    "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')", row
                )
        return id

    def undo(self, session: str, id: UUID | None = None) -> UUID | None:
        """Delete the session's latest submission, or that with the id, and return its id.

        None when there is none. Which one is the latest is for the clock to say, which may be set
        back: who knows the id had better give it.
        """
        with self._database.writing() as connection:
            row = connection.execute(
                "DELETE FROM submissions WHERE id = (SELECT id FROM submissions WHERE session = $1"
                " AND ($2 IS NULL OR id = $2) ORDER BY submitted_at DESC, id DESC LIMIT 1)"
                " RETURNING id",
                [session, id],
            ).fetchone()
        return row[0] if row else None

    def review(self, id: UUID | str, review: str) -> None:
        """Set a submission's review, one of `REVIEWS`; LookupError when there is no such one."""
        if review not in REVIEWS:
            raise ValueError(f"A review is one of {', '.join(REVIEWS)}; got {review!r}.")
        with self._database.writing() as connection:
            row = connection.execute(
                "UPDATE submissions SET review = ? WHERE id = ? RETURNING id",
                [review, UUID(str(id))],
            ).fetchone()
        if row is None:
            raise LookupError(f"There is no submission {id}.")

    def record_run(
        self,
        *,
        run_name: str,
        notebook: str,
        parameters: Mapping[str, Any],
        metrics: Mapping[str, Any],
        model: str,
    ) -> UUID:
        """Keep what a run was given and what came of it; `run_name` is the name that it got."""
        id = uuid7()
        given = json.dumps(_plain({**parameters, "run_name": run_name}))
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                [id, _now(), notebook, given, json.dumps(_plain(metrics)), model],
            )
        return id

    def submissions(self) -> DuckDBPyRelation:
        """All submissions, newest first: a copy in memory; `.df()` makes a frame."""
        return self._database.snapshot().sql("FROM submissions ORDER BY submitted_at DESC, id DESC")

    def submission(self, id: UUID) -> StoredSubmission | None:
        """The submission with this id, or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM submissions WHERE id = ?", [id]
            ).fetchone()
        return StoredSubmission(*row) if row else None

    def page(
        self, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> list[StoredSubmission]:
        """So many submissions, newest first: the latest, or those before a time and id."""
        time, id = before or (datetime.max, UUID(int=0))
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM submissions WHERE submitted_at < $1"
                " OR (submitted_at = $1 AND id < $2) ORDER BY submitted_at DESC, id DESC LIMIT $3",
                [time, id, limit],
            ).fetchall()
        return [StoredSubmission(*row) for row in rows]

    def runs(self) -> DuckDBPyRelation:
        """All runs, newest first, with their `run_name`: a copy in memory, as `submissions`."""
        return self._database.snapshot().sql(
            "SELECT id, parameters->>'run_name' AS run_name, * EXCLUDE (id) FROM runs"
            " ORDER BY started_at DESC, id DESC"
        )

    @property
    def absence(self) -> str:
        """A sentence that names the database's file where there is none yet; else empty."""
        path = self._database.path
        return "" if path.exists() else f"There is no database {path} yet."

    def snapshot(self) -> DuckDBPyConnection:
        """A copy of the database in memory, to ask anything of: submissions and runs."""
        return self._database.snapshot()

    def sketches(self, doubtful: Iterable[UUID | str] = ()) -> DuckDBPyRelation:
        """All but the rejected, oldest first, as in a sketches file.

        Nor those with the ids `doubtful`, unless a review accepted them by now.
        """
        return self._database.snapshot().sql(
            "SELECT id::VARCHAR AS id, label, strokes, 'submission' AS source, session AS writer"
            " FROM submissions WHERE review = 'accepted'"
            " OR (review = 'pending' AND NOT list_contains(?::VARCHAR[], id::VARCHAR))"
            " ORDER BY submitted_at, submissions.id",
            params=[[str(id) for id in doubtful]],
        )

    def export(self, path: str | Path, doubtful: Iterable[UUID | str] = ()) -> int:
        """Write `sketches` as Parquet, moved into place when it is whole; returns how many."""
        sketches = self.sketches(doubtful)
        path = Path(path)
        partial = path.with_name(f".{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        sketches.write_parquet(str(partial))
        partial.replace(path)
        return len(sketches)

    def tally(self, latest: int = 8) -> Tally:
        """How many sketches there are, per digit, how often the model was right, and the latest."""
        with self._database.reading() as connection:
            counts = connection.execute(
                "SELECT label, count(*), count(*) FILTER (label = predicted) FROM submissions"
                " WHERE review <> 'rejected' GROUP BY label"
            ).fetchall()
            rows = connection.execute(
                "SELECT id, label, predicted, image FROM submissions WHERE review <> 'rejected'"
                " ORDER BY submitted_at DESC, id DESC LIMIT ?",
                [latest],
            ).fetchall()
        per_digit = {label: count for label, count, _ in counts}
        return Tally(
            total=sum(per_digit.values()),
            per_digit=tuple(per_digit.get(digit, 0) for digit in range(10)),
            right=sum(right for _, _, right in counts),
            latest=[
                Submission(id, label, predicted, np.frombuffer(image, np.uint8).reshape(28, 28))
                for id, label, predicted, image in rows
            ],
        )
