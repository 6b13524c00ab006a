"""Where things live, how loud to be, and which parameters a notebook was given.

Nothing happens on import: each function looks at the environment when it is called. A value comes
from the environment, else from the `.env` file in the project's root, else from the default.
"""

import logging
import os
import re
from pathlib import Path
from typing import TextIO

from dotenv import dotenv_values

logger = logging.getLogger("digitlib")


def project_root() -> Path:
    """The folder that holds `notebooks/` and `digitlib/`, whatever the working directory is."""
    return Path(__file__).resolve().parents[1]


def _setting(name: str) -> str | None:
    """The value of an environment variable, else of `.env`; None when unset or empty."""
    return os.environ.get(name) or dotenv_values(project_root() / ".env").get(name) or None


def _folder(name: str, default: str) -> Path:
    """A folder from a setting; a relative one starts at the project's root."""
    return _path(_setting(name) or default)


def _path(value: str) -> Path:
    """A path from a setting: `~` is one's home, also where no shell has seen it."""
    return (project_root() / Path(value).expanduser()).resolve()


def data_dir() -> Path:
    """Where datasets are read from and downloaded to (`DIGITS_DATA_DIR`); it may be read-only."""
    return _folder("DIGITS_DATA_DIR", "data")


def outputs_dir() -> Path:
    """Where runs write their models, plots and notebooks (`DIGITS_OUTPUTS_DIR`)."""
    return _folder("DIGITS_OUTPUTS_DIR", "outputs")


def database_url() -> str:
    """The submissions' and runs' database (`DIGITS_DATABASE`): a .duckdb path or a server's URL."""
    url = _setting("DIGITS_DATABASE") or "data/digits.duckdb"
    return url if scheme(url) else str(_path(url))


def scheme(url: str) -> str:
    """What a server's URL begins with (`postgres:`); empty for a path, also `C:\\digits.duckdb`."""
    found = re.match(r"[a-z][a-z0-9+.-]+:", url, re.IGNORECASE)
    return found[0].lower() if found else ""


def debug_mode() -> bool:
    """Whether `DEBUG_MODE=1` asks for what a developer wants to see."""
    return (_setting("DEBUG_MODE") or "0").lower() not in {"0", "false", "no", "off"}


def _server_log() -> TextIO | None:
    """Where the kernel's own log goes; None outside of a kernel.

    A kernel's standard error goes to the browser, and Voila drops it there.
    """
    from traitlets.log import get_logger  # here: a kernel has it already, others do without

    log = get_logger()
    handlers = log.handlers if isinstance(log, logging.Logger) else log.logger.handlers
    streams = [h.stream for h in handlers if isinstance(h, logging.StreamHandler)]
    return streams[0] if streams else None


def configure_logging(*, to_server: bool = False) -> None:
    """Send this package's log to standard error: everything in debug mode, else only warnings.

    In a kernel that is the notebook; with `to_server`, it goes to the log of the server that runs
    the kernel, which a dashboard's visitors don't see.
    """
    if not logger.handlers:
        handler = logging.StreamHandler(_server_log() if to_server else None)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(logging.DEBUG if debug_mode() else logging.WARNING)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name, see it on disk, then move it into place."""
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
