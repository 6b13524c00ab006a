"""Submissions and runs in a database that many processes share; the only SQL of the project.

A submission is acknowledged only when it is on disk.
"""

from digitlib.store.schema import StoreError
from digitlib.store.store import Store, StoredSubmission, Tally

__all__ = [
    "Store",
    "StoreError",
    "StoredSubmission",
    "Tally",
]
