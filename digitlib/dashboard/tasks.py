"""Work done while the page goes on; outside of a kernel, where no loop runs, at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any

_TASKS: set[asyncio.Task[None]] = set()  # a task that nobody holds could be collected unfinished


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The kernel's event loop; None outside of one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_in_background(work: Coroutine[Any, Any, None]) -> None:
    """Do the work while the page goes on."""
    if (loop := running_loop()) is None:
        asyncio.run(work)
        return
    task = loop.create_task(work)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
