"""All routes that the server answers; everything else is 404."""

import asyncio
import os
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import nbformat
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyter_server.utils import url_path_join
from nbformat.sign import MemorySignatureStore, NotebookNotary
from tornado.web import HTTPError, RedirectHandler, authenticated
from voila.app import Voila
from voila.handler import BaseVoilaHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import MultiStaticFileHandler, TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from digitlib.dashboard.access import Login, Visitors
from digitlib.dashboard.guard import Hosts, Refusals, Refused, host_name
from digitlib.dashboard.kernel_socket import KernelSocket
from digitlib.dashboard.kernels import AssignedKernels, VisitorKernels
from digitlib.dashboard.scripts import Bundle, Scripts

KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
_GOODBYE = 2.0  # seconds in which a page that is being reloaded gives its kernel up
_RETRY_AFTER = "20"  # seconds, as in 503.html
_MOST_BYTES = 16 * 1024  # of a request's headers and of its body; the largest is the login form


class Page(TornadoVoilaHandler):
    """The dashboard's page, each with a kernel of its own."""

    _kernels: AssignedKernels | None = None

    @property
    def kernel_manager(self) -> Any:
        """The kernels, as this visitor may use them."""
        return self._kernels or self.settings["kernel_manager"]

    @authenticated
    async def get(self) -> None:
        """Send the page as it is rendered; 503 where there is no room."""
        self.xsrf_token  # noqa: B018  reading it sets the cookie that lets the page end its kernel
        self._kernels = await self._admitted()
        try:
            async for html in self.get_generator():
                self.write(html)
                await asyncio.wait_for(self.flush(), self.identity_provider.patience)
        finally:
            self._kernels.leave()

    async def _admitted(self) -> AssignedKernels:
        kernels: VisitorKernels = self.settings["kernel_manager"]
        address = self.identity_provider.address(self.request)
        until = time.monotonic() + _GOODBYE
        while True:
            try:
                return kernels.admit(address)
            except HTTPError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(0.1)

    def write_error(self, status_code: int, **options: Any) -> None:
        """Show the error; a browser that found no room may try again."""
        if status_code == 503:
            self.set_header("Retry-After", _RETRY_AFTER)
        super().write_error(status_code, **options)


class KernelState(KernelHandler):
    """Says whether a page's kernel is alive; ends none, as the shutdown route does that."""

    SUPPORTED_METHODS = ("GET",)


class Logout(BaseVoilaHandler):
    """Logs the visitor out."""

    @allow_unauthenticated
    def get(self) -> None:
        """End the visitor's cookie."""
        self.identity_provider.log_out(self)
        self.write(self.render_template("logout.html"))


class NotFound(BaseVoilaHandler):
    """Answers paths that lead nowhere."""

    @allow_unauthenticated
    def prepare(self) -> None:
        """Raise the 404 that shows our page."""
        self.current_user = self._jupyter_current_user = None
        raise HTTPError(404)


def routes(voila: Voila) -> list[tuple[Any, ...]]:
    """The routes below the server's base path, each with its handler and options."""
    configuration = voila.voila_configuration
    ours = {"voila_configuration": configuration}
    page = {
        "notebook_path": os.path.relpath(voila.notebook_path, voila.root_dir),
        "template_paths": voila.template_paths,
        "config": voila.config,
        **ours,
    }
    static = {"paths": voila.static_paths, "default_filename": "index.html"}
    extensions = {"path": voila.labextensions_path, "no_cache_paths": ["/"]}
    return [
        ("/", Page, page),
        ("", RedirectHandler, {"url": voila.base_url}),
        (f"/api/kernels/{KERNEL_ID}", KernelState),
        (f"/api/kernels/{KERNEL_ID}/channels", KernelSocket),
        (f"/voila/api/shutdown/{KERNEL_ID}", VoilaShutdownKernelHandler),
        ("/voila/scripts.js", Scripts, {"bundle": Bundle(configuration.extension_allowlist)}),
        (r"/voila/static/([\w./-]+)", MultiStaticFileHandler, static),
        (r"/voila/templates/([\w-]+/static/[\w./-]+)", TemplateStaticFileHandler),
        (r"/voila/labextensions/(.+)", FileFindHandler, extensions),
        ("/login", Login),
        ("/logout", Logout, ours),
    ]


class RoutedVisitors(Visitors):
    """The login, which has all routes of the server set up: it is asked for its own."""

    def get_handlers(self) -> list[tuple[Any, ...]]:
        """None: all routes, the login's included, are in one table."""
        install(self.parent, self)
        return []


def install(voila: Voila, visitors: Visitors) -> None:
    """Serve only these routes, refuse foreign requests, and limit what a connection may do."""
    if not voila.notebook_path:
        voila.log.critical("Name one notebook: voila notebooks/sketch.ipynb")
        voila.exit(1)
    names = [*visitors.host_names, host_name(voila.custom_display_url.partition("//")[2])]
    hosts = Hosts(voila.ip, filter(None, names))
    refusals = Refusals(hosts, is_embeddable=bool(visitors.frame_ancestors))
    embed(voila, visitors.frame_ancestors)
    trust(voila)
    ours = {"voila_configuration": voila.voila_configuration}
    table = [(url_path_join(voila.server_url, path), *rest) for path, *rest in routes(voila)]
    voila.app.add_handlers(
        ".*$", [(refusals, Refused, ours), *table, (".*", NotFound, ours)]
    )  # before Voila's own, which no request reaches
    voila.app.listen = partial(  # Voila passes no limits
        voila.app.listen,
        max_header_size=_MOST_BYTES,
        max_body_size=_MOST_BYTES,
        body_timeout=visitors.patience,
        idle_connection_timeout=visitors.patience,
    )


def embed(voila: Voila, sites: Sequence[str]) -> None:
    """Let pages of these sites embed the page."""
    headers = voila.app.settings["headers"]
    policy = headers["Content-Security-Policy"]
    ancestors = " ".join(["frame-ancestors 'self'", *sites])
    headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'self'", ancestors)


def trust(voila: Voila) -> None:
    """Trust the notebook that the operator has named; else each kernel logs that it is not."""
    notary = NotebookNotary(store_factory=MemorySignatureStore, secret=os.urandom(32))
    notary.sign(nbformat.read(voila.notebook_path, as_version=4))
    voila.contents_manager.notary = notary
