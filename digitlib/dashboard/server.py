"""What the dashboard needs of Voila beyond its options; `voila.json` names these classes.

They are the extension points that Voila and Jupyter Server offer, subclassed; nothing is patched.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_server.auth.identity import PasswordIdentityProvider, User
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import ensure_async, url_path_join
from tornado.web import HTTPError, RequestHandler
from traitlets import Integer
from traitlets.config import Config
from voila.handler import BaseVoilaHandler, VoilaHandler

from digitlib.dashboard.script_bundle import Scripts, bundled_scripts

TEMPLATES = Path(__file__).with_name("templates")
_PROTOCOL = "v1.kernel.websocket.jupyter.org"
_SOCKET_PATH = 100  # bytes that the path of a socket may be long; on macOS 104, on Linux 108
_GOODBYE = 2.0  # seconds that a page may take to give its kernel up when it is loaded again
_LOCAL = ("localhost", "127.0.0.1", "::1")


class VisitorKernels(AsyncMappingKernelManager):
    """A kernel a visitor: not too many of them, and none for longer than it is used."""

    most_visitors = Integer(
        60, config=True, help="How many visitors may draw at once; each takes about 100 MB."
    )
    abandoned_after = Integer(
        120, config=True, help="Seconds after which a kernel that no page is connected to ends."
    )

    def __init__(self, **options: Any) -> None:
        # Here, because Voila finds templates only in folders outside of the project.
        options["parent"].template_paths.insert(0, str(TEMPLATES))
        super().__init__(**options)
        self._starting: set[str] = set()
        self._alone_since: dict[str, float] = {}
        # A TCP port that was chosen as free may be another's by the time that the kernel takes it,
        # and among fifty that start at once, some are; and other users of the machine can't listen.
        longest = Path(self.connection_dir, f"kernel-{uuid4()}-ipc-10")
        if os.name == "posix" and len(bytes(longest)) < _SOCKET_PATH:
            self.update_config(Config({"KernelManager": {"transport": "ipc"}}))

    def is_full(self) -> bool:
        """Whether there is no room for another visitor; the warm kernels wait for one."""
        warm = sum(map(len, getattr(self, "_pools", {}).values()))
        return len({*self.list_kernel_ids(), *self._starting}) - warm >= self.most_visitors

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel for a visitor, or a warm one; 503 where there is no room."""
        is_warm = options.get("env", {}).get("VOILA_PREHEAT") == "True"
        if not is_warm and self.is_full():
            raise HTTPError(503, "All kernels are in use.")
        kernel_id = str(options.setdefault("kernel_id", str(uuid4())))
        self._starting.add(kernel_id)
        try:
            return str(await super().start_kernel(**options))
        finally:
            self._starting.discard(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page is gone soon, and one whose page is open after the idle time."""
        if self._kernel_connections.get(kernel_id):
            self._alone_since.pop(kernel_id, None)
            await super().cull_kernel_if_idle(kernel_id)
            return
        # Counted from here: a warm kernel may have waited long for this visitor.
        alone = time.monotonic() - self._alone_since.setdefault(kernel_id, time.monotonic())
        if alone > self.abandoned_after:
            self.log.info("Ending kernel %s: its page is gone.", kernel_id)
            await self.shutdown_kernel(kernel_id)

    async def shutdown_kernel(self, kernel_id: str, *given: Any, **options: Any) -> None:  # type: ignore[override]
        """End a kernel and forget it."""
        self._alone_since.pop(kernel_id, None)
        await ensure_async(super().shutdown_kernel(kernel_id, *given, **options))


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket that sends at once: batching small packets costs 40 ms a pen move."""

    async def prepare(self) -> None:
        """Refuse clients that don't speak today's protocol.

        Voila 0.5.13 reads the other's binary messages wrongly and then counts for ever: one such
        client would stop the server for all.
        """
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        if _PROTOCOL not in offered:
            raise HTTPError(400, "This server speaks only %s.", _PROTOCOL)
        await super().prepare()

    def connect(self) -> Any:
        """Connect, with Nagle's algorithm off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


class Nothing(BaseVoilaHandler):
    """Answers addresses that lead nowhere, where Voila would look among the project's files."""

    def get(self, _path: str) -> None:
        """Raise the 404 that shows our page."""
        raise HTTPError(404)


class Visitors(PasswordIdentityProvider):
    """Who may come in: all on this machine; from outside, who has the token or password."""

    def __init__(self, **options: Any) -> None:
        app = options["parent"]
        if app.token is None and app.ip not in _LOCAL:
            options.pop("token", None)  # then one is made, unless there is a password
        super().__init__(**options)

    def get_handlers(self) -> list[tuple[Any, ...]]:
        """The pages to log in and out, and our own, under the path that a proxy may have."""
        pages: list[tuple[Any, ...]] = list(super().get_handlers())
        if self.parent is None:
            return pages
        configuration = self.parent.voila_configuration
        scripts = {"scripts": bundled_scripts(configuration.extension_allowlist)}
        pages.append(("/voila/scripts.js", Scripts, scripts))
        pages.append(("/voila/files/(.*)", Nothing, {"voila_configuration": configuration}))
        return [(url_path_join(self.parent.server_url, path), *rest) for path, *rest in pages]

    async def get_user(self, handler: RequestHandler) -> User | None:
        """The visitor; to a page also the cookie that lets it end its kernel when it is closed."""
        user: User | None = await ensure_async(super().get_user(handler))
        if user is not None and isinstance(handler, VoilaHandler):
            handler.current_user = user
            handler.xsrf_token  # noqa: B018  reading it sets the cookie
            until = time.monotonic() + _GOODBYE
            while handler.kernel_manager.is_full():
                if time.monotonic() > until:
                    raise HTTPError(503, "All kernels are in use.")
                await asyncio.sleep(0.1)
        return user
