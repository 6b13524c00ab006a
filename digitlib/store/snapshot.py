"""A copy of the database in memory, read in short turns so that no writer waits for all of it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import duckdb
from duckdb import DuckDBPyConnection

from digitlib.store.database import CONFIG, Database, without_pandas
from digitlib.store.schema import current_version, migrate, version_of

ROWS_PER_TURN = 5_000  # about 40 ms of processor time while the lock is held
_Time = datetime | None  # None is open


class _Migrated(Exception):
    """Somebody brought the file up to a later schema between two turns."""


def snapshot(database: Database, columns: Sequence[str] = ("*",)) -> DuckDBPyConnection:
    """A copy in memory, in today's schema: the runs, and these columns of all submissions.

    Without columns, no submission is read. A submission is as it was at some moment during the
    call: those stored before the call are there, those stored meanwhile may be. Empty where there
    is no file.
    """
    while True:
        memory = duckdb.connect(config=CONFIG)
        try:
            if database.path.exists():
                _copy(database, memory, columns)
            with without_pandas():
                migrate(memory)
            return memory
        except _Migrated:
            memory.close()
        except BaseException:
            memory.close()  # it may still hold the file
            raise


def _copy(database: Database, memory: DuckDBPyConnection, columns: Sequence[str]) -> None:
    """Copy runs and submissions: ranges of time, one turn each, in which a row never moves."""
    with database.attached_to(memory):
        version = version_of(memory, "file")
        if not version:
            return
        if version != current_version() and columns:
            columns = ["*"]  # all that migrations may need
        selected = f"SELECT {', '.join(columns or ['*'])} FROM file.submissions"
        memory.execute("CREATE TABLE schema_version AS FROM file.schema_version")
        memory.execute("CREATE TABLE runs AS FROM file.runs")
        memory.execute(f"CREATE TABLE submissions AS {selected} LIMIT 0")
        if not columns:
            return
        cuts = _cuts(memory)
        _copy_range(memory, selected, cuts[0], cuts[1])
    for start, end in pairwise(cuts[1:]):
        with database.attached_to(memory):
            if version_of(memory, "file") != version:
                raise _Migrated
            _copy_range(memory, selected, start, end)


def _cuts(memory: DuckDBPyConnection) -> list[_Time]:
    """Times between which there are about `ROWS_PER_TURN` submissions; open at both ends."""
    rows = memory.execute(
        "SELECT DISTINCT submitted_at FROM file.submissions WHERE rowid % ? = 0 ORDER BY 1",
        [ROWS_PER_TURN],
    ).fetchall()
    return [None, *(time for (time,) in rows[1:]), None]


def _copy_range(memory: DuckDBPyConnection, selected: str, start: _Time, end: _Time) -> None:
    limits = {"submitted_at >= ?": start, "submitted_at < ?": end}
    known = {condition: time for condition, time in limits.items() if time is not None}
    where = " AND ".join(known) or "true"
    memory.execute(f"INSERT INTO submissions {selected} WHERE {where}", list(known.values()))
