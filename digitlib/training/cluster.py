"""A Dask cluster as an executor: its workers are checked, and get the shared data, before a task.

`dask scheduler` starts a scheduler and `dask worker tcp://host:8786 --nthreads 1` a worker. A
worker that is killed is replaced, or the others take its tasks.
"""

import ctypes
import hashlib
import logging
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import dask
import numpy
import torch
from distributed import Client, WorkerPlugin

from digitlib.training import workers

logger = logging.getLogger(__name__)

MOST_TASKS = 1000  # that wait at the scheduler
RETRIES = 2  # of a task that failed; one whose worker was killed is repeated three times
PATIENCE = 10.0  # seconds for the scheduler and its first worker
_MEMORY = {-3: 2**25, -1: 2**29}  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD; bytes
_LARGE = 2**30  # bytes of a task's arguments: above 10 MB Dask advises against what is meant here


@cache
def versions() -> dict[str, str]:
    """What has to be the same in all workers, for results that can be compared."""
    digest, root = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__.split("+")[0],  # with CUDA or without
        "numpy": numpy.__version__,
        "digitlib": digest.hexdigest()[:12],
    }


def differences(expected: dict[str, str], threads: int) -> str:
    """Why this worker can't be used by a notebook of `expected` versions; empty where it can."""
    found = [
        f"{name} {version} instead of {expected[name]}"
        for name, version in versions().items()
        if version != expected[name]
    ]
    if found:
        return f"it has {', '.join(found)}. Install the same on both sides."
    if threads != 1:
        return (
            f"it runs {threads} tasks at a time. Start it with `--nthreads 1`, one for each core."
        )
    return ""


def keep_memory() -> None:
    """In a worker: let glibc keep what is freed, instead of returning it to the system.

    Dask sets MALLOC_TRIM_THRESHOLD_, which also ends glibc's own adjustment to large blocks: each
    step of a training then asks for all its memory again, and takes twice as long.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for option, size in _MEMORY.items():
            mallopt(option, size)


class _Delivery(WorkerPlugin):
    """Brings the shared data to each worker, also to those that come later."""

    idempotent = True

    def __init__(self, token: str, packed: bytes) -> None:
        self.name, self._packed, self._expected = token, packed, versions()

    def setup(self, worker: Any) -> None:
        """Keep the data; raise RuntimeError where the worker differs from the notebook."""
        why = differences(self._expected, worker.state.nthreads)
        if why:
            error = RuntimeError(f"The worker {worker.address} can't be used: {why}")
            workers.receive(self.name, error)
            raise error
        keep_memory()
        workers.receive(self.name, self._packed)

    def teardown(self, worker: Any) -> None:
        """Drop the data."""
        workers.forget(self.name)


@contextmanager
def connected(
    scheduler: str, token: str, packed: bytes
) -> Iterator[tuple[Executor, Callable[[], None]]]:
    """The cluster's executor, and a function that warns when it has no workers.

    Raises RuntimeError, with what to do, where there is no scheduler, no worker, or one that
    differs from this process in its versions.
    """
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}):
        try:
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except OSError as error:
            raise RuntimeError(
                f"There is no scheduler at {scheduler} ({error}). Start one with `dask scheduler`,"
                " or leave `scheduler` empty to train on this machine."
            ) from error
        with client:
            _wait_for_a_worker(client, scheduler)
            try:
                _deliver(client, _Delivery(token, packed))
                yield (
                    client.get_executor(pure=False, retries=RETRIES),
                    lambda: _look(client, scheduler),
                )
            except CancelledError as error:
                raise RuntimeError(
                    f"The scheduler {scheduler} is gone. What had ended is kept; start again once"
                    " it is back."
                ) from error
            finally:
                with suppress(Exception):  # it may be gone
                    client.unregister_worker_plugin(token)


def _wait_for_a_worker(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise RuntimeError(
            f"The scheduler {scheduler} has no workers. Start some with"
            f" `dask worker {scheduler} --nthreads 1`."
        ) from error


def _deliver(client: Client, delivery: _Delivery) -> None:
    try:
        client.register_plugin(delivery)
    except RuntimeError:  # of its setup, which says what to do
        raise
    except Exception as error:  # whatever a worker without this very module stumbles over
        raise RuntimeError(
            f"A worker can't be used: {error!r}. Install digitlib[train,cluster] there as here."
        ) from error


def _look(client: Client, scheduler: str) -> None:
    """Say so where all workers are gone."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        logger.warning("%s has no workers left; waiting for one.", scheduler)
