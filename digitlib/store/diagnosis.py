"""What DuckDB and the file system say of a database, and what that means to people."""

from pathlib import Path

_ELSEWHERE = "or set DIGITS_DATABASE to another file."
_OPEN_HERE = "This notebook holds {path} open. Close it, then try again."
_FULL = "The disk that holds {folder} is full. Nothing was changed: make room, then try again."
_CLOSED = "{path} or its folder can't be written to. Give yourself the right, " + _ELSEWHERE
STRAY_LOG = (
    "{path}.wal holds submissions of a database that is no longer beside it. Move it to where that "
    "went, or delete it, then try again."
)
_BOTH = "with the .wal beside it if there is one, "
_EXPLANATIONS = {  # what an error says, and what that means to people
    "could not set lock": "Another program holds {path} open. Close it there, then try again.",
    "different configuration": _OPEN_HERE,
    "already attached": _OPEN_HERE,
    "does not match": "{path} and {path}.wal don't belong together: one is damaged, or of another "
    "database or day. Both were left as they are: restore a pair, or move the .wal away, "
    + _ELSEWHERE,
    "not a valid duckdb": "{path} is not a DuckDB database. It was left as it is: move it away, "
    + _BOTH
    + _ELSEWHERE,
    "corrupt": "The database {path} is damaged. It was left as it is: restore a copy, "
    + _BOTH
    + _ELSEWHERE,
    "no space left": _FULL,
    "file too large": _FULL,
    "read-only": _CLOSED,
    "permission denied": _CLOSED,
}


def explanation(error: Exception, path: Path) -> str:
    """What went wrong with the database at a path, and what to do, in words for people."""
    said = str(error)
    for sign, meaning in _EXPLANATIONS.items():
        if sign.lower() in said.lower():
            return meaning.format(path=path, folder=path.parent)
    return f"The database {path} can't be used: {said}"
