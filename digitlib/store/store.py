"""The store: submissions and runs, shared by many dashboards and notebooks.

A write returns once it is on disk. Larger reads are copied into DuckDB in memory, whichever engine
holds the database: a DuckDB file (see `database`) or PostgreSQL.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast
from uuid import UUID

from duckdb import DuckDBPyConnection, DuckDBPyRelation
from numpy.typing import ArrayLike
from uuid_utils.compat import uuid7

from digitlib import settings
from digitlib.store.engine import Connection, NewSubmission
from digitlib.store.errors import StoreError
from digitlib.store.opening import check_room, open_engine
from digitlib.store.pandas_block import without_pandas
from digitlib.store.predictor import (
    Prediction,
    Predictor,
    submitted,
)
from digitlib.store.records import (
    REVIEWS,
    SKETCH_COLUMNS,
    StoredSubmission,
    Tally,
    as_json,
    newest,
    prediction_columns,
    sketches_of,
    stored,
    tally,
    time_of,
)
from digitlib.strokes import checked_label, checked_text

_EXPORT_MEMORY = "512MB"  # the rest is on disk
_COLUMNS = ", ".join(StoredSubmission._fields)


class Store:
    """The submissions and runs of one database; created, with its schema, on the first write.

    `url` is the path of a .duckdb file or postgresql://…; by default the settings' one. A call
    waits at most `lock_timeout` seconds for others. Database problems raise `StoreError`, with a
    text for people; the database is then as it was.
    """

    def __init__(self, url: str | Path | None = None, lock_timeout: float = 10.0) -> None:
        try:
            self.url = str(url or settings.database_url())
        except ValueError as error:
            raise StoreError(str(error)) from error
        self._engine = open_engine(self.url, lock_timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing stays open between calls, but for a server's idle connections."""

    def submit(
        self,
        *,
        strokes: Iterable[ArrayLike] | None = None,
        image: ArrayLike | None = None,
        label: int,
        recogniser: Predictor,
        session: str,
        id: UUID | None = None,
        prediction: Prediction | None = None,
    ) -> UUID:
        """Store a labelled sketch; it is on disk when its id is returned.

        It is given by its strokes, or by an `image` (28, 28) uint8 that has none, from a photo say.
        To retry after an error, pass the same `id`: the sketch is stored once, as it was submitted
        last. Where it was already predicted, pass the `prediction`: it is stored as it is, and
        nothing is predicted again. Raises ValueError for a label outside 0 to 9, no ink, malformed
        strokes or images, or the prediction of another one, and StoreFullError where there is no
        room for more.
        """
        label, session = checked_label(label), checked_text(session, "session")
        prediction = submitted(recogniser, strokes, image, prediction)
        check_room(self._engine)
        id = id or uuid7()
        columns = prediction_columns(prediction)
        with self._engine.writing() as connection:
            row = NewSubmission(id, _now(), session, label, *columns)
            self._engine.put(connection, row)
        return id

    def undo(self, session: str, id: UUID | None = None) -> UUID | None:
        """Delete the session's latest submission, or the one with the id, and return its id.

        None when there is none. Pass the id where it is known: the clock decides which one is the
        latest, and clocks can be set back.
        """
        with self._engine.writing() as connection:
            row = connection.execute(
                "DELETE FROM submissions WHERE id = (SELECT id FROM submissions WHERE session = $1"
                " AND ($2::UUID IS NULL OR id = $2) ORDER BY submitted_at DESC, id DESC LIMIT 1)"
                " RETURNING id",
                [session, id],
            ).fetchone()
        return row[0] if row else None

    def review(self, id: UUID | str, review: str) -> None:
        """Set a submission's review, one of `REVIEWS`; LookupError when there is no such id."""
        if review not in REVIEWS:
            raise ValueError(f"A review is one of {', '.join(REVIEWS)}; got {review!r}.")
        with self._engine.writing() as connection:
            row = connection.execute(
                "UPDATE submissions SET review = $1 WHERE id = $2 RETURNING id",
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
        with self._engine.writing() as connection:
            connection.execute(
                "INSERT INTO runs VALUES ($1, $2, $3, $4, $5, $6)",
                [id, _now(), notebook, given, json.dumps(as_json(metrics)), model],
            )
        return id

    def submissions(
        self, columns: Sequence[str] = ("*",), limit: int | None = None
    ) -> DuckDBPyRelation:
        """Submissions, newest first: a copy in memory; `.df()` makes a frame.

        All of them with all columns, of which a million take 2 GB; or these columns, or the newest.
        """
        since = None
        if limit is not None:
            with self._reading() as connection:
                since = time_of(connection, limit)
        needed = columns if "*" in columns else {*columns, "submitted_at", "id"}
        copy = self._engine.snapshot(tuple(needed), since=since)
        order = f"ORDER BY submitted_at DESC, id DESC LIMIT {'ALL' if limit is None else limit}"
        return copy.sql(f"SELECT {', '.join(columns)} FROM submissions {order}")

    def submission(self, id: UUID) -> StoredSubmission | None:
        """The submission with this id, or None."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM submissions WHERE id = $1", [id]
            ).fetchone()
        return stored(row) if row else None

    def page(
        self, limit: int, before: tuple[datetime, UUID] | None = None
    ) -> list[StoredSubmission]:
        """Up to `limit` submissions, newest first: the latest, or those before a time and id."""
        condition, values = "true", []
        if before is not None:
            condition = "submitted_at <= $1 AND (submitted_at, id) < ($1, $2)"
            values = [*before]
        with self._reading() as connection:
            rows = newest(connection, _COLUMNS, limit, condition, values)
        return [stored(row) for row in rows]

    def runs(self) -> DuckDBPyRelation:
        """All runs, newest first, with their `run_name`: a copy in memory, like `submissions`."""
        return self._engine.snapshot(columns=()).sql(
            "SELECT id, parameters->>'run_name' AS run_name, * EXCLUDE (id) FROM runs"
            " ORDER BY started_at DESC, id DESC"
        )

    @property
    def absence(self) -> str:
        """A sentence that names the database if nothing was stored in it yet; otherwise empty."""
        return self._engine.absence

    def snapshot(self) -> DuckDBPyConnection:
        """A copy of the database in memory, for any query on `submissions` and `runs`."""
        return self._engine.snapshot()

    def sketches(self, doubtful: Iterable[UUID | str] = ()) -> DuckDBPyRelation:
        """All but the rejected, oldest first, in the columns of a sketches file.

        Those with the ids `doubtful` are left out too, unless a review accepted them.
        """
        return sketches_of(self._engine.snapshot(SKETCH_COLUMNS), doubtful)

    @contextmanager
    def sketches_on_disk(self, doubtful: Iterable[UUID | str] = ()) -> Iterator[DuckDBPyRelation]:
        """`sketches` to be written somewhere, for as long as the block lasts, in little memory."""
        with tempfile.TemporaryDirectory(prefix="digits-sketches-") as folder:
            copy = self._engine.snapshot(SKETCH_COLUMNS, into=f"{folder}/copy.duckdb")
            with copy:
                copy.execute(f"SET memory_limit = '{_EXPORT_MEMORY}'")
                yield sketches_of(copy, doubtful)

    def export(self, path: str | Path, doubtful: Iterable[UUID | str] = ()) -> int:
        """Write `sketches` as Parquet, moved into place when it is whole; returns how many."""
        path = Path(path)
        partial = path.with_name(f".{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.sketches_on_disk(doubtful) as sketches:
            sketches.write_parquet(str(partial))
            partial.replace(path)
            return len(sketches)

    def tally(self, latest: int = 8) -> Tally:
        """How many sketches there are, per digit, how often the model was right, and the latest."""
        with self._reading() as connection:
            return tally(connection, latest)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """The database in today's schema, for a short query; writers wait until the block ends."""
        with self._engine.reading() as connection:
            if connection is not None:
                yield connection
                return
        with self.snapshot() as memory, without_pandas():
            yield cast(Connection, memory)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
