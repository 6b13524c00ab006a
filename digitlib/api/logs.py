"""The service's log: a line a request, as text or JSON; no strokes, keys or query strings."""

import json
import logging
import time
from datetime import UTC, datetime

_FIELDS = ("request_id", "method", "route", "status", "seconds", "caller")


class _Formatter(logging.Formatter):
    """Lines of text; the second's digits are made once a second, not once a line."""

    _second, _text = -1, ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """When it was, in local time, with milliseconds."""
        second = int(record.created)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = second
        return f"{self._text},{int(record.msecs):03d}"


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


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    def flush(self) -> None:
        """Nothing: standard error is flushed at the end of each line anyway."""


def configure_log(*, as_json: bool) -> None:
    """Send this package's and uvicorn's log to standard error, without its line a request.

    That has the whole address, where somebody may have put a key.
    """
    # Looked up for each line, and in none of them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    text = _Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    formatter = _JsonFormatter() if as_json else text
    handler = _Handler()
    handler.setFormatter(formatter)
    for name in ("digitlib", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
