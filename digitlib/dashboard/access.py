"""Who may visit: everyone on this machine; from elsewhere, whoever has the token or password."""

import asyncio
import time
from collections import defaultdict, deque
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import PasswordIdentityProvider, User
from jupyter_server.utils import url_path_join
from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler
from traitlets import Integer, List, Unicode
from voila.voila_identity_provider import VoilaLoginHandler

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WINDOW = 60.0  # seconds in which wrong passwords and tokens are counted
_MOST_WAITING = 20  # passwords that wait to be checked, one at a time


class Attempts:
    """Wrong passwords and tokens of the last minute, by address."""

    def __init__(self) -> None:
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def count(self, address: str) -> int:
        """How many attempts from this address have failed in the last minute."""
        if address not in self._times:
            return 0
        times = self._times[address]
        while times and times[0] < time.monotonic() - _WINDOW:
            times.popleft()
        if not times:
            del self._times[address]
        return len(times)

    def failed(self, address: str) -> None:
        """Count a failed attempt."""
        for other in list(self._times):  # forget the addresses that gave up
            self.count(other)
        self._times[address].append(time.monotonic())


class Visitors(PasswordIdentityProvider):
    """Logs visitors in, and knows their addresses and the names that this server answers to."""

    host_names = List(
        Unicode(), config=True, help="Names, besides localhost, under which visitors come."
    )
    trusted_proxies = List(
        Unicode(),
        list(LOOPBACK[1:]),
        config=True,
        help="Addresses, or networks, of proxies that name the visitor's in X-Forwarded-For.",
    )
    patience = Integer(
        60, config=True, help="Seconds that a connection may stay open without a whole request."
    )
    attempts_per_minute = Integer(
        10, config=True, help="Wrong passwords or tokens that one address may try in a minute."
    )

    frame_ancestors = List(
        Unicode(),
        config=True,
        help="Sites whose pages may embed this one, such as https://www.example.org.",
    )

    def __init__(self, **options: Any) -> None:
        app = options["parent"]
        app.base_url, app.server_url = (  # Voila's own pages need the last slash
            url_path_join("/", url, "/") for url in (app.base_url, app.server_url)
        )
        if app.token is None and app.ip not in LOOPBACK:
            options.pop("token", None)  # then one is generated, unless there is a password
        super().__init__(**options)
        self.attempts = Attempts()
        self._checking = asyncio.Lock()
        self._waiting = 0
        self._logged_out: set[str] = set()  # users whose cookies have not expired yet

    def address(self, request: HTTPServerRequest) -> str:
        """The visitor's address: the connection's, or the one that a trusted proxy names."""
        address = str(request.remote_ip)
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        while forwarded and self._trusts(address):
            address = forwarded.pop().strip() or address
        return address

    def _trusts(self, address: str) -> bool:
        """Whether an address is a proxy's."""
        with suppress(ValueError):  # what a proxy names may be no address
            found = ip_address(address)
            return any(found in ip_network(proxy) for proxy in self.trusted_proxies)
        return False

    def refuse_guessing(self, handler: RequestHandler) -> None:
        """Raise HTTPError 429 where this address has tried too many wrong passwords or tokens."""
        if self.attempts.count(self.address(handler.request)) >= self.attempts_per_minute:
            raise HTTPError(429, "Too many wrong passwords. Try again in a minute.")

    async def get_user_token(self, handler: RequestHandler) -> User | None:
        """The visitor, if the request has the token; wrong ones are counted."""
        if not self.token or not self.get_token(handler):
            return None
        self.refuse_guessing(handler)
        user: User | None = await super().get_user_token(handler)
        if user is None:
            self.attempts.failed(self.address(handler.request))
        return user

    def get_user_cookie(self, handler: RequestHandler) -> User | None:
        """The visitor, if the request has a cookie of somebody who has not logged out."""
        user = super().get_user_cookie(handler)
        assert user is None or isinstance(user, User)
        return None if user is None or user.username in self._logged_out else user

    async def check_password(self, handler: RequestHandler) -> User | None:
        """The visitor, if the form has the password or token.

        Argon2 takes about 50 ms of processor time, in a thread and for one visitor at a time.
        """
        self.refuse_guessing(handler)
        if self._waiting >= _MOST_WAITING:
            raise HTTPError(429, "Too many people are logging in. Try again in a minute.")
        self._waiting += 1
        try:
            async with self._checking:
                self.refuse_guessing(handler)
                user = await asyncio.to_thread(self.process_login_form, handler)
        finally:
            self._waiting -= 1
        if user is None:
            self.attempts.failed(self.address(handler.request))
        return user

    def log_out(self, handler: RequestHandler) -> None:
        """End the visitor's cookie, in this browser and wherever it has been copied to."""
        user = self.get_user_cookie(handler)
        if user is not None:
            self._logged_out.add(user.username)
        self.clear_login_cookie(handler)


class Login(VoilaLoginHandler):
    """The login form."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Check the form; 401 with the form again where the password is wrong."""
        provider: Visitors = self.identity_provider
        user = self.current_user = await provider.check_password(self)
        if user is None:
            self.set_status(401)
            self._render(message={"error": "Invalid credentials"})
            return
        provider.set_login_cookie(self, user)
        self._redirect_safe(self.get_argument("next", default=self.base_url))
