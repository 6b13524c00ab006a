"""What is refused before any handler sees it: foreign names, foreign pages, long addresses."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher
from tornado.web import HTTPError
from voila.handler import BaseVoilaHandler

from digitlib.dashboard.access import LOOPBACK

_LONGEST_URI = 2_000  # characters; the page's own are below 200


def host_name(host: str) -> str:
    """The name in a Host header, without the port and the brackets of IPv6, in lower case."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0].rstrip(".")


class Hosts:
    """The names under which a server may be visited.

    Another site's page can let its own name point to this machine (DNS rebinding); its requests
    then count as same-origin, but their Host header has that name.
    """

    def __init__(self, ip: str, names: Iterable[str]) -> None:
        self._listens_outside = ip not in LOOPBACK
        self._names = {*LOOPBACK, *(host_name(name) for name in names)}
        if self._listens_outside:
            self._names |= {ip, socket.gethostname().lower(), socket.getfqdn().lower()}

    def __contains__(self, host: str) -> bool:
        name = host_name(host)
        return name in self._names or (self._listens_outside and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Refusals(Matcher):
    """Matches the requests that are refused, and says why."""

    def __init__(self, hosts: Hosts, *, is_embeddable: bool = False) -> None:
        self._hosts = hosts
        self._destinations = {"document", "iframe"} if is_embeddable else {"document"}

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """The status and reason for `Refused`; None for a request that may pass."""
        if (refusal := self.refusal(request)) is None:
            return None
        status, reason = refusal
        return {"path_kwargs": {"status": str(status), "reason": reason}}

    def refusal(self, request: HTTPServerRequest) -> tuple[int, str] | None:
        """The status and reason of a refusal, or None."""
        if request.host not in self._hosts:
            name = host_name(request.host)[:100]
            reason = f"This server is not known as {name}. Its operator can allow that name with "
            return 403, f"{reason}--Visitors.host_names={name}."
        if len(request.uri or "") > _LONGEST_URI:
            return 414, "The address is too long."
        if _is_foreign(request, self._destinations):
            return 403, "Other sites may link to this page, but not load or embed it."
        return None


def _is_foreign(request: HTTPServerRequest, destinations: set[str]) -> bool:
    """Whether another site's page sends a request that opens no page in one of these places."""
    headers = request.headers
    if "prefetch" in headers.get("Sec-Purpose", ""):
        return True
    if headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
        return False
    is_navigation = headers.get("Sec-Fetch-Mode") == "navigate" and request.method == "GET"
    return not (is_navigation and headers.get("Sec-Fetch-Dest") in destinations)


class Refused(BaseVoilaHandler):
    """Answers a refused request."""

    async def prepare(self) -> None:
        """Raise the refusal before anything else looks at the request."""
        self.current_user = self._jupyter_current_user = None
        status, reason = self.path_kwargs["status"], self.path_kwargs["reason"]
        raise HTTPError(int(status), "%s", reason)
