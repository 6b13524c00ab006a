"""The service's log: a line a request, as text or JSON; no strokes, keys or query strings."""

import json
import logging
from datetime import UTC, datetime

_FIELDS = ("request_id", "method", "route", "status", "seconds", "caller")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def configure_log(*, as_json: bool) -> None:
    """Send this package's and uvicorn's log to standard error, without its line a request.

    That has the whole address, where somebody may have put a key.
    """
    # Looked up for each line, and in none of them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    formatter = _JsonFormatter() if as_json else text
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    for name in ("digitlib", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
