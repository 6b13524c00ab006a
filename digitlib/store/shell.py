"""A look inside a database with SQL: in the engine's own shell, or at a prompt."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import duckdb

from digitlib import settings
from digitlib.store.copying import backup
from digitlib.store.opening import open_engine

_HINT = (
    "submissions and runs are a copy: look and change as you like. End a query with ; and leave"
    " with Ctrl-D. After `pip install duckdb-cli`, DuckDB's own shell opens here; after"
    " `pip install harlequin`, one with tables to browse."
)


def shell(url: str) -> int:
    """Open a shell; returns its exit status.

    PostgreSQL's psql opens the database itself, for reading only. All others open a copy, so that
    nobody waits for them.
    """
    psql = shutil.which("psql")
    if settings.scheme(url) in {"postgresql:", "postgres:"} and psql:
        from digitlib.store.postgres.pool import without_password

        bare, password = without_password(url)
        environment = {"PGOPTIONS": "-c default_transaction_read_only=on", **os.environ}
        if password:  # not on the command line, which other users see
            environment["PGPASSWORD"] = password
        return subprocess.call([psql, bare], env=environment)
    with tempfile.TemporaryDirectory(prefix="digits-shell-") as folder:
        path = Path(folder) / "digits.duckdb"
        backup(open_engine(url, 60), path)
        for program in ("duckdb", "harlequin"):
            if found := shutil.which(program):
                return subprocess.call([found, str(path)])
        prompt(path)
    return 0


def prompt(path: Path) -> None:
    """Read queries from standard input and print what they find."""
    if sys.stdin.isatty():
        with suppress(ImportError):
            import readline  # noqa: F401  # arrow keys and history

            print(_HINT)
    with duckdb.connect(path) as connection, suppress(EOFError):
        query = ""
        while True:
            query += input("digits> " if not query else "   ...> ") + "\n"
            if query.rstrip().endswith(";"):
                try:
                    print(connection.sql(query) or "Done.")
                except duckdb.Error as error:
                    print(error)
                query = ""
