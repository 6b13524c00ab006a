"""A lock file that processes and threads wait for in the kernel's queue, without polling.

`flock` lets the one that has just given the lock back take it again before a waiter wakes up, so a
long read in short turns could keep writers waiting for seconds. All therefore pass a second lock,
the gate: the one that waits for the lock holds it, and everyone else queues behind.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    from filelock import FileLock, Timeout

    @contextmanager
    def locked(path: Path, timeout: float) -> Iterator[None]:
        """Hold a lock file; raises TimeoutError after `timeout` seconds of waiting."""
        lock = FileLock(path, timeout=timeout, poll_interval=0.005)
        try:
            lock.acquire()
        except Timeout as error:
            raise TimeoutError(str(error)) from error
        try:
            yield
        finally:
            lock.release()

else:
    import fcntl

    @contextmanager
    def locked(path: Path, timeout: float) -> Iterator[None]:
        """Hold a lock file; raises TimeoutError after `timeout` seconds of waiting.

        It excludes all who call `flock` on the file, such as `filelock.FileLock`. Raises OSError
        where the file can't be made.
        """
        deadline = time.monotonic() + timeout
        gate = _acquired(gate_of(path), timeout)
        try:
            handle = _acquired(path, max(0.0, deadline - time.monotonic()))
        finally:
            os.close(gate)
        try:
            yield
        finally:
            os.close(handle)

    def gate_of(path: Path) -> Path:
        """The file that the next holder of a lock file has locked."""
        return path.with_name(f"{path.stem}.gate.lock")

    def _acquired(path: Path, timeout: float) -> int:
        """The locked file's handle; one whose name is gone, or another file's, is not kept."""
        while True:
            handle = _opened(path)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _Waiter(handle).wait(timeout)
            except BaseException:
                os.close(handle)
                raise
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    return handle
            os.close(handle)

    def _opened(path: Path) -> int:
        flags = os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags | os.O_RDWR, 0o644)
        except PermissionError:  # another user's: reading is enough to lock it
            return os.open(path, flags | os.O_RDONLY, 0o644)

    class _Waiter(threading.Thread):
        """Waits for a lock in a thread, because `flock` itself knows no timeout."""

        def __init__(self, handle: int) -> None:
            super().__init__(daemon=True, name="waits for a lock")
            self._handle = handle
            self._error: OSError | None = None
            self._mutex = threading.Lock()
            self._ended = threading.Event()
            self._abandoned = False

        def run(self) -> None:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX)
            except OSError as error:
                self._error = error
            with self._mutex:
                self._ended.set()
                if self._abandoned:
                    os.close(self._handle)  # which releases the lock

        def wait(self, timeout: float) -> None:
            """Return once the handle is locked; otherwise the handle is closed, now or later."""
            self.start()
            try:
                self._ended.wait(timeout)
            finally:
                with self._mutex:
                    self._abandoned = not self._ended.is_set()
            if self._abandoned:
                raise TimeoutError(f"The lock was not free within {timeout} s.")
            if self._error is not None:
                os.close(self._handle)
                raise self._error
