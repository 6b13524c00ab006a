"""A DuckDB file that many processes share: a lock, short connections, a schema version."""

import logging
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from digitlib.store.diagnosis import STRAY_LOG, TRUNCATED, explanation, is_held, log_of
from digitlib.store.errors import StoreError
from digitlib.store.folders import make_folder, sync_folder
from digitlib.store.header import least_size
from digitlib.store.lock import locked
from digitlib.store.pandas_block import without_pandas
from digitlib.store.schema import migrate

logger = logging.getLogger(__name__)
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "default_block_size": "16384",  # bytes, for a new file: 10 MB less memory for each visitor
    "checkpoint_threshold": "1TB",  # never within a commit: see `_merge_log`
    "autoinstall_known_extensions": False,  # no downloads
    "late_materialization_max_rows": 0,  # it reads all strokes to find some: see `newest`
}
_LOG_BYTES = 64_000  # about a dozen sketches; whoever opens the database next has to read them
_ROW_GROUPS = "ROW_GROUP_SIZE 2048"  # rows: merging the log rewrites the last group

# From 1.4 on, a log says which database it belongs to; another database's log is refused.
_NEW = f"{_ROW_GROUPS}, STORAGE_VERSION 'v1.4.0'"


class Database:
    """One DuckDB file; a call waits at most `lock_timeout` seconds for other processes."""

    def __init__(self, url: str, lock_timeout: float) -> None:
        self.path = Path(url).expanduser()
        self.lock_timeout = lock_timeout
        self._engine: DuckDBPyConnection | None = None

    def size(self) -> int:
        """Bytes that the file and its log take on disk; 0 where there is none yet."""
        files = (self.path, log_of(self.path))
        return sum(file.stat().st_size for file in files if file.exists())

    @contextmanager
    def writing(self) -> Iterator[DuckDBPyConnection]:
        """A transaction, on disk once the block ends; an exception in the block rolls it back.

        Whatever fails after the commit is logged and not raised.
        """
        log = log_of(self.path)
        with self._explained(), without_pandas(), self._locked() as deadline:
            if not self.path.exists():
                if log.exists():  # a new database would begin with the old one's last rows
                    raise StoreError(STRAY_LOG.format(path=self.path))
                self._create()
            with self._opened(deadline, read_only=False) as connection:
                is_new = not log.exists()  # checked here: opening may remove a merged log
                migrate(connection)
                connection.begin()
                try:
                    yield connection
                except BaseException:
                    with suppress(duckdb.Error):  # a failed transaction is rolled back already
                        connection.rollback()
                    raise
                _commit(connection, log)
                if is_new:
                    sync_folder(self.path.parent)  # so that a power failure keeps its name
                _merge_log(connection, log)

    def _create(self) -> None:
        """Make an empty database under another name, and move it into place when it is whole."""
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.unlink(missing_ok=True)  # left by a power failure
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
            for file in (partial, log_of(partial)):
                file.unlink(missing_ok=True)
        sync_folder(self.path.parent)

    @contextmanager
    def opened(self) -> Iterator[DuckDBPyConnection]:
        """The file, in the schema that it has; writers wait until the block ends, so be brief."""
        with (
            self._explained(),
            without_pandas(),
            self._locked(to_read=True) as deadline,
            self._opened(deadline, read_only=True) as connection,
        ):
            yield connection

    @contextmanager
    def attached_to(self, memory: DuckDBPyConnection) -> Iterator[None]:
        """The file, attached to another connection as `file`; writers wait, so be brief."""
        with self._explained(), without_pandas(), self._locked(to_read=True) as deadline:
            self._attach(memory, deadline, read_only=True)
            yield
            memory.execute("DETACH file")

    @contextmanager
    def _locked(self, *, to_read: bool = False) -> Iterator[float]:
        """Hold the lock that all who use this module respect; yields when its timeout ends."""
        deadline = time.monotonic() + self.lock_timeout
        with ExitStack() as stack:
            try:
                if not to_read:
                    make_folder(self.path.parent)
                stack.enter_context(locked(Path(f"{self.path}.lock"), self.lock_timeout))
            except OSError as error:
                if isinstance(error, TimeoutError) or not to_read:
                    raise  # but a folder that can't be written to can still be read
            yield deadline

    @contextmanager
    def _opened(self, deadline: float, *, read_only: bool) -> Iterator[DuckDBPyConnection]:
        """The file, attached to an engine that stays: starting one takes longer than a write."""
        engine = self._engine = self._engine or _engine()
        connection = engine.cursor()
        try:
            self._attach(connection, deadline, read_only=read_only)
            connection.execute("USE file")
            yield connection
        except BaseException:
            self._drop_engine()
            raise
        try:
            connection.execute("USE memory")
            connection.execute("DETACH file")
            connection.close()
        except duckdb.Error:
            logger.exception("%s could not be closed properly.", self.path)
            self._drop_engine()

    def _drop_engine(self) -> None:
        """Close the engine with its file, whatever state they are in."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _attach(self, to: DuckDBPyConnection, deadline: float, *, read_only: bool) -> None:
        """Attach the file; until the deadline, wait while another program holds it.

        Raises StoreError when the file's end is missing: DuckDB notices only on reading it.
        """
        option = "READ_ONLY" if read_only else _ROW_GROUPS
        while True:
            try:
                _attach(to, self.path, option)
                break
            except duckdb.IOException:
                if not is_held(self.path) or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.01, 0.05))
        if _lacks_blocks(to, self.path):
            to.execute("DETACH file")
            _attach(to, self.path, "READ_ONLY")  # without blocks that the log is going to need
            if _lacks_blocks(to, self.path):
                raise StoreError(TRUNCATED.format(path=self.path))
            to.execute("DETACH file")
            _attach(to, self.path, option)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of DuckDB, the lock and the file system into a `StoreError` for people."""
        try:
            yield
        except TimeoutError as error:
            raise StoreError(
                f"The database is busy: no turn within {self.lock_timeout:.0f} s. Try again."
            ) from error
        except (duckdb.Error, OSError) as error:
            raise StoreError(explanation(error, self.path)) from error


