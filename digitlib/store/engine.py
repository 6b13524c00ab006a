"""What a database engine does for the store."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from duckdb import DuckDBPyConnection


class Cursor(Protocol):
    """The rows that a statement found."""

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""


class Connection(Protocol):
    """A connection in a transaction; parameters are `$1`, `$2`, …"""

    def execute(self, query: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Run a statement that both engines understand."""


class NewSubmission(NamedTuple):
    """A submission as it is stored; lists as JSON texts, an image's strokes as None."""

    id: UUID
    submitted_at: datetime
    session: str
    label: int
    predicted: int
    probabilities: str
    image: bytes
    strokes: str | None
    model: str


class Engine(Protocol):
    """One database. All methods raise StoreError, with a text for people."""

    @property
    def absence(self) -> str:
        """A sentence that names the database if nothing was stored in it yet; otherwise empty."""

    def size(self) -> int:
        """Bytes on disk, about; 0 where there is nothing yet."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction, on disk once the block ends; an exception in the block rolls it back."""

    def reading(self) -> AbstractContextManager[Connection | None]:
        """For short queries; None where a `snapshot` has to do: no tables, or older ones."""

    def put(self, connection: Connection, row: NewSubmission) -> None:
        """Insert a submission; one with its id gets the label and the drawing of this one."""

    def merge(self, rows: DuckDBPyConnection) -> None:
        """Take over the submissions and runs of a snapshot; those with the same id are replaced."""

    def snapshot(
        self,
        columns: Sequence[str] = ("*",),
        since: datetime | None = None,
        until: datetime | None = None,
        into: str = ":memory:",
    ) -> DuckDBPyConnection:
        """A copy in today's schema: the runs, and these columns of the submissions.

        Without columns, no submission is read; with times, those submitted at `since` or later and
        before `until`. The copy is in memory, or in a new file at the path `into`.
        """
