"""The store: submissions and runs in DuckDB, shared by many dashboards and notebooks.

DuckDB lets one process at a time write to a file, and nobody read meanwhile. So every call takes a
lock beside the file, opens it, does one transaction, and closes it. A write returns once it is on
disk. What is read is copied into memory in short turns, so that no writer waits long.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from duckdb import DuckDBPyConnection, DuckDBPyRelation
from numpy.typing import ArrayLike
from uuid_utils.compat import uuid7

from digitlib import settings
from digitlib.store.database import Database
from digitlib.store.pandas_block import without_pandas
from digitlib.store.predictor import (
    Prediction,
    Predictor,
    predicted_drawing,
    same_strokes,
)
from digitlib.store.records import (
    REVIEWS,
    StoredSubmission,
    Tally,
    as_json,
    newest,
    prediction_columns,
    tally,
)
from digitlib.store.schema import StoreError, StoreFullError, current_version, version_of
from digitlib.store.snapshot import snapshot
from digitlib.strokes import checked_label, checked_text

_COLUMNS = ", ".join(StoredSubmission._fields)


class Store:
    """The submissions and runs of one database; created, with its schema, on the first write.

    `url` is the path of a .duckdb file; by default the settings' one. A call waits at most
    `lock_timeout` seconds for others. Database problems raise `StoreError`, with a text for people;
    the file is then as it was.
    """

    def __init__(self, url: str | Path | None = None, lock_timeout: float = 10.0) -> None:
        try:
            self.url = str(url or settings.database_url())
        except ValueError as error:
            raise StoreError(str(error)) from error
        self._database = Database(self.url, lock_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between calls."""

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

        To retry after an error, pass the same `id`: the sketch is stored once, as it was submitted
        last. Where these strokes were already predicted, pass the `prediction`: it is stored as
        it is, and nothing is predicted again. Raises ValueError for a label outside 0 to 9, no ink,
        malformed strokes, or the prediction of other strokes, and StoreFullError where there is
        no room for more.
        """
        label, session = checked_label(label), checked_text(session, "session")
        if prediction is None:
            prediction = predicted_drawing(recogniser, strokes)
        elif not same_strokes(strokes, prediction.strokes):
            raise ValueError("The prediction is for other strokes than the submitted ones.")
        self._check_room()
        id = id or uuid7()
        columns = prediction_columns(prediction)
        with self._database.writing() as connection:
            # There is no key (see `schema`), but the lock keeps all other writers out.
            if connection.execute("SELECT 1 FROM submissions WHERE id = ?", [id]).fetchone():
                connection.execute(
                    "UPDATE submissions SET label = ?, predicted = ?, probabilities = ?, image = ?,"
                    " strokes = ?, model = ?, review = 'pending'"
                    " WHERE id = ? AND (label <> ? OR strokes <> ?::FLOAT[][][])",
                    [label, *columns, id, label, columns[3]],
                )
            else:
                connection.execute(
                    "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
                    [id, _now(), session, label, *columns],
                )
        return id

    def _check_room(self) -> None:
        """Raise StoreFullError where the database is as large as the settings allow."""
        try:
            limit = settings.database_limit()
        except ValueError as error:
            raise StoreError(str(error)) from error
        if self._database.size() >= limit:
            raise StoreFullError(
                f"No more sketches are taken: the database has reached its limit of"
                f" {limit / 1e6:,.0f} MB. Whoever runs this can raise DIGITS_DATABASE_MB, or set"
                " DIGITS_DATABASE to another database."
            )

    def undo(self, session: str, id: UUID | None = None) -> UUID | None:
        """Delete the session's latest submission, or the one with the id, and return its id.

        None when there is none. Pass the id where it is known: the clock decides which one is the
        latest, and clocks can be set back.
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
        """Set a submission's review, one of `REVIEWS`; LookupError when there is no such id."""
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
        """Store a run's parameters and metrics under the name that it got."""
        id = uuid7()
        given = json.dumps(as_json({**parameters, "run_name": run_name}))
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?)",
                [id, _now(), notebook, given, json.dumps(as_json(metrics)), model],
            )
        return id

    def submissions(self) -> DuckDBPyRelation:
        """All submissions, newest first: a copy in memory; `.df()` makes a frame."""
        return self.snapshot().sql("FROM submissions ORDER BY submitted_at DESC, id DESC")

    def submission(self, id: UUID) -> StoredSubmission | None:
        """The submission with this id, or None."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM submissions WHERE id = ?", [id]
            ).fetchone()
        return StoredSubmission(*row) if row else None

    def page(
        self, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> list[StoredSubmission]:
        """Up to `limit` submissions, newest first: the latest, or those before a time and id."""
        condition, values = "true", []
        if before is not None:
            condition = "submitted_at <= ? AND (submitted_at, id) < (?, ?)"
            values = [before[0], *before]
        with self._reading() as connection:
            rows = newest(connection, _COLUMNS, limit, condition, values)
        return [StoredSubmission(*row) for row in rows]

    def runs(self) -> DuckDBPyRelation:
        """All runs, newest first, with their `run_name`: a copy in memory, like `submissions`."""
        return snapshot(self._database, columns=()).sql(
            "SELECT id, parameters->>'run_name' AS run_name, * EXCLUDE (id) FROM runs"
            " ORDER BY started_at DESC, id DESC"
        )

    @property
    def absence(self) -> str:
        """A sentence that names the database's file if it does not exist yet; otherwise empty."""
        path = self._database.path
        return "" if path.exists() else f"There is no database {path} yet."

    def snapshot(self) -> DuckDBPyConnection:
        """A copy of the database in memory, for any query on `submissions` and `runs`."""
        return snapshot(self._database)

    def sketches(self, doubtful: Iterable[UUID | str] = ()) -> DuckDBPyRelation:
        """All but the rejected, oldest first, in the columns of a sketches file.

        Those with the ids `doubtful` are left out too, unless a review accepted them.
        """
        columns = ("id", "submitted_at", "session", "label", "strokes", "review")
        memory = snapshot(self._database, columns)
        ids = [str(id) for id in doubtful]  # in a table: a query with parameters copies its result
        memory.execute("CREATE TABLE doubtful AS SELECT unnest(?::UUID[]) AS id", [ids])
        return memory.sql(
            "SELECT id::VARCHAR AS id, label, strokes, 'submission' AS source, session AS writer"
            " FROM submissions WHERE review = 'accepted'"
            " OR (review = 'pending' AND id NOT IN (SELECT id FROM doubtful))"
            " ORDER BY submitted_at, submissions.id"
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
        with self._reading() as connection:
            return tally(connection, latest)

    @contextmanager
    def _reading(self) -> Iterator[DuckDBPyConnection]:
        """The database in today's schema, for a short query; writers wait until the block ends."""
        if self._database.path.exists():
            with self._database.reading() as connection:
                if version_of(connection) == current_version():
                    yield connection
                    return
        with self.snapshot() as memory, without_pandas():
            yield memory


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
