"""A DuckDB file that many processes share: a lock, short connections, a schema version."""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection
from filelock import FileLock, Timeout

from digitlib import settings
from digitlib.store.diagnosis import STRAY_LOG, explanation
from digitlib.store.schema import VERSION, StoreError, migrate, version_of

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "default_block_size": "16384",  # bytes, of a new file: 10 MB less memory for each visitor
    "checkpoint_threshold": "64KB",  # of log, a dozen sketches: what the next to open has to read
    "autoinstall_known_extensions": False,  # no downloads behind one's back
}
_IN_SMALL_PARTS = "ROW_GROUP_SIZE 2048"  # rows: a merge of the log writes the last part anew

# From 1.4 on a log says which database it is of, and another's is refused, not merged.
_NEW = f"{_IN_SMALL_PARTS}, STORAGE_VERSION 'v1.4.0'"
_POLL_SECONDS = 0.005  # between looks at the lock: a turn takes about 15 ms


class Database:
    """One DuckDB file; `lock_timeout` is for how many seconds a call waits for its turn."""

    def __init__(self, url: str, lock_timeout: float) -> None:
        if scheme := settings.scheme(url):
            raise StoreError(
                f"A database server ({scheme}) isn't supported yet; set DIGITS_DATABASE to a"
                " .duckdb file's path."
            )
        self.path = Path(url).expanduser()
        self.lock_timeout = lock_timeout
        self._engine: DuckDBPyConnection | None = None

    @contextmanager
    def writing(self) -> Iterator[DuckDBPyConnection]:
        """A transaction, on disk once the block is left; an exception inside undoes it."""
        log = self.path.with_name(f"{self.path.name}.wal")
        with self._explained(), _without_pandas(), self._turn() as deadline:
            if not self.path.exists():
                if log.exists():  # else the new database would begin with the old one's last
                    raise StoreError(STRAY_LOG.format(path=self.path))
                self._create()
            with self._opened(deadline, read_only=False) as connection:
                is_new = not log.exists()  # now: opening may have removed one that was merged
                migrate(connection)
                connection.begin()
                try:
                    yield connection
                except BaseException:
                    with suppress(duckdb.Error):  # a transaction that failed is rolled back already
                        connection.rollback()
                    raise
                connection.commit()
            if is_new:
                _sync_folder(self.path.parent)  # else a power failure could forget its name

    def _create(self) -> None:
        """Make an empty database under another name, and move it into place when it is whole."""
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.unlink(missing_ok=True)  # of a power failure
        try:
            with _engine() as engine:
                _attach(engine, partial, _NEW)
                engine.execute("USE file")
                migrate(engine)
                engine.execute("CHECKPOINT file")  # all in the file, and synced
                engine.execute("USE memory")
                engine.execute("DETACH file")
            os.replace(partial, self.path)
        finally:
            for file in (partial, partial.with_name(f"{partial.name}.wal")):
                file.unlink(missing_ok=True)
        _sync_folder(self.path.parent)

    @contextmanager
    def reading(self) -> Iterator[DuckDBPyConnection]:
        """The database as it is now, in today's schema; writers wait until the block is left."""
        if self.path.exists():
            with (
                self._explained(),
                _without_pandas(),
                self._turn(to_read=True) as deadline,
                self._opened(deadline, read_only=True) as connection,
            ):
                if version_of(connection) == VERSION:
                    yield connection
                    return
        with self.snapshot() as memory, _without_pandas():
            yield memory

    def snapshot(self) -> DuckDBPyConnection:
        """A copy in memory, in today's schema, that keeps nobody waiting; empty without a file."""
        memory = duckdb.connect(config=_CONFIG)
        if self.path.exists():
            with self._explained(), _without_pandas(), self._turn(to_read=True) as deadline:
                try:
                    self._attach(memory, deadline, read_only=True)
                    version_of(memory, "file")
                    memory.execute("COPY FROM DATABASE file TO memory")
                    memory.execute("DETACH file")
                except BaseException:
                    memory.close()  # or it would go on holding the file
                    raise
        with _without_pandas():
            migrate(memory)
        return memory

    @contextmanager
    def _turn(self, *, to_read: bool = False) -> Iterator[float]:
        """Hold the lock that all who use this module respect; yields when lock_timeout ends."""
        deadline = time.monotonic() + self.lock_timeout
        lock = FileLock(f"{self.path}.lock", timeout=self.lock_timeout, poll_interval=_POLL_SECONDS)
        try:
            if not to_read:
                _make_folder(self.path.parent)
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
        """The file, attached to an engine that stays: starting one takes longer than a write."""
        engine = self._engine = self._engine or _engine()
        connection = engine.cursor()
        try:
            self._attach(connection, deadline, read_only=read_only)
            connection.execute("USE file")
            yield connection
            connection.execute("USE memory")
            connection.execute("DETACH file")
        except BaseException:
            self._engine = None
            engine.close()  # with the file, in whatever state it is
            raise
        finally:
            connection.close()

    def _attach(self, to: DuckDBPyConnection, deadline: float, *, read_only: bool) -> None:
        """Attach the file, patiently while another program holds it, but not past the deadline."""
        while True:
            try:
                _attach(to, self.path, "READ_ONLY" if read_only else _IN_SMALL_PARTS)
                return
            except duckdb.IOException as error:
                if "Could not set lock" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.01, 0.05))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what DuckDB, the lock and the file system say into a `StoreError` for people."""
        try:
            yield
        except Timeout as error:
            raise StoreError(
                f"The database is busy: no turn within {self.lock_timeout:.0f} s. Try again."
            ) from error
        except (duckdb.Error, OSError) as error:
            raise StoreError(explanation(error, self.path)) from error


def _engine() -> DuckDBPyConnection:
    """DuckDB without a file; one that it detaches keeps its log, which is one sync and not four."""
    engine = duckdb.connect(config=_CONFIG)
    engine.execute("PRAGMA disable_checkpoint_on_shutdown")
    return engine


def _attach(to: DuckDBPyConnection, path: Path, option: str) -> None:
    """Attach a file under the name `file`."""
    quoted = str(path).replace("'", "''")  # ATTACH takes no parameter
    to.execute(f"ATTACH '{quoted}' AS file ({option})")


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Keep DuckDB from importing pandas, 35 MB and half a second, just to see if a value is NaT.

    An import that fails does not disturb it.
    """
    if "pandas" in sys.modules:
        yield
        return
    sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop("pandas", None)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that a power failure forgets none of them."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in new:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
