"""The database's tables, their version, and how an older one becomes today's."""

import duckdb
from duckdb import DuckDBPyConnection

from digitlib.store.errors import StoreError

# Each entry takes the schema one version further; released entries never change. Plain types and
# constraints only, and times in UTC, so that a server could hold the same tables.
MIGRATIONS = (
    """
    CREATE TABLE submissions (
        id UUID PRIMARY KEY,
        submitted_at TIMESTAMP NOT NULL,
        session VARCHAR NOT NULL,
        label UTINYINT NOT NULL CHECK (label <= 9),
        predicted UTINYINT NOT NULL CHECK (predicted <= 9),
        probabilities FLOAT[10] NOT NULL,
        image BLOB NOT NULL CHECK (octet_length(image) = 784),
        strokes FLOAT[][][] NOT NULL,
        model VARCHAR NOT NULL,
        review VARCHAR NOT NULL CHECK (review IN ('pending', 'accepted', 'rejected'))
    );
    CREATE TABLE runs (
        id UUID PRIMARY KEY,
        started_at TIMESTAMP NOT NULL,
        notebook VARCHAR NOT NULL,
        parameters JSON NOT NULL,
        metrics JSON NOT NULL,
        model VARCHAR NOT NULL
    );
    CREATE TABLE schema_version (version INTEGER NOT NULL);
    INSERT INTO schema_version VALUES (1);
    """,
    # Without a primary key, since the lock keeps other writers out: with a key, DuckDB 1.5 logs the
    # strokes of up to 2048 earlier rows again with each new row (nested lists, by whole vectors).
    """
    CREATE TABLE submissions_2 (
        id UUID NOT NULL,
        submitted_at TIMESTAMP NOT NULL,
        session VARCHAR NOT NULL,
        label UTINYINT NOT NULL CHECK (label <= 9),
        predicted UTINYINT NOT NULL CHECK (predicted <= 9),
        probabilities FLOAT[10] NOT NULL,
        image BLOB NOT NULL CHECK (octet_length(image) = 784),
        strokes FLOAT[][][] NOT NULL,
        model VARCHAR NOT NULL,
        review VARCHAR NOT NULL CHECK (review IN ('pending', 'accepted', 'rejected'))
    );
    INSERT INTO submissions_2 SELECT * FROM submissions;
    DROP TABLE submissions;
    ALTER TABLE submissions_2 RENAME TO submissions;
    UPDATE schema_version SET version = 2;
    """,
    # A digit from a photo is an image without strokes.
    """
    ALTER TABLE submissions ALTER COLUMN strokes DROP NOT NULL;
    UPDATE schema_version SET version = 3;
    """,
)


def current_version() -> int:
    """The version of today's schema."""
    return len(MIGRATIONS)


def version_of(connection: DuckDBPyConnection, database: str | None = None) -> int:
    """The schema's version, 0 for an empty database; StoreError when it is foreign or too new."""
    prefix = f"{database}." if database else ""
    try:
        row = connection.execute(
            f"SELECT max(version) FROM {prefix}schema_version"
            f" WHERE (SELECT count(*) FROM {prefix}submissions WHERE false) = 0"
            f" AND (SELECT count(*) FROM {prefix}runs WHERE false) = 0"
        ).fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):
        tables = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = coalesce(?, current_database())",
            [database],
        ).fetchall()
        if not tables:
            return 0
        raise StoreError(
            "The database belongs to something else: it has other tables than submissions and"
            " runs. It was left as it is: set DIGITS_DATABASE to another file."
        ) from None
    version = row[0] if row and row[0] else 0
    if version > current_version():
        raise StoreError(newer_version(version, current_version()))
    return int(version)


def newer_version(version: int, known: int) -> str:
    """What to say of a schema that is later than today's."""
    return (
        f"The database was made by a newer version of this project (schema {version}, this one"
        f" knows {known}). Update the project."
    )


def migrate(connection: DuckDBPyConnection) -> None:
    """Bring the database up to today's schema, in one transaction."""
    version = version_of(connection)
    if version == current_version():
        return
    connection.begin()
    for migration in MIGRATIONS[version:]:
        connection.execute(migration)
    connection.commit()
