"""Sketches files: labelled strokes with their source and writer, as Parquet."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from digitlib.strokes.ink import Strokes, as_strokes

SUBMISSION = "submission"  # the source of a sketch that was exported from the database


class Sketch(NamedTuple):
    """One labelled drawing: a row of a sketches file."""

    id: str
    label: int
    strokes: Strokes
    source: str
    writer: str


def read_sketches(path: Path) -> list[Sketch]:
    """All sketches of a Parquet file, in its order.

    Raises ValueError, naming the file, when it isn't Parquet or lacks one of the columns, and
    naming the row when its label isn't a digit, its strokes are malformed or a text is missing.
    """
    columns = ", ".join(Sketch._fields)
    try:
        with duckdb.connect() as connection:
            rows = connection.read_parquet(str(path)).project(columns).fetchall()
    except duckdb.Error as error:
        raise ValueError(
            f"{path} is not a sketches file (Parquet with {columns}): {error}"
        ) from error
    sketches = []
    for number, row in enumerate(rows, 1):
        try:
            sketches.append(_checked_sketch(*row))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{path}, row {number}, id {row[0]!r}: {error} Mend or remove that row."
            ) from error
    return sketches


def _checked_sketch(id: Any, label: Any, strokes: Any, source: Any, writer: Any) -> Sketch:
    """A row's values as a sketch; TypeError or ValueError where they aren't one."""
    if type(label) is not int or not 0 <= label <= 9:
        raise ValueError(f"A label is a whole number from 0 to 9; got {label!r}.")
    if not all(isinstance(text, str) for text in (id, source, writer)):
        raise ValueError("Each of id, source and writer is a text; one is not or is missing.")
    if not isinstance(strokes, list):
        raise ValueError(f"Strokes are lists of points [x, y]; got {str(strokes)[:40]!r}.")
    return Sketch(id, label, as_strokes(strokes), source, writer)


def write_sketches(path: Path, sketches: Sequence[Sketch]) -> None:
    """Write sketches as Parquet, to a temporary name and then into place."""
    rows = [(*s[:2], [stroke.tolist() for stroke in s.strokes], *s[3:]) for s in sketches]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sketches (id VARCHAR, label UTINYINT, strokes FLOAT[][][],"
            " source VARCHAR, writer VARCHAR)"
        )
        if rows:
            connection.executemany("INSERT INTO sketches VALUES (?, ?, ?, ?, ?)", rows)
        connection.table("sketches").write_parquet(str(temporary))
    os.replace(temporary, path)
