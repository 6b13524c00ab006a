"""The tables in PostgreSQL, their version, and how an older one becomes today's."""

from typing import Any

from psycopg import Connection, sql

from digitlib.store.errors import StoreError
from digitlib.store.schema import newer_version

# Each entry takes the schema one version further; released entries never change. Strokes are jsonb
# because arrays must be rectangular. The indexes are for pages, undo and the tally.
MIGRATIONS = (
    """
    CREATE TABLE submissions (
        id uuid PRIMARY KEY,
        submitted_at timestamp NOT NULL,
        session text NOT NULL,
        label smallint NOT NULL CHECK (label BETWEEN 0 AND 9),
        predicted smallint NOT NULL CHECK (predicted BETWEEN 0 AND 9),
        probabilities real[] NOT NULL CHECK (array_length(probabilities, 1) = 10),
        image bytea NOT NULL CHECK (octet_length(image) = 784),
        strokes jsonb NOT NULL,
        model text NOT NULL,
        review text NOT NULL CHECK (review IN ('pending', 'accepted', 'rejected'))
    );
    CREATE INDEX submissions_newest ON submissions (submitted_at, id);
    CREATE INDEX submissions_session ON submissions (session, submitted_at, id);
    CREATE INDEX submissions_tally ON submissions (label, predicted) WHERE review <> 'rejected';
    CREATE TABLE runs (
        id uuid PRIMARY KEY,
        started_at timestamp NOT NULL,
        notebook text NOT NULL,
        parameters json NOT NULL,
        metrics json NOT NULL,
        model text NOT NULL
    );
    CREATE TABLE schema_version (version integer NOT NULL);
    INSERT INTO schema_version VALUES (1);
    """,
    # A digit from a photo is an image without strokes.
    """
    ALTER TABLE submissions ALTER COLUMN strokes DROP NOT NULL;
    UPDATE schema_version SET version = 2;
    """,
)
_TABLES = """
    SELECT count(*) FROM pg_class
    WHERE relname IN ('submissions', 'runs', 'schema_version') AND pg_table_is_visible(oid)
"""
_LOCK = 0xD161_7500  # an advisory lock's number, of our own


def current_version() -> int:
    """The version of today's tables."""
    return len(MIGRATIONS)


def version_of(connection: Connection[Any]) -> int:
    """The schema's version, 0 without tables; StoreError when it is foreign or too new."""
    (found,) = connection.execute(_TABLES).fetchone() or (0,)
    if found == 0:
        return 0
    if found < 3:
        raise StoreError(
            "The database belongs to something else: it has tables of the same names. It was left"
            " as it is: set DIGITS_DATABASE to another database."
        )
    (version,) = connection.execute("SELECT max(version) FROM schema_version").fetchone() or (0,)
    if version > current_version():
        raise StoreError(newer_version(version, current_version()))
    return int(version)


def migrate(connection: Connection[Any]) -> None:
    """Bring the tables up to today's version, in the transaction; others wait for its end."""
    if version_of(connection) == current_version():
        return
    connection.execute("SELECT pg_advisory_xact_lock($1)", [_LOCK])
    for migration in MIGRATIONS[version_of(connection) :]:
        connection.execute(sql.SQL(migration))
