"""Why PostgreSQL can't be used, in sentences for people; never with a password."""

import re

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

INVALID_URL = (
    "The database's URL isn't valid. Write postgresql://user:password@host:5432/database, with"
    " special characters of the password percent-encoded (@ is %40)."
)
BUSY = "The database is busy: no turn within {timeout:.0f} s. Try again."
_UNREACHABLE = "The database server {server} can't be reached: {error}. Is it running? Try again."
_LOST = (
    "The connection to the database server {server} was lost. What was acknowledged is kept."
    " Try again."
)
_REFUSED = (
    "The database server {server} refused the user {user}: {error}. Check the password in"
    " DIGITS_DATABASE or in the password file."
)
_TLS = (
    "No secure connection to the database server {server}: {error}. Check sslmode and sslrootcert."
)
_FULL = (
    "The database server's disk is full ({server}). Nothing was changed: make room, then try again."
)
_STANDBY = "The database {server} is read-only. Set DIGITS_DATABASE to the primary server."
_FORBIDDEN = "The user {user} has no permission in the database {server}: {error}."
_MISSING = "The database server {server} has no such database: {error}. Create it first."
_UNUSABLE = "The database {server} can't be used: {error}."

_CLASSES: dict[type[Exception] | tuple[type[Exception], ...], str] = {
    (PoolTimeout, errors.LockNotAvailable, errors.QueryCanceled, errors.TooManyConnections): BUSY,
    (errors.SerializationFailure, errors.DeadlockDetected): BUSY,
    (errors.DiskFull, errors.IoError): _FULL,
    errors.ReadOnlySqlTransaction: _STANDBY,
    errors.InsufficientPrivilege: _FORBIDDEN,
    (errors.InvalidPassword, errors.InvalidAuthorizationSpecification): _REFUSED,
    errors.InvalidCatalogName: _MISSING,
    (errors.AdminShutdown, errors.CrashShutdown, errors.ConnectionException): _LOST,
}
# libpq passes on no code of an error while it connects, only the server's text.
_TEXTS = {
    "too many clients|remaining connection slots|too many connections": BUSY,
    "password|authentication|pg_hba.conf|role .* does not exist": _REFUSED,
    "database .* does not exist": _MISSING,
    "SSL|certificate|TLS": _TLS,
    "read-only": _STANDBY,
    "No space left": _FULL,
    "Connection refused|could not translate|timeout|No such file|unreachable": _UNREACHABLE,
    "starting up|shutting down|recovery|No route|not known": _UNREACHABLE,
    "closed|terminat|reset by peer|Broken pipe|lost": _LOST,
}


def explanation(error: psycopg.Error, url: str, timeout: float) -> str:
    """What went wrong with the database at a URL, and what to do."""
    given = conninfo_to_dict(url)
    host, port = given.get("host", "localhost"), given.get("port", 5432)
    return _sentence(error).format(
        server=f"{given.get('dbname', '')} at {host}:{port}".strip(),
        user=given.get("user", "of this process"),
        timeout=timeout,
        error=_detail(error),
    )


def _sentence(error: psycopg.Error) -> str:
    for kind, sentence in _CLASSES.items():
        if isinstance(error, kind):
            return sentence
    for pattern, sentence in _TEXTS.items():
        if re.search(pattern, str(error)):
            return sentence
    return _UNUSABLE


def _detail(error: psycopg.Error) -> str:
    """A line of the error's text: of several addresses, the last one's."""
    if error.diag.message_primary:
        return error.diag.message_primary
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if "failed: " in line or "FATAL" in line] or lines
    detail = reasons[-1] if reasons else type(error).__name__
    return re.sub(r"^.*(failed|FATAL|ERROR): +", "", detail).rstrip(".?")
