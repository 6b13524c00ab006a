"""Background tasks on the kernel's event loop; without a loop they run synchronously."""

import asyncio
from collections.abc import Coroutine
from typing import Any

_TASKS: set[asyncio.Task[None]] = (
    set()
)  # asyncio holds tasks weakly: these references keep them alive


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The running event loop; None outside of a kernel."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_in_background(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine without waiting for it; synchronously where no event loop runs."""
    if (loop := running_loop()) is None:
        asyncio.run(work)
        return
    task = loop.create_task(work)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
