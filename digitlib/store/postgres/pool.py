"""Connections to PostgreSQL that a process shares, and how they are set up."""

import atexit
import os
import re
import threading
from typing import Any

import psycopg
from psycopg import Connection, RawCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from digitlib.store.errors import StoreError
from digitlib.store.postgres.errors import INVALID_URL

MOST_CONNECTIONS = 4  # of a process; a visitor's kernel needs one, a service with threads a few
_IDLE = 30.0  # seconds after which a connection that nobody uses is closed
_DEFAULTS = {  # what a URL can change; seconds, but for the last
    "fallback_application_name": "digitlib",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "tcp_user_timeout": "30000",  # milliseconds until a silent network counts as a lost connection
}
_pools: dict[tuple[int, str, float], ConnectionPool[Connection[Any]]] = {}
_opening = threading.Lock()


def checked_url(url: str) -> str:
    """The URL with our defaults, as libpq takes it; StoreError, without the URL, if invalid."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise StoreError(INVALID_URL) from None  # its text may hold parts of the password
    ports, names = str(given.get("port") or 0), f"{given.get('host')} {given.get('dbname')}"
    if not re.fullmatch(r"[\d,]+", ports) or "@" in names:  # parts of an unencoded password
        raise StoreError(INVALID_URL)
    return make_conninfo("", **{**_DEFAULTS, **given})


def without_password(url: str) -> tuple[str, str]:
    """The URL in libpq's other form, without its password, and that; empty without one."""
    given = conninfo_to_dict(checked_url(url))
    password = str(given.pop("password", None) or "")
    return make_conninfo("", **given), password


def pool_of(url: str, timeout: float) -> ConnectionPool[Connection[Any]]:
    """The process's pool for a URL. It is made once a connection worked; else psycopg.Error."""
    key = (os.getpid(), url, timeout)
    with _opening:
        if key not in _pools:
            connect(url, timeout).close()  # the pool would try for the whole timeout
            _pools[key] = _opened(url, timeout)
        return _pools[key]


def connect(url: str, timeout: float) -> Connection[Any]:
    """A connection of one's own, set up like the pool's."""
    connection = psycopg.connect(_with_timeout(url, timeout), cursor_factory=RawCursor)
    try:
        _set_up(connection, timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def _with_timeout(url: str, timeout: float) -> str:
    seconds = max(2, round(timeout))  # libpq takes no less
    return make_conninfo("", **{"connect_timeout": seconds, **conninfo_to_dict(url)})


def _opened(url: str, timeout: float) -> ConnectionPool[Connection[Any]]:
    pool: ConnectionPool[Connection[Any]] = ConnectionPool(
        _with_timeout(url, timeout),
        kwargs={"cursor_factory": RawCursor},
        min_size=0,
        max_size=MOST_CONNECTIONS,
        max_idle=_IDLE,
        configure=lambda connection: _set_up(connection, timeout),
        check=ConnectionPool.check_connection,  # after a restart of the server, a new one
        num_workers=1,
        open=True,
    )
    atexit.register(pool.close)
    return pool


def _set_up(connection: Connection[Any], timeout: float) -> None:
    """Values as we read them, waits no longer than asked, and commits that are on disk."""
    connection.execute(
        "SELECT set_config('lock_timeout', $1, false), set_config('DateStyle', 'ISO', false),"
        " set_config('extra_float_digits', '1', false),"
        " set_config('client_encoding', 'UTF8', false)",
        [f"{max(1, round(1000 * timeout))}ms"],
    )
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()
