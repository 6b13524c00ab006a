"""Who calls: a key or an address, what it may do, and how much of it in a minute."""

import math
import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from digitlib.api.configuration import Configuration
from digitlib.api.keys import Key, Right, find_key
from digitlib.api.problems import Problem

_MOST_CALLERS = 10_000  # that a worker remembers: more are forgotten, the longest idle first
_LOCAL_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_NO_KEY = (
    "This needs an API key with the right to {right}: send it as `Authorization: Bearer KEY`. "
    "`python -m digitlib.api key NAME {right}` makes one."
)


class Rate:
    """So many units a minute for each caller, up to a minute's at once (GCRA)."""

    def __init__(self, per_minute: int, units: str) -> None:
        self._units = units
        self._interval = 60 / per_minute  # seconds a unit
        self._paid_until: dict[str, float] = {}

    def take(self, caller: str, units: int) -> None:
        """Count units; raises Problem 429 when a minute's are used up.

        What is asked for at once may exceed the rest; then the next request waits for it.
        """
        now = time.monotonic()
        paid = max(self._paid_until.pop(caller, now), now)
        wait = paid + self._interval - now - 60
        self._paid_until[caller] = paid if wait > 0 else paid + units * self._interval
        if len(self._paid_until) > _MOST_CALLERS:
            del self._paid_until[next(iter(self._paid_until))]
        if wait > 0:
            seconds = math.ceil(wait)
            raise Problem(
                429,
                f"Too many {self._units}: at most {round(60 / self._interval):,} a minute."
                f" Try again in {seconds} s.",
                {"Retry-After": str(seconds)},
            )


@dataclass(frozen=True)
class Caller:
    """Who makes a request: the key shown, if a valid one, and the address."""

    key: Key | None
    address: str
    is_local: bool
    showed_key: bool

    @property
    def name(self) -> str:
        """What its limits count by, and its log lines show."""
        return f"key {self.key.name}" if self.key else self.address

    def require(self, *rights: Right) -> None:
        """Raise Problem 401 or 403 unless the caller has one of the rights.

        Reading is open on this machine; from elsewhere it takes a key, any.
        """
        if Right.READ in rights and (self.key or (self.is_local and not self.showed_key)):
            return
        if self.key is None:
            what = "This key is not valid. " if self.showed_key else ""
            detail = what + _NO_KEY.format(right=rights[0])
            raise Problem(401, detail, {"WWW-Authenticate": "Bearer"})
        if self.key.rights.isdisjoint(rights):
            raise Problem(403, f"The key {self.key.name} has no right to {' or '.join(rights)}.")

    @property
    def owner(self) -> str:
        """What the sessions of its submissions begin with; ValueError without a key."""
        if self.key is None:
            raise ValueError("Submissions need a key.")
        return self.key.name

    def owns(self, session: str) -> bool:
        """Whether a submission of this session came with the caller's key."""
        return session == self.owner or session.startswith(f"{self.owner}/")


def identify(
    client: str | None, host: str, authorization: bytes, configuration: Configuration
) -> Caller:
    """Who calls, by the client's address, the Host and the Authorization header.

    Without keys the service is for this machine only: raises Problem 403 for others, and for a
    foreign host name, with which a web page may have been pointed here (DNS rebinding).
    """
    address, is_local = _address(client)
    if not configuration.keys and not (is_local and _without_port(host) in _LOCAL_NAMES):
        raise Problem(
            403,
            "Without API keys the service answers only to http://localhost on its own machine: "
            "set DIGITS_API_KEYS to open it to others.",
        )
    scheme, _, presented = authorization.partition(b" ")
    showed_key = scheme.lower() == b"bearer"
    key = find_key(configuration.keys, presented.strip()) if showed_key else None
    return Caller(key, address, is_local, showed_key)


def _without_port(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


@lru_cache(1000)
def _address(client: str | None) -> tuple[str, bool]:
    """An address to count by, and whether it is this machine's; of IPv6 a network counts as one."""
    if client is None:  # a Unix socket, which the Host header vouches for
        return "socket", True
    try:
        address = ip_address(client)
    except ValueError:
        return "unknown", False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif not address.is_loopback:
            return f"{IPv6Address(int(address) >> 64 << 64)}/64", False
    return str(address), address.is_loopback
