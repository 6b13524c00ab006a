"""Sketches files (Parquet): labelled strokes with their source and writer."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from digitlib.strokes.ink import Strokes, as_strokes
from digitlib.strokes.validation import checked_label

SUBMISSION = "submission"  # the source of sketches that were exported from the database


class Sketch(NamedTuple):
    """One labelled drawing: a row of a sketches file."""

    id: str
    label: int
    strokes: Strokes
    source: str
    writer: str


def read_sketches(path: Path) -> list[Sketch]:
    """All sketches of a Parquet file, in its order.

    Exported submissions that are images, in a column `image`, have no strokes and are left out.
    Raises ValueError that names the file when it isn't Parquet or lacks a column, and that names
    the row when its label isn't a digit, its strokes are malformed or a text is missing.
    """
    import duckdb  # 30 MB that reading drawings does without

    columns = ", ".join(Sketch._fields)
    try:
        with duckdb.connect() as connection:
            relation = connection.read_parquet(_literal(path))
            if "image" in relation.columns:
                relation = relation.filter("strokes IS NOT NULL OR image IS NULL")
            rows = relation.project(columns).fetchall()
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
                f"{path}, row {number}, id {row[0]!r}: {error} Correct or remove this row."
            ) from error
    return sketches


def _literal(path: Path) -> str:
    """The path as DuckDB's glob pattern that matches nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _checked_sketch(id: Any, label: Any, strokes: Any, source: Any, writer: Any) -> Sketch:
    """A row as a sketch; raises TypeError or ValueError when a value is invalid."""
    if not all(isinstance(text, str) for text in (id, source, writer)):
        raise ValueError("id, source and writer must be texts; one is not or is missing.")
    if not isinstance(strokes, list):
        raise ValueError(f"Strokes are lists of points [x, y]; got {str(strokes)[:40]!r}.")
    return Sketch(id, checked_label(label), as_strokes(strokes), source, writer)


def write_sketches(path: Path, sketches: Sequence[Sketch]) -> None:
    """Write sketches as Parquet, atomically."""
    import duckdb

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
