"""A PostgreSQL database that many machines share."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import psycopg
from duckdb import DuckDBPyConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

from digitlib.store.engine import Connection, NewSubmission
from digitlib.store.errors import StoreError
from digitlib.store.postgres import transfer
from digitlib.store.postgres.errors import explanation
from digitlib.store.postgres.pool import checked_url, connect, pool_of
from digitlib.store.postgres.schema import current_version, migrate, version_of

_SIZE_SECONDS = 10.0  # for how long a size is taken as known
_SIZE = """
    SELECT sum(pg_relation_size(part.oid)) FROM pg_class AS known, pg_class AS part
    WHERE known.oid = to_regclass('submissions') AND part.oid IN (known.oid, known.reltoastrelid)
"""
_PUT = """
    INSERT INTO submissions AS known
    VALUES ($1, $2, $3, $4, $5, $6::real[], $7, $8::jsonb, $9, 'pending')
    ON CONFLICT (id) DO UPDATE SET
        label = excluded.label, predicted = excluded.predicted, image = excluded.image,
        probabilities = excluded.probabilities, strokes = excluded.strokes,
        model = excluded.model, review = 'pending'
    WHERE known.label <> excluded.label OR known.strokes IS DISTINCT FROM excluded.strokes
        OR (excluded.strokes IS NULL AND known.image <> excluded.image)
"""


class Postgres:
    """One database of a server; a call waits at most `lock_timeout` seconds for others."""

    def __init__(self, url: str, lock_timeout: float) -> None:
        self._url = checked_url(url)
        self.lock_timeout = lock_timeout
        self._size = (-_SIZE_SECONDS, 0)  # when it was asked for, and the answer

    @property
    def absence(self) -> str:
        """A sentence that names the database if it has no tables yet; otherwise empty."""
        with self._connected() as connection:
            if version_of(connection):
                return ""
        return f"The database {conninfo_to_dict(self._url).get('dbname', '')} has no tables yet."

    def size(self) -> int:
        """Bytes of the submissions without their indexes, as of some seconds ago."""
        asked, size = self._size
        if time.monotonic() - asked > _SIZE_SECONDS:
            with self._connected() as connection:
                found = connection.execute(_SIZE).fetchone()
            size = found[0] or 0 if found else 0
            self._size = (time.monotonic(), size)
        return int(size)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, on the server's disk once the block ends."""
        with self._connected() as connection:
            migrate(connection)
            yield cast(Connection, connection)

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A transaction that writers don't wait for; None without tables of today."""
        with self._connected() as connection:
            is_current = version_of(connection) == current_version()
            yield cast(Connection, connection) if is_current else None

    def put(self, connection: Connection, row: NewSubmission) -> None:
        """Insert a submission; one with its id gets the label and the drawing of this one."""
        numbers = f"{{{row.probabilities.strip('[]')}}}"  # as PostgreSQL writes an array
        connection.execute(_PUT, [*row._replace(probabilities=numbers)])

    def merge(self, rows: DuckDBPyConnection) -> None:
        """Take over the submissions and runs of a snapshot; those with the same id are replaced."""
        with self._connected() as connection:
            migrate(connection)
            transfer.merge(connection, rows)

    def snapshot(
        self,
        columns: Sequence[str] = ("*",),
        since: datetime | None = None,
        until: datetime | None = None,
        into: str = ":memory:",
    ) -> DuckDBPyConnection:
        """A copy of one moment, in DuckDB: the runs, and these columns of the submissions."""
        with self._connected() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            version = version_of(connection)
            return transfer.snapshot(connection if version else None, columns, since, until, into)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction on a connection of the pool; errors become a `StoreError` for people."""
        try:
            with pool_of(self._url, self.lock_timeout).connection(self.lock_timeout) as connection:
                yield connection
        except psycopg.Error as error:
            raise StoreError(self._explanation(error)) from error

    def _explanation(self, error: psycopg.Error) -> str:
        if isinstance(error, PoolTimeout):  # no connection: busy, or why?
            try:
                connect(self._url, self.lock_timeout).close()
            except psycopg.Error as reason:
                error = reason
        return explanation(error, self._url, self.lock_timeout)
