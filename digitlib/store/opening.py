"""Which engine a URL means, and whether its database may grow."""

from digitlib import settings
from digitlib.store.engine import Engine
from digitlib.store.errors import StoreError, StoreFullError
from digitlib.store.file import DuckFile

_QUACK = (
    "Quack, DuckDB's own server, isn't supported: it lets any client read the server's files and"
    " kept a tenth of the submissions a second. Set DIGITS_DATABASE to postgresql://… instead."
)


def open_engine(url: str, lock_timeout: float) -> Engine:
    """The engine for a URL; nothing is opened yet. StoreError where there is none."""
    scheme = settings.scheme(url)
    if scheme in {"postgresql:", "postgres:"}:
        try:
            from digitlib.store.postgres import Postgres
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs psycopg, which is not installed:"
                " pip install 'psycopg[binary,pool]'."
            ) from error
        return Postgres(url, lock_timeout)
    if scheme:
        raise StoreError(
            _QUACK
            if scheme == "quack:"
            else f"A database server ({scheme}) isn't supported; set DIGITS_DATABASE to a .duckdb"
            " file's path or to postgresql://…"
        )
    return DuckFile(url, lock_timeout)


def check_room(engine: Engine) -> None:
    """Raise StoreFullError where a database is as large as the settings allow."""
    try:
        limit = settings.database_limit()
    except ValueError as error:
        raise StoreError(str(error)) from error
    if engine.size() >= limit:
        raise StoreFullError(
            f"No more sketches are taken: the database has reached its limit of"
            f" {limit / 1e6:,.0f} MB. Whoever runs this can raise DIGITS_DATABASE_MB, or set"
            " DIGITS_DATABASE to another database."
        )
