"""Why a database can't be used, in sentences for people, found by looking at the file itself."""

import errno
import os
import sys
import tempfile
from pathlib import Path

import duckdb

from digitlib.store.header import FileKind, file_kind, may_be_short

_ELSEWHERE = "or set DIGITS_DATABASE to another file."
_AS_IT_IS = "It was left as it is: "
_WITH_LOG = "with the .wal beside it if there is one, "
HELD_HERE = "This notebook holds {path} open. Close it, then try again."
HELD = "Another program holds {path} open. Close it there, then try again."
STRAY_LOG = (
    "{path}.wal holds submissions of a database that is no longer beside it. Move it to where that "
    "went, or delete it, then try again."
)
FOREIGN_LOG = (
    "{path} and {path}.wal don't belong together: one is damaged, or of another database or day. "
    "Both were left as they are: restore a pair, or move the .wal away, " + _ELSEWHERE
)
DAMAGED = f"The database {{path}} is damaged. {_AS_IT_IS}restore a copy, {_WITH_LOG}{_ELSEWHERE}"
TRUNCATED = (
    "The database {path} is damaged: its end is missing. "
    f"{_AS_IT_IS}restore a copy, {_WITH_LOG}{_ELSEWHERE}"
)
_NOT_OURS = f" {_AS_IT_IS}move it away, {_WITH_LOG}{_ELSEWHERE}"
_KINDS = {
    FileKind.FOLDER: "{path} is a folder, not a DuckDB database." + _NOT_OURS,
    FileKind.SQLITE: "{path} is an SQLite database, not a DuckDB database." + _NOT_OURS,
    FileKind.OTHER: "{path} is not a DuckDB database." + _NOT_OURS,
    FileKind.NEWER: "A newer DuckDB made {path}, in a format that DuckDB {duckdb} can't read. "
    "Update DuckDB, " + _ELSEWHERE,
    FileKind.TRUNCATED: TRUNCATED,
}
_FULL = "The disk that holds {folder} is full. Nothing was changed: make room, then try again."
_READ_ONLY = "{path} or its folder can't be written to. Change its permissions, " + _ELSEWHERE
_ERRNOS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
}


def explanation(error: Exception, path: Path) -> str:
    """What went wrong with the database at a path, and what to do."""
    return _sentence(error, path).format(
        path=path, folder=path.parent, duckdb=duckdb.__version__, error=error
    )


def _sentence(error: Exception, path: Path) -> str:
    if (number := _errno(error)) in _ERRNOS:
        return _ERRNOS[number]
    if isinstance(error, duckdb.BinderException | duckdb.ConnectionException):
        return HELD_HERE
    if isinstance(error, duckdb.Error) and path.exists():
        kind = file_kind(path)
        if kind in _KINDS:
            return _KINDS[kind]
        if is_held(path):
            return HELD
        if isinstance(error, duckdb.IOException | duckdb.InternalException | duckdb.FatalException):
            if log_of(path).exists() and _opens_alone(path):
                return FOREIGN_LOG
            return TRUNCATED if may_be_short(path) else DAMAGED
    return "The database {path} can't be used: {error}"


def _errno(error: Exception) -> int:
    """The operating system's error number; DuckDB passes on only the system's text of it."""
    if isinstance(error, OSError):
        return error.errno or 0
    texts = {os.strerror(number): number for number in _ERRNOS}
    return next((number for text, number in texts.items() if text in str(error)), 0)


def log_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a database file."""
    return path.with_name(f"{path.name}.wal")


def is_held(path: Path) -> bool:
    """Whether another process has the database open. This one must not: it would lose its lock."""
    try:
        with path.open("r+b") as file:
            if sys.platform != "win32":
                import fcntl

                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError:
        return sys.platform == "win32"
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    return False


def _opens_alone(path: Path) -> bool:
    """Whether the file is whole without its log; looked at under a second name beside it."""
    try:
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            alone = Path(folder) / "alone.duckdb"
            alone.hardlink_to(path)  # DuckDB would follow a symbolic link, and find the log
            with duckdb.connect(alone, read_only=True) as connection:
                connection.execute("SELECT version FROM schema_version")
    except duckdb.Error:
        return False
    except OSError:  # a folder that can't be written to: the log is likelier to be wrong
        return True
    return True
