"""PostgreSQL as the store's engine, for more than one machine; psycopg is imported only here."""

from digitlib.store.postgres.engine import Postgres

__all__ = ["Postgres"]
