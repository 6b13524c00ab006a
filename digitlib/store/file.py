"""A DuckDB file as the store's engine: the one that needs no server."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from duckdb import DuckDBPyConnection

from digitlib.store.database import Database
from digitlib.store.engine import Connection, NewSubmission
from digitlib.store.schema import current_version, version_of
from digitlib.store.snapshot import snapshot

_KEYS = {"submissions": "submitted_at", "runs": "started_at"}


class DuckFile(Database):
    """One DuckDB file; a call waits at most `lock_timeout` seconds for other processes."""

    @property
    def absence(self) -> str:
        """A sentence that names the file if it does not exist yet; otherwise empty."""
        return "" if self.path.exists() else f"There is no database {self.path} yet."

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """The file as it is; writers wait until the block ends. None without tables of today."""
        if not self.path.exists():
            yield None
            return
        with self.opened() as connection:
            is_current = version_of(connection) == current_version()
            yield cast(Connection, connection) if is_current else None

    def put(self, connection: Connection, row: NewSubmission) -> None:
        """Insert a submission; one with its id gets the label and the drawing of this one."""
        # There is no key (see `schema`), but the lock keeps all other writers out.
        known = connection.execute("SELECT submitted_at FROM submissions WHERE id = $1", [row.id])
        if found := known.fetchone():
            connection.execute(
                "UPDATE submissions SET label = $1, predicted = $2, probabilities = $3, image = $4,"
                " strokes = $5, model = $6, review = 'pending' WHERE submitted_at = $7 AND id = $8"
                " AND (label <> $1 OR strokes IS DISTINCT FROM $5::FLOAT[][][]"
                " OR (strokes IS NULL AND image <> $4))",
                [*row[3:], *found, row.id],
            )
        else:
            connection.execute(
                "INSERT INTO submissions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending')",
                row,
            )

    def merge(self, rows: DuckDBPyConnection) -> None:
        """Take over the submissions and runs of a snapshot; those with the same id are replaced."""
        with tempfile.TemporaryDirectory() as folder:
            files = {table: Path(folder) / table for table in _KEYS}
            for table, file in files.items():
                rows.sql(f"FROM {table}").write_parquet(str(file))
            with self.writing() as connection:
                for table, file in files.items():
                    _merge(connection, table, file)

    def snapshot(
        self,
        columns: Sequence[str] = ("*",),
        since: datetime | None = None,
        until: datetime | None = None,
        into: str = ":memory:",
    ) -> DuckDBPyConnection:
        """A copy in DuckDB: the runs, and these columns of the submissions, read in turns."""
        return snapshot(self, columns, since, until, into)


def _merge(connection: DuckDBPyConnection, table: str, file: Path) -> None:
    """Insert the rows of a file, except those that are there; the time finds these quickly."""
    time = _KEYS[table]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS FROM {table} LIMIT 0")
    connection.execute("INSERT INTO incoming FROM read_parquet($1)", [str(file)])
    limits = connection.execute(f"SELECT min({time}), max({time}) FROM incoming").fetchone()
    if limits is None or limits[0] is None:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE incoming AS FROM incoming EXCEPT"
        f" SELECT * FROM {table} WHERE {time} BETWEEN $1 AND $2",
        limits,
    )
    connection.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM incoming)")
    connection.execute(f"INSERT INTO {table} FROM incoming ORDER BY {time}, id")
    connection.execute("DROP TABLE incoming")
