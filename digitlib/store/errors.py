"""What the store raises; without DuckDB, so that a process can catch it that opens no database."""


class StoreError(Exception):
    """The database can't be used; the text says why and what to do. Nothing was changed."""


class StoreFullError(StoreError):
    """The submissions fill as much as the settings allow; none is taken until that changes."""
