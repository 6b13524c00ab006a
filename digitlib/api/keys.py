"""API keys: who may read, submit, export and promote through the service."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORM = "An entry of DIGITS_API_KEYS is NAME:RIGHT+RIGHT:SHA256, as `python -m digitlib.api key`"


class Right(StrEnum):
    """What a key may do; every key may read."""

    READ = "read"
    SUBMIT = "submit"
    EXPORT = "export"
    PROMOTE = "promote"


class Key(NamedTuple):
    """An API key as the service knows it: by its SHA-256, from which nobody gets the key."""

    name: str
    rights: frozenset[Right]
    digest: str


def parse_keys(text: str) -> tuple[Key, ...]:
    """The keys in DIGITS_API_KEYS, whose entries are separated by spaces, commas or lines.

    Raises ValueError for a malformed entry or a name used twice; the message never shows an entry,
    which may be a secret that was pasted in the wrong place.
    """
    keys: list[Key] = []
    for number, entry in enumerate(re.split(r"[\s,]+", text.strip()) if text.strip() else [], 1):
        name, _, rest = entry.partition(":")
        rights, _, digest = rest.partition(":")
        if not (_NAME.fullmatch(name) and _DIGEST.fullmatch(digest)):
            raise ValueError(f"{_FORM} prints it; entry {number} is not.")
        if not set(rights.split("+")) <= set(Right):
            raise ValueError(f"{_FORM} prints it; rights are {', '.join(Right)} (entry {number}).")
        if name in {key.name for key in keys}:
            raise ValueError(f"DIGITS_API_KEYS names two keys alike (entry {number}).")
        keys.append(Key(name, frozenset(map(Right, rights.split("+"))), digest))
    return tuple(keys)


def new_key(name: str, rights: Iterable[str]) -> tuple[str, str]:
    """A new key of 256 random bits, and the entry of DIGITS_API_KEYS that admits it.

    Raises ValueError for a name or a right that isn't one.
    """
    key = f"digits_{secrets.token_urlsafe(32)}"
    entry = f"{name}:{'+'.join(rights)}:{hashlib.sha256(key.encode()).hexdigest()}"
    parse_keys(entry)
    return key, entry


def find_key(keys: Sequence[Key], presented: bytes) -> Key | None:
    """The key that was presented, or None; takes equally long whichever it is."""
    digest = hashlib.sha256(presented).hexdigest()
    matches = [key for key in keys if hmac.compare_digest(key.digest, digest)]
    return matches[0] if matches else None
