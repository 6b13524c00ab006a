"""Folders, the database's URL, logging and atomic writes.

Each function reads the environment when it is called; nothing happens on import. A value comes from
the environment, else from the `.env` file in the project's root, else it is the default.
"""

import logging
import os
import re
from pathlib import Path
from typing import TextIO

from dotenv import dotenv_values

logger = logging.getLogger("digitlib")


def project_root() -> Path:
    """The folder that holds `notebooks/` and `digitlib/`."""
    return Path(__file__).resolve().parents[1]


def _setting(name: str) -> str | None:
    """The value of an environment variable, else of `.env`; None when unset or empty."""
    return os.environ.get(name) or dotenv_values(project_root() / ".env").get(name) or None


def _folder(name: str, default: str) -> Path:
    """The folder that a setting names."""
    return _path(_setting(name) or default)


def _path(value: str) -> Path:
    """A path from a setting: `~` is the home folder; relative paths start at the root."""
    return (project_root() / Path(value).expanduser()).resolve()


def data_dir() -> Path:
    """The folder of datasets and downloads (`DIGITS_DATA_DIR`); it may be read-only."""
    return _folder("DIGITS_DATA_DIR", "data")


def outputs_dir() -> Path:
    """The folder of models, plots and executed notebooks (`DIGITS_OUTPUTS_DIR`)."""
    return _folder("DIGITS_OUTPUTS_DIR", "outputs")


def database_url() -> str:
    """The database (`DIGITS_DATABASE`): the path of a .duckdb file or a server's URL."""
    url = _setting("DIGITS_DATABASE") or "data/digits.duckdb"
    return url if scheme(url) else str(_path(url))


def scheme(url: str) -> str:
    """The scheme of a server's URL (`postgres:`); empty for a path, also `C:\\digits.duckdb`."""
    found = re.match(r"[a-z][a-z0-9+.-]+:", url, re.IGNORECASE)
    return found[0].lower() if found else ""


def debug_mode() -> bool:
    """Whether `DEBUG_MODE=1` is set."""
    return (_setting("DEBUG_MODE") or "0").lower() not in {"0", "false", "no", "off"}


def _server_log() -> TextIO | None:
    """The stream of the kernel's own log; None outside a kernel.

    A kernel's standard error goes to the browser, where Voila drops it.
    """
    from traitlets.log import get_logger  # loaded in a kernel anyway

    log = get_logger()
    handlers = log.handlers if isinstance(log, logging.Logger) else log.logger.handlers
    streams = [h.stream for h in handlers if isinstance(h, logging.StreamHandler)]
    return streams[0] if streams else None


def configure_logging(*, to_server: bool = False) -> None:
    """Log to standard error: everything in debug mode, otherwise warnings.

    In a kernel, standard error is the notebook. With `to_server`, log to the server that runs the
    kernel instead, which the dashboard's visitors don't see.
    """
    if not logger.handlers:
        handler = logging.StreamHandler(_server_log() if to_server else None)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(logging.DEBUG if debug_mode() else logging.WARNING)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name, flush it to disk, then move it into place."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def api_setting(name: str) -> str:
    """A setting of the HTTP service, `DIGITS_API_` and the name; empty when unset."""
    return _setting(f"DIGITS_API_{name}") or ""
