"""A whole database moved to another one, backed up or checked, while others use it."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from digitlib.store.engine import Engine
from digitlib.store.errors import StoreError
from digitlib.store.file import DuckFile

ROWS = 2_000  # that are moved at a time
_T = TypeVar("_T")
Progress = Callable[[list[_T]], Iterable[_T]]
_Times = tuple[datetime | None, datetime | None]

_INVALID = (
    "label > 9 OR predicted > 9 OR octet_length(image) <> 784 OR len(strokes) = 0"
    " OR list_contains(list_transform(probabilities::FLOAT[], p -> isfinite(p)), false)"
)


class Counts(NamedTuple):
    """How many rows there were, and how many of them are not as they should be."""

    submissions: int
    runs: int
    wrong: int


def copy(source: Engine, target: Engine, progress: Progress[_Times] = iter) -> Counts:
    """Bring every row of a database into another, and read each back to compare.

    Rows with the same id are replaced, so that a copy that was interrupted can be made again. What
    was only in the target stays there. `wrong` rows were changed meanwhile: copy again.
    """
    runs, found = source.snapshot(columns=()), 0
    target.merge(runs)
    known = _rows(runs, "runs")
    wrong = len(known.items() - _rows(target.snapshot(columns=()), "runs").items())
    for since, until in progress(_ranges(source)):
        rows = source.snapshot(since=since, until=until)
        target.merge(rows)
        expected = _rows(rows, "submissions")
        copied = _rows(target.snapshot(since=since, until=until), "submissions")
        found, wrong = found + len(expected), wrong + len(expected.items() - copied.items())
    return Counts(found, len(known), wrong)


def backup(source: Engine, path: Path, progress: Progress[_Times] = iter) -> Counts:
    """Copy a database into a new DuckDB file, which is there once it is whole and compared.

    Raises StoreError where the path is taken.
    """
    if path.exists():
        raise StoreError(f"{path} exists already. Give the backup another name.")
    partial = path.with_name(f".{path.name}.partial")
    target = DuckFile(str(partial), lock_timeout=60)
    with target.writing():
        """It gets its tables also when there is nothing to copy."""
    counts = copy(source, target, progress)
    while counts.wrong:  # reviewed or taken back meanwhile
        counts = copy(source, target, progress)
    with duckdb.connect(partial):
        """Merges its log."""
    os.replace(partial, path)
    for rest in path.parent.glob(f".{path.name}*.lock"):
        rest.unlink()
    return counts


def check(engine: Engine, progress: Progress[_Times] = iter) -> Counts:
    """Read every row; `wrong` are those that no `submit` wrote, and ids that are there twice."""
    index = engine.snapshot(("id",))
    ((found, wrong),) = index.sql(
        "SELECT count(*), count(*) - count(DISTINCT id) FROM submissions"
    ).fetchall()
    for since, until in progress(_ranges(engine)):
        rows = engine.snapshot(since=since, until=until)
        ((invalid,),) = rows.sql(f"SELECT count(*) FROM submissions WHERE {_INVALID}").fetchall()
        wrong += invalid
    return Counts(found, len(_rows(index, "runs")), wrong)


def _rows(connection: DuckDBPyConnection, table: str) -> dict[object, object]:
    """A digest of each row by its id."""
    return dict(connection.sql(f"SELECT id, md5(r::VARCHAR) FROM {table} r").fetchall())


def _ranges(engine: Engine) -> list[_Times]:
    """Ranges of time with about `ROWS` submissions each, the first and the last open."""
    cuts = [cut for (cut,) in _cuts(engine)]
    return list(zip([None, *cuts], [*cuts, None], strict=True))


def _cuts(engine: Engine) -> Iterator[tuple[datetime]]:
    with engine.snapshot(("submitted_at",)) as index:
        yield from index.sql(
            "SELECT DISTINCT submitted_at FROM (SELECT submitted_at, row_number()"
            f" OVER (ORDER BY submitted_at) AS n FROM submissions) WHERE n % {ROWS} = 0 ORDER BY 1"
        ).fetchall()