def _engine() -> DuckDBPyConnection:
    """DuckDB without a file; it keeps the log of a file that it detaches: one sync, not four."""
    engine = duckdb.connect(config=CONFIG)
    engine.execute("PRAGMA disable_checkpoint_on_shutdown")
    return engine


def _attach(to: DuckDBPyConnection, path: Path, option: str) -> None:
    """Attach a file under the name `file`."""
    quoted = str(path).replace("'", "''")  # ATTACH takes no parameter
    to.execute(f"ATTACH '{quoted}' AS file (TYPE duckdb, {option})")


def _lacks_blocks(connection: DuckDBPyConnection, path: Path) -> bool:
    """Whether the file is too short for its blocks in use; a free one at its end may be missing."""
    found = connection.execute(
        "SELECT used_blocks, block_size FROM pragma_database_size() WHERE database_name = 'file'"
    ).fetchone()
    return found is not None and path.stat().st_size < least_size(*found)


def _commit(connection: DuckDBPyConnection, log: Path) -> None:
    """Commit; if that fails, cut what the transaction left in the log, so that nothing stays."""
    before = log.stat().st_size if log.exists() else 0
    try:
        connection.commit()
    except duckdb.Error:
        if log.exists() and log.stat().st_size > before:
            os.truncate(log, before)
        raise


def _merge_log(connection: DuckDBPyConnection, log: Path) -> None:
    """Merge a long log into the database; if that fails, it stays for the next to try."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        try:
            connection.execute("CHECKPOINT file")
        except duckdb.Error:
            logger.exception("%s could not be merged into its database yet.", log)
