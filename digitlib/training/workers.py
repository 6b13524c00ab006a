"""Workers for tasks: this process, processes on this machine, or a Dask cluster, by one interface.

A task is a pure function of data that all tasks share and of its own arguments. The data travels
to each worker once, results return as bytes, and only the caller writes files and the database.
"""

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from typing import Any
from uuid import uuid4

import torch

from digitlib import settings

MAX_PROCESSES = 8  # on this machine, of about 1 GB each
_PATIENCE = 10.0  # seconds without a result, after which the workers are looked at
_GRACE = 10.0  # seconds for tasks that are running when a pool ends

Task = Callable[..., Any]
Arguments = tuple[Any, ...]

_received: dict[str, Any] = {}  # in a worker: the shared data by its token, packed until it is used


class Workers:
    """An executor, and what its tasks share."""

    def __init__(
        self,
        executor: Executor | None,
        shared: Any,
        token: str = "",
        most: int = 1,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """Without an executor, tasks run in this process.

        `most` tasks are handed over at a time. `look` is called when no result comes for long.
        """
        self._executor, self._shared, self._token = executor, shared, token
        self._most, self._look = most, look

    def results(self, task: Task, waiting: deque[Arguments]) -> Iterator[tuple[Arguments, Any]]:
        """The arguments and the result of `task(shared, *arguments)`, as tasks end.

        More arguments may be appended to `waiting` meanwhile. Raises what a task raises, and
        BrokenProcessPool where a process of this machine was killed.
        """
        if self._executor is None:
            while waiting:
                arguments = waiting.popleft()
                yield arguments, task(self._shared, *arguments)
            return
        running: dict[Future[bytes], Arguments] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._most:
                    packed = pickle.dumps((task, waiting[0]))
                    future = self._executor.submit(_run, self._token, packed)
                    running[future] = waiting.popleft()
                done, _ = wait(running, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
                if not done:
                    self._look()
                for future in done:
                    printed, result = pickle.loads(future.result())
                    print(printed, end="")
                    yield running.pop(future), result
        finally:
            for future in running:
                future.cancel()


def receive(token: str, packed: bytes | Exception, threads: int = 0) -> None:
    """In a worker: keep what tasks share, or why they can't run; 0 threads leave the number."""
    _received[token] = packed
    if threads:
        torch.set_num_threads(threads)


def forget(token: str) -> None:
    """In a worker: drop what tasks shared."""
    _received.pop(token, None)


def _run(token: str, packed: bytes) -> bytes:
    """In a worker: run a task; returns what it printed and its result."""
    shared = _received[token]
    if isinstance(shared, Exception):
        raise shared
    if isinstance(shared, bytes):
        shared = _received[token] = pickle.loads(shared)
    task, arguments = pickle.loads(packed)
    with redirect_stdout(StringIO()) as printed:
        result = task(shared, *arguments)
    return pickle.dumps((printed.getvalue(), result))


@contextmanager
def started(shared: Any, *, scheduler: str = "", processes: int = 1) -> Iterator[Workers]:
    """Workers of a Dask cluster, by its scheduler's address; without one, local processes.

    One process is this one. Raises RuntimeError, with what to do, where a cluster can't be used.
    """
    if not scheduler and processes == 1:
        yield Workers(None, shared)
        return
    token = uuid4().hex
    packed = pickle.dumps(shared)  # here: multiprocessing would pass tensors in shared memory
    if scheduler:
        settings.require("cluster")
        from digitlib.training import cluster

        with cluster.connected(scheduler, token, packed) as (executor, look):
            yield Workers(executor, shared, token, cluster.MOST_TASKS, look)
        return
    threads = max(1, torch.get_num_threads() // processes)
    pool = ProcessPoolExecutor(
        processes, _context(), initializer=_begin, initargs=(token, packed, threads)
    )
    try:
        yield Workers(pool, shared, token, processes)
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End a pool's processes: once their tasks have ended, or after some seconds.

    A process that is ended in the middle of a message can leave the pool waiting for it.
    """
    children = list((pool._processes or {}).values())  # from 3.14 on: terminate_workers()
    pool.shutdown(wait=False, cancel_futures=True)
    until = time.monotonic() + _GRACE
    for process in children:
        process.join(max(0.0, until - time.monotonic()))
    for process in children:
        process.terminate()
        process.join()


def _context() -> BaseContext:
    """Starts processes: forked, where that is possible, from one that has imported torch."""
    is_possible = "forkserver" in get_all_start_methods()
    context = get_context("forkserver" if is_possible else "spawn")
    # The first step of an optimiser imports the compiler, in 2 s.
    context.set_forkserver_preload([__name__, "torch._dynamo"])
    return context


def _begin(token: str, packed: bytes, threads: int) -> None:
    """In a new process: what all its tasks need."""
    settings.configure_logging()
    receive(token, packed, threads)
