"""Folders, the database's URL, logging and atomic writes.

Each function reads the environment when it is called; nothing happens on import. A value comes from
the environment, else from the `.env` file in the project's root, else it is the default.
"""

import logging
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

logger = logging.getLogger("digitlib")

_SKETCH = Path("notebooks", "sketch.ipynb")
_EXTRAS = {"train": "torch", "postgres": "psycopg", "cluster": "distributed"}


def project_root() -> Path:
    """The folder that holds `notebooks/` and `digitlib/`.

    A package that was installed without that folder (`pip install .`) looks for it in
    `DIGITS_PROJECT_DIR`, else in the working folder and above; else the working folder is the root.
    """
    if named := os.environ.get("DIGITS_PROJECT_DIR"):
        return Path(named).expanduser().resolve()
    working = Path.cwd()
    places = (Path(__file__).resolve().parents[1], working, *working.parents)
    return next((place for place in places if (place / _SKETCH).is_file()), working)


def sketch_notebook() -> Path:
    """The dashboard's notebook: the project's, else the one that was installed with the package."""
    project = project_root() / _SKETCH
    return project if project.is_file() else Path(sys.prefix, "share", "digitlib", _SKETCH)


def require(extra: str) -> None:
    """Raise ModuleNotFoundError, which says what to install, where an extra is not installed."""
    library = _EXTRAS[extra]
    if find_spec(library) is None:
        raise ModuleNotFoundError(
            f"{library} is not installed. In the project's folder: `pip install '.[{extra}]'`.",
            name=library,
        )


def _setting(name: str) -> str | None:
    """The value of an environment variable, else of `.env`; None when unset or empty.

    Without the quotes around it, which the env files of containers keep.
    """
    value = os.environ.get(name) or dotenv_values(project_root() / ".env").get(name) or ""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value or None


def _path(name: str, value: str) -> Path:
    """The path in a setting: `~`, `$HOME` and `file:` URLs are understood; relative to the root.

    Raises ValueError, which says what to write, for what can't be meant as a path.
    """
    if re.search(r"postgres\w*://", value):  # it may hold a password
        raise ValueError(f"{name}: write postgresql://user:password@host:5432/database.")
    url = urlsplit(value) if scheme(value) else None
    if url and (url.scheme != "file" or url.netloc not in {"", "localhost"}):
        raise ValueError(f"{name}={value}: give a path on this machine, such as {_bare(value)}.")
    expanded = os.path.expandvars(unquote(url.path) if url else value)
    if unset := re.search(r"\$\{?\w+\}?", expanded):
        raise ValueError(f"{name}={value}: {unset[0]} is not set; write the path in full.")
    if '"' in expanded or any(part.strip("'") != part for part in Path(expanded).parts):
        raise ValueError(f"{name}={value}: remove the quotes.")
    try:
        return (project_root() / Path(expanded).expanduser()).resolve()
    except (RuntimeError, ValueError) as error:  # ~nobody; a NUL
        raise ValueError(f"{name}={value!r}: {error}") from error


def _bare(url: str) -> str:
    """A URL without its scheme: `/data/digits.duckdb` of `duckdb:///data/digits.duckdb`."""
    return re.sub(r"^[^:]*:(//)?", "", url) or "data/digits.duckdb"


def data_dir() -> Path:
    """The folder of datasets and downloads (`DIGITS_DATA_DIR`); it may be read-only."""
    return _path("DIGITS_DATA_DIR", _setting("DIGITS_DATA_DIR") or "data")


def outputs_dir() -> Path:
    """The folder of models, plots and executed notebooks (`DIGITS_OUTPUTS_DIR`)."""
    return _path("DIGITS_OUTPUTS_DIR", _setting("DIGITS_OUTPUTS_DIR") or "outputs")


def database_url() -> str:
    """The database (`DIGITS_DATABASE`): the path of a .duckdb file or a server's URL.

    Raises ValueError, which says what to write, for a folder, `:memory:`, a `duckdb:` URL, and for
    what `data_dir` refuses.
    """
    name = "DIGITS_DATABASE"
    url = _setting(name) or "data/digits.duckdb"
    if url.startswith(":"):
        raise ValueError(
            f"{name}={url}: a database in memory can't be shared by notebooks and visitors; give "
            "a file, such as data/digits.duckdb."
        )
    if scheme(url) not in {"", "file:", "duckdb:"}:
        return url
    path = _path(name, url)
    if path.is_dir():
        raise ValueError(
            f"{name}={url}: this is a folder; give a file in it, such as {path}/digits.duckdb."
        )
    return str(path)


def database_limit() -> int:
    """Bytes that the submissions may fill in all (`DIGITS_DATABASE_MB`, by default 10,000 MB).

    Raises ValueError unless it is a number above 0.
    """
    given = _setting("DIGITS_DATABASE_MB") or "10000"
    try:
        megabytes = float(given)
    except ValueError:
        megabytes = 0.0
    if not 0 < megabytes < 1e9:
        raise ValueError(f"DIGITS_DATABASE_MB={given}: give a number above 0, such as 10000.")
    return int(megabytes * 1e6)


def scheme(url: str) -> str:
    """The scheme of a URL (`postgres:`); empty for a path, also `C:\\digits.duckdb`."""
    found = re.match(r"[a-z][a-z0-9+.-]+:", url, re.IGNORECASE)
    return found[0].lower() if found else ""


def debug_mode() -> bool:
    """Whether `DEBUG_MODE=1` is set."""
    return (_setting("DEBUG_MODE") or "0").lower() not in {"0", "false", "no", "off"}


def _server_log() -> TextIO | None:
    """The stream of the kernel's own log; None outside a kernel.

    A kernel's standard error goes to the browser, where Voila drops it.
    """
    handlers = _kernel_logger().handlers
    streams = [h.stream for h in handlers if isinstance(h, logging.StreamHandler)]
    return streams[0] if streams else None


def _kernel_logger() -> logging.Logger:
    """The logger of the kernel, or of whichever Jupyter application runs here."""
    from traitlets.log import get_logger  # loaded in a kernel anyway

    log = get_logger()
    return log if isinstance(log, logging.Logger) else log.logger


def _is_no_shutdown(record: logging.LogRecord) -> bool:
    """Whether a record is anything but the interrupt that ends a kernel after its last cell.

    papermill and Jupyter interrupt a kernel before they shut it down, which ipykernel calls an
    error. A cell that is interrupted has a traceback of its own.
    """
    return not record.getMessage().startswith("KeyboardInterrupt caught in kernel")


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
    if "ipykernel" in sys.modules:
        _kernel_logger().addFilter(_is_no_shutdown)


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


def dashboard_setting(name: str) -> str:
    """A setting of the dashboard, `DIGITS_DASHBOARD_` and the name; empty when unset."""
    return _setting(f"DIGITS_DASHBOARD_{name}") or ""
