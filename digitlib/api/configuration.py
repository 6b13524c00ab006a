"""The service's settings, read from the environment once a process."""

from functools import cache
from typing import NamedTuple

from digitlib import settings
from digitlib.api.keys import Key, parse_keys

BODY_BYTES = 256 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
LARGE = 6  # times the patience, for photos on their way in and exports on their way out


class Configuration(NamedTuple):
    """What `DIGITS_API_…` say; a caller is a key, or an address that shows none."""

    keys: tuple[Key, ...]
    origins: tuple[str, ...]  # web pages that browsers let call the service (CORS)
    drawings_per_minute: int  # of one caller, for each worker; any other request counts as one
    submissions_per_minute: int
    patience: float  # seconds for a request's headers, and for its body; six times for a photo
    database_wait: float  # seconds: where fifty submit at once, the last waits for the others
    json_log: bool


@cache
def configuration() -> Configuration:
    """The settings; raises ValueError, with a sentence, for one that can't be used."""
    log = settings.api_setting("LOG") or "text"
    if log not in {"text", "json"}:
        raise ValueError("DIGITS_API_LOG is text or json.")
    return Configuration(
        keys=parse_keys(settings.api_setting("KEYS")),
        origins=tuple(settings.api_setting("ORIGINS").replace(",", " ").split()),
        drawings_per_minute=int(_number("DRAWINGS_PER_MINUTE", 6000)),
        submissions_per_minute=int(_number("SUBMISSIONS_PER_MINUTE", 120)),
        patience=_number("PATIENCE", 10.0),
        database_wait=_number("DATABASE_WAIT", 30.0),
        json_log=log == "json",
    )


def _number(name: str, default: float) -> float:
    text = settings.api_setting(name)
    try:
        number = float(text or default)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise ValueError(f"DIGITS_API_{name} is a number above 0, such as {default:g}.")
    return number
