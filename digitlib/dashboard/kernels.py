"""Visitors' kernels: a limited number, with limited memory, and ended soon after their page."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError
from traitlets import Integer
from traitlets.config import Config
from voila.request_info_handler import RequestInfoSocketHandler

from digitlib.dashboard.access import Visitors
from digitlib.dashboard.configuration import PROTECTED

TEMPLATES = Path(__file__).with_name("templates")
_SOCKET_PATH = 100  # bytes: longest path of a Unix socket; macOS allows 104, Linux 108


class VisitorKernels(AsyncMappingKernelManager):
    """One kernel for each visitor."""

    most_visitors = Integer(
        60, config=True, help="Most visitors at once; each takes about 100 MB of memory."
    )
    pads_per_address = Integer(
        50,
        config=True,
        help="Most visitors at once from one address. A class often shares one address.",
    )
    abandoned_after = Integer(
        120, config=True, help="Seconds after which a kernel without a connected page ends."
    )
    memory_limit = Integer(
        2048, config=True, help="MB of data that a kernel may hold (RLIMIT_DATA); 0 for no limit."
    )

    def __init__(self, **options: Any) -> None:
        # Here, because Voila searches for templates only outside of the project.
        options["parent"].template_paths.insert(0, str(TEMPLATES))
        super().__init__(**options)
        self._alone_since: dict[str, float] = {}
        self._addresses: dict[str, str] = {}  # of the visitor of each kernel
        self._arriving: dict[str, str] = {}  # of admitted visitors without a kernel, by their key
        # A kernel that died would be started again without the notebook's state and limits.
        self.update_config(Config({"KernelRestarter": {"restart_limit": 0}}))
        # A TCP port that was free when it was chosen may be taken when the kernel binds it, which
        # happens when fifty start at once; and other users of the machine can connect to a port.
        longest = Path(self.connection_dir, f"kernel-{uuid4()}-ipc-10")
        if os.name == "posix" and len(bytes(longest)) < _SOCKET_PATH:
            self.update_config(Config({"KernelManager": {"transport": "ipc"}}))

    def admit(self, address: str) -> "AssignedKernels":
        """Make room for a visitor from this address; raises HTTPError 503 without room."""
        visitors = [there for kernel_id, there in self._addresses.items() if kernel_id in self]
        visitors += self._arriving.values()
        if len(visitors) >= self.most_visitors or visitors.count(address) >= self.pads_per_address:
            raise HTTPError(503, "All kernels are in use.")
        key = uuid4().hex
        self._arriving[key] = address
        return AssignedKernels(self, key)

    def assign(self, kernel_id: str, key: str) -> None:
        """Note that an admitted visitor has got this kernel."""
        self._addresses[kernel_id] = self._arriving.pop(key)

    def leave(self, key: str) -> None:
        """Give up the room of an admitted visitor who has got no kernel."""
        self._arriving.pop(key, None)

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel with limited memory, marked as protected where the login is ours."""
        environment = dict(options.get("env", os.environ))
        if isinstance(getattr(self.parent, "identity_provider", None), Visitors):
            environment[PROTECTED] = "1"
        environment.setdefault("MALLOC_ARENA_MAX", "1")  # glibc: else each thread keeps its own
        options["env"] = environment
        options["extra_arguments"] = ["--HistoryManager.enabled=False"]  # no file, no thread
        kernel_id = str(await super().start_kernel(**options))
        self._limit_memory(kernel_id)
        return kernel_id

    def _limit_memory(self, kernel_id: str) -> None:
        """Limit a kernel's data segment where the system can do that for another process."""
        try:
            import resource

            pid = self.get_kernel(kernel_id).provisioner.pid  # type: ignore[union-attr]
            limit = self.memory_limit * 2**20 or resource.RLIM_INFINITY
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
        except (ImportError, AttributeError):  # only Linux has prlimit
            self.log.debug("Kernels have no memory limit on this system.")
        except (KeyError, ProcessLookupError, TypeError):
            self.log.warning("Kernel %s ended while starting.", kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel soon after its page has gone, and a connected one after the idle time."""
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
        """End a kernel and forget its visitor."""
        self._forget(kernel_id)
        await ensure_async(super().shutdown_kernel(kernel_id, *given, **options))

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended, also by itself."""
        self._forget(kernel_id)
        return super().remove_kernel(kernel_id)

    def _forget(self, kernel_id: str) -> None:
        self._alone_since.pop(kernel_id, None)
        self._addresses.pop(kernel_id, None)
        RequestInfoSocketHandler._cache.pop(kernel_id, None)  # Voila keeps each visitor's query


class AssignedKernels:
    """The kernel manager for one admitted visitor: it notes which kernel the visitor gets."""

    def __init__(self, kernels: VisitorKernels, key: str) -> None:
        self._kernels, self._key = kernels, key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernels, name)

    async def get_rendered_notebook(self, **options: Any) -> Any:
        """A warm kernel and its rendered page."""
        task, rendered, kernel_id = await self._kernels.get_rendered_notebook(**options)  # type: ignore[attr-defined]
        self._kernels.assign(kernel_id, self._key)
        return task, rendered, kernel_id

    async def start_kernel(self, **options: Any) -> str:
        """A kernel that has just been started."""
        kernel_id = await self._kernels.start_kernel(**options)
        self._kernels.assign(kernel_id, self._key)
        return kernel_id

    def leave(self) -> None:
        """Give up the room if the visitor has got no kernel."""
        self._kernels.leave(self._key)
