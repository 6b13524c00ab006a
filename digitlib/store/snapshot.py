"""A copy of the database in memory, read in short turns so that no writer waits for all of it."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from digitlib.store.database import CONFIG, Database
from digitlib.store.pandas_block import without_pandas
from digitlib.store.schema import current_version, migrate, version_of

TURN_SECONDS = 0.1  # about how long a turn holds the lock
ROWS = 1_000  # that are read at least in a turn
_MOST_AT_ONCE = 10  # of such ranges
_Time = datetime | None  # None is open


class _Migrated(Exception):
    """Somebody brought the file up to a later schema between two turns."""


def snapshot(
    database: Database,
    columns: Sequence[str] = ("*",),
    since: _Time = None,
    until: _Time = None,
    into: str = ":memory:",
) -> DuckDBPyConnection:
    """A copy in today's schema: the runs, and these columns of the submissions.

    What `Engine.snapshot` promises. A submission is as it was at some moment during the call: those
    stored before the call are there, those stored meanwhile may be. Empty where there is no file.
    """
    while True:
        memory = duckdb.connect(into, config=CONFIG)
        try:
            if database.path.exists():
                _copy(database, memory, columns, (since, until))
            with without_pandas():
                migrate(memory)
            return memory
        except _Migrated:
            memory.close()
            if into != ":memory:":
                Path(into).unlink()
        except BaseException:
            memory.close()  # it may still hold the file
            raise


def _copy(
    database: Database,
    memory: DuckDBPyConnection,
    columns: Sequence[str],
    between: tuple[_Time, _Time],
) -> None:
    """Copy runs and submissions: ranges of time, one turn each, in which a row never moves."""
    with database.attached_to(memory):
        version = version_of(memory, "file")
        if not version:
            return
        if version != current_version() and columns:
            columns = ["*"]  # all that migrations may need
        selected = f"SELECT {', '.join(columns or ['*'])} FROM file.submissions"
        memory.execute("CREATE TABLE schema_version AS FROM file.schema_version")
        all_runs = between == (None, None)
        memory.execute(f"CREATE TABLE runs AS FROM file.runs WHERE {all_runs}")
        memory.execute(f"CREATE TABLE submissions AS {selected} LIMIT 0")
        if not columns:
            return
        cuts = _cuts(memory, *between)
        _copy_range(memory, selected, cuts[0], cuts[1])
    done, step = 1, 1
    while done < len(cuts) - 1:
        end = min(done + step, len(cuts) - 1)
        with database.attached_to(memory):
            begun = time.monotonic()
            if version_of(memory, "file") != version:
                raise _Migrated
            _copy_range(memory, selected, cuts[done], cuts[end])
        took = max(time.monotonic() - begun, 1e-6)
        done, step = end, min(max(round(step * TURN_SECONDS / took), 1), _MOST_AT_ONCE)


def _cuts(memory: DuckDBPyConnection, since: _Time, until: _Time) -> list[_Time]:
    """The two times, and some in between that have about `ROWS` submissions between them."""
    rows = memory.execute(
        "SELECT DISTINCT submitted_at FROM file.submissions WHERE rowid % ? = 0"
        " AND submitted_at > ? AND submitted_at < ? ORDER BY 1",
        [ROWS, since or datetime.min, until or datetime.max],
    ).fetchall()
    cuts = [cut for (cut,) in rows]
    return [since, *(cuts if since else cuts[1:]), until]


def _copy_range(memory: DuckDBPyConnection, selected: str, start: _Time, end: _Time) -> None:
    limits = {"submitted_at >= ?": start, "submitted_at < ?": end}
    known = {condition: cut for condition, cut in limits.items() if cut is not None}
    where = " AND ".join(known) or "true"
    memory.execute(f"INSERT INTO submissions {selected} WHERE {where}", list(known.values()))
