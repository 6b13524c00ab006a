"""A DuckDB file that many processes share: a lock, short connections, a schema version."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from filelock import FileLock, Timeout

# Each entry takes the schema one version further; what has been released is never changed. Plain
# types and constraints only, and times in UTC, so that a server could hold the same tables.
MIGRATIONS = (
    """
    CREATE TABLE submissions (
        id UUID PRIMARY KEY,
        submitted_at TIMESTAMP NOT NULL,
        session VARCHAR NOT NULL,
        label UTINYINT NOT NULL CHECK (label <= 9),
        predicted UTINYINT NOT NULL CHECK (predicted <= 9),
        probabilities FLOAT[10] NOT NULL,
        image BLOB NOT NULL CHECK (octet_length(image) = 784),
        strokes FLOAT[][][] NOT NULL,
        model VARCHAR NOT NULL,
        review VARCHAR NOT NULL CHECK (review IN ('pending', 'accepted', 'rejected'))
    );
    CREATE TABLE runs (
        id UUID PRIMARY KEY,
        started_at TIMESTAMP NOT NULL,
        notebook VARCHAR NOT NULL,
        parameters JSON NOT NULL,
        metrics JSON NOT NULL,
        model VARCHAR NOT NULL
    );
    CREATE TABLE schema_version (version INTEGER NOT NULL);
    INSERT INTO schema_version VALUES (1);
    """,
)
TABLES = ("submissions", "runs", "schema_version")
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "autoinstall_known_extensions": False,  # no downloads behind one's back
}

_POLL_SECONDS = 0.005  # between looks at the lock: a turn takes about 15 ms
_ELSEWHERE = "or set DIGITS_DATABASE to another file."
_FULL = "The disk that holds {folder} is full. Nothing was changed: make room, then try again."
_CLOSED = "The folder {folder} can't be written to. Give yourself the right, " + _ELSEWHERE
_EXPLANATIONS = {  # what an error says, and what that means to people
    "could not set lock": "Another program holds {path} open. Close it there, then try again.",
    "different configuration": "This notebook holds {path} open. Close it, then try again.",
    "not a valid duckdb": "{path} is not a DuckDB database. It was left as it is: move it away, "
    + _ELSEWHERE,
    "corrupt": "The database {path} is damaged. It was left as it is: restore a copy, "
    + _ELSEWHERE,
    "no space left": _FULL,
    "file too large": _FULL,
    "read-only": _CLOSED,
    "permission denied": _CLOSED,
}


class StoreError(Exception):
    """The database can't be used now; the text says why and what to do, and nothing was changed."""


class Database:
    """One DuckDB file; `patience` is for how many seconds a call waits for its turn."""

    def __init__(self, url: str, patience: float) -> None:
        scheme = url.split(":", 1)[0].lower()
        if scheme in {"quack", "postgres", "postgresql"}:
            raise StoreError(
                f"A database server ({scheme}:) isn't supported yet; set DIGITS_DATABASE to a"
                " .duckdb file's path."
            )
        self.path = Path(url).expanduser()
        self.patience = patience

    @contextmanager
    def writing(self) -> Iterator[DuckDBPyConnection]:
        """A transaction, on disk once the block is left; an exception inside undoes it."""
        with self._explained(), self._turn() as deadline:
            is_new = not self.path.exists()
            with self._opened(deadline, read_only=False) as connection:
                _migrate(connection)
                connection.begin()
                try:
                    yield connection
                except BaseException:
                    with suppress(duckdb.Error):  # a transaction that failed is rolled back already
                        connection.rollback()
                    raise
                connection.commit()
            if is_new:
                _sync_folder(self.path.parent)  # else a power failure could forget the file's name

    @contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """The database as it is now, in today's schema; writers wait until the block is left."""
        if self.path.exists():
            with (
                self._explained(),
                self._turn(to_read=True) as deadline,
                self._opened(deadline, read_only=True) as connection,
            ):
                if _version(connection) == len(MIGRATIONS):
                    yield connection
                    return
        with self.snapshot() as memory:
            yield memory

    def snapshot(self) -> DuckDBPyConnection:
        """A copy in memory, in today's schema, that keeps nobody waiting; empty without a file."""
        memory = duckdb.connect(config=_CONFIG)
        if self.path.exists():
            path = str(self.path).replace("'", "''")  # ATTACH takes no parameter
            with self._explained(), self._turn(to_read=True) as deadline:
                try:
                    _patiently(
                        lambda: memory.execute(f"ATTACH '{path}' AS file (READ_ONLY)"), deadline
                    )
                    _version(memory, "file")
                    memory.execute("COPY FROM DATABASE file TO memory")
                    memory.execute("DETACH file")
                except BaseException:
                    memory.close()  # or it would go on holding the file
                    raise
        _migrate(memory)
        return memory

    @contextmanager
    def _turn(self, *, to_read: bool = False) -> Iterator[float]:
        """Hold the lock that all who use this module respect; yields when patience ends."""
        deadline = time.monotonic() + self.patience
        lock = FileLock(f"{self.path}.lock", timeout=self.patience, poll_interval=_POLL_SECONDS)
        try:
            if not to_read:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except OSError as error:
            if isinstance(error, Timeout) or not to_read:
                raise
            yield deadline  # a folder that can't be written to can still be read
            return
        try:
            yield deadline
        finally:
            lock.release()

    @contextmanager
    def _opened(self, deadline: float, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        path = str(self.path)
        connection = _patiently(
            lambda: duckdb.connect(path, read_only=read_only, config=_CONFIG), deadline
        )
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what DuckDB, the lock and the file system say into a `StoreError` for people."""
        try:
            yield
        except Timeout as error:
            raise StoreError(
                f"The database is busy: no turn within {self.patience:.0f} s. Try again."
            ) from error
        except (duckdb.Error, OSError) as error:
            raise StoreError(self._explanation(error)) from error

    def _explanation(self, error: Exception) -> str:
        said = str(error)
        for sign, meaning in _EXPLANATIONS.items():
            if sign.lower() in said.lower():
                return meaning.format(path=self.path, folder=self.path.parent)
        return f"The database {self.path} can't be used: {said}"


def _patiently(attempt: Callable[[], DuckDBPyConnection], deadline: float) -> DuckDBPyConnection:
    """Try until another program lets go of the file, but not past the deadline."""
    while True:
        try:
            return attempt()
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.01, 0.05))


def _version(connection: DuckDBPyConnection, database: str | None = None) -> int:
    """The schema's version, 0 for an empty database; StoreError when it is foreign or too new."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables()"
        " WHERE database_name = coalesce(?, current_database())",
        [database],
    ).fetchall()
    if not tables:
        return 0
    if not {(name,) for name in TABLES} <= set(tables):
        raise StoreError(
            "The database belongs to something else: it has other tables than submissions and"
            " runs. It was left as it is: set DIGITS_DATABASE to another file."
        )
    prefix = f"{database}." if database else ""
    row = connection.execute(f"SELECT max(version) FROM {prefix}schema_version").fetchone()
    version = row[0] if row and row[0] else 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The database was made by a newer version of this project (schema {version}, this one"
            f" knows {len(MIGRATIONS)}). Update the project."
        )
    return int(version)


def _migrate(connection: DuckDBPyConnection) -> None:
    """Bring the database up to today's schema, in one transaction."""
    version = _version(connection)
    if version == len(MIGRATIONS):
        return
    connection.begin()
    for migration in MIGRATIONS[version:]:
        connection.execute(migration)
    connection.commit()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
