"""Submissions and runs in a database that many processes share; the only SQL of the project.

A submission is acknowledged only when it is on disk. `Store` is the whole interface; database
problems raise `StoreError`. DuckDB, 30 MB, loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from digitlib.store.errors import StoreError, StoreFullError

if TYPE_CHECKING:
    from digitlib.store.records import StoredSubmission, Tally
    from digitlib.store.store import Store

_FILES = {"Store": "store", "StoredSubmission": "records", "Tally": "records"}
__all__ = [
    "Store",
    "StoreError",
    "StoreFullError",
    "StoredSubmission",
    "Tally",
]


def __getattr__(name: str) -> Any:
    """A name of this room, whose file and libraries are loaded now."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"digitlib.store.{_FILES[name]}"), name)
