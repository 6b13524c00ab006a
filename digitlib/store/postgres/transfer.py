"""Many rows at a time between PostgreSQL and DuckDB, as CSV through PostgreSQL's COPY."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from psycopg import Connection, sql

from digitlib.store.database import CONFIG
from digitlib.store.pandas_block import without_pandas
from digitlib.store.schema import migrate

_CHUNK = 16_000_000  # bytes of CSV at a time
_CSV = (
    "auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"',"
    " new_line = '\\n', nullstr = '\\N', allow_quoted_nulls = false, parallel = false,"
    " max_line_size = 16000000, buffer_size = 64000000"
)
_RUNS = {
    "id": "UUID",
    "started_at": "TIMESTAMP",
    "notebook": "VARCHAR",
    "parameters": "VARCHAR",
    "metrics": "VARCHAR",
    "model": "VARCHAR",
}
_SUBMISSIONS = {  # the types in CSV
    "id": "UUID",
    "submitted_at": "TIMESTAMP",
    "session": "VARCHAR",
    "label": "UTINYINT",
    "predicted": "UTINYINT",
    "probabilities": "VARCHAR",
    "image": "VARCHAR",
    "strokes": "VARCHAR",
    "model": "VARCHAR",
    "review": "VARCHAR",
}
_FROM_POSTGRES = {
    "image": "encode(image, 'hex')",
    "probabilities": "array_to_json(probabilities)",
}
_INTO_DUCKDB = {
    "image": "from_hex(image)",
    "probabilities": "probabilities::FLOAT[10]",
    "strokes": """from_json(strokes, '[[["FLOAT"]]]')""",  # a seventh of a cast's time
}
_FROM_DUCKDB = {
    "image": "'\\x' || hex(image)",
    "probabilities": "'{' || array_to_string(probabilities, ',') || '}'",
    "strokes": "to_json(strokes::DOUBLE[][][])::VARCHAR",  # as `put` writes them
}


def snapshot(
    connection: Connection[Any] | None,
    columns: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    into: str,
) -> DuckDBPyConnection:
    """What `Engine.snapshot` promises; empty without a connection."""
    copy = duckdb.connect(into, config=CONFIG)
    try:
        with without_pandas():
            migrate(copy)
            names = list(_SUBMISSIONS) if "*" in columns else list(columns)
            if names != list(_SUBMISSIONS) and names:
                kept = ", ".join(names)
                copy.execute(f"CREATE TABLE part AS SELECT {kept} FROM submissions LIMIT 0")
                copy.execute("DROP TABLE submissions; ALTER TABLE part RENAME TO submissions")
            if connection is not None:
                if since is None and until is None:
                    _load(copy, connection, "runs", _RUNS, "")
                if names:
                    csv = {name: _SUBMISSIONS[name] for name in names}
                    _load(copy, connection, "submissions", csv, _between(since, until))
    except BaseException:
        copy.close()
        raise
    return copy


def _between(since: datetime | None, until: datetime | None) -> str:
    limits = {">=": since, "<": until}
    known = [f"submitted_at {sign} '{time.isoformat()}'" for sign, time in limits.items() if time]
    return f"WHERE {' AND '.join(known)}" if known else ""


def _load(
    copy: DuckDBPyConnection,
    connection: Connection[Any],
    table: str,
    csv: dict[str, str],
    where: str,
) -> None:
    """Append rows of a table to the one in DuckDB, chunk by chunk."""
    selected = ", ".join(_FROM_POSTGRES.get(name, name) for name in csv)
    query = f"COPY (SELECT {selected} FROM {table} {where}) TO STDOUT (FORMAT csv, NULL '\\N')"
    values = ", ".join(_INTO_DUCKDB.get(name, name) for name in csv)
    for chunk in _chunks(connection, query):
        copy.execute(
            f"INSERT INTO {table} SELECT {values} FROM read_csv($1, columns = {csv}, {_CSV})",
            [str(chunk)],
        )


def _chunks(connection: Connection[Any], query: str) -> Iterator[Path]:
    """A file with some of the rows, over and over."""
    with (
        tempfile.NamedTemporaryFile(suffix=".csv") as file,
        connection.cursor().copy(sql.SQL(query)) as rows,
    ):
        for row in rows:  # libpq gives whole rows
            file.write(row)
            if file.tell() > _CHUNK:
                file.flush()
                yield Path(file.name)
                file.seek(0)
                file.truncate()
        if file.tell():
            file.flush()
            yield Path(file.name)


def merge(connection: Connection[Any], rows: DuckDBPyConnection) -> None:
    """Take over the rows of a snapshot; those with the same id are replaced."""
    for table, names in (("submissions", _SUBMISSIONS), ("runs", _RUNS)):
        execute = connection.execute
        execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(*_names(table)))
        values = ", ".join(_FROM_DUCKDB.get(name, name) for name in names)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            rows.execute(f"COPY (SELECT {values} FROM {table}) TO '{path}' (HEADER false)")
            into = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(_names(table)[0])
            with path.open("rb") as file, connection.cursor().copy(into) as copy:
                while chunk := file.read(1 << 20):
                    copy.write(chunk)
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names
        )
        differs = "WHERE known IS DISTINCT FROM excluded" if table == "submissions" else ""
        execute(
            sql.SQL(
                "INSERT INTO {1} AS known SELECT * FROM {0} ON CONFLICT (id) DO UPDATE SET {2} {3}"
            ).format(*_names(table), changes, sql.SQL(differs))
        )


def _names(table: str) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(f"incoming_{table}"), sql.Identifier(table)
