"""Submissions and runs in a database that many processes share; the only SQL of the project.

A submission is acknowledged only when it is on disk. `Store` is the whole interface; database
problems raise `StoreError`.
"""

from digitlib.store.records import StoredSubmission, Tally
from digitlib.store.schema import StoreError, StoreFullError
from digitlib.store.store import Store

__all__ = [
    "Store",
    "StoreError",
    "StoreFullError",
    "StoredSubmission",
    "Tally",
]
