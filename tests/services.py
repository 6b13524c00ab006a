"""The HTTP service as a process of its own, on a port and a database of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from digitlib.api.keys import new_key
from digitlib.store import Store

ONE = [[[0.5, 0.15], [0.5, 0.5], [0.5, 0.85]]]
_STARTING = 120.0  # seconds; it takes one or two on an idle machine


def _target(link: Path) -> str:
    """What a link leads to; nothing where it is gone by now."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A running service: its `url`, its `log`, a `client` without a key, `keys` by their rights."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        command: str = "digitlib.api",
        keys: bool = True,
        **environment: str,
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        rights = {name: name for name in ("read", "submit", "export", "promote")}
        rights["other"] = "submit"
        made = {name: new_key(name, [right]) for name, right in rights.items()}
        self.keys = {right: key for right, (key, _) in made.items()}
        entries = " ".join(entry for _, entry in made.values()) if keys else ""
        self.environment = {
            **os.environ,
            "DIGITS_OUTPUTS_DIR": str(folder / "outputs"),
            "DIGITS_DATABASE": str(folder / "digits.duckdb"),
            "DIGITS_API_KEYS": entries,
            **environment,
        }
        app = ["digitlib.api:app"] if command == "uvicorn" else []
        port = ["--port", str(self.port)]
        self.command = [sys.executable, "-m", command, *app, *arguments, *port]
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        self.stop()

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + _STARTING
        while True:
            assert self.process.poll() is None and time.monotonic() < until, self.log
            try:
                self.client.get("/healthz")
                return
            except httpx.TransportError:
                time.sleep(0.05)

    def refuses_to_start(self) -> int:
        """Its exit status, where it ends by itself."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.call(
                self.command, env=self.environment, stdout=log, stderr=log, timeout=_STARTING
            )

    def stop(self) -> int:
        """Ask the process to end, as a supervisor would, and return its exit status."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """End the process and its workers as a power failure would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def kill_worker(self, pid: int) -> None:
        """End one of its workers as the kernel does when memory is short."""
        os.kill(pid, signal.SIGKILL)

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log").read_text()

    @property
    def store(self) -> Store:
        """Its database."""
        return Store(self.environment["DIGITS_DATABASE"])

    def bearer(self, right: str) -> dict[str, str]:
        """The header that shows the key with this right."""
        return {"Authorization": f"Bearer {self.keys[right]}"}

    @property
    def proc(self) -> Path:
        """What the system tells of the process."""
        return Path("/proc") / str(self.process.pid)

    def figures(self) -> dict[str, float]:
        """What `/metrics` shows, by name and labels."""
        lines = self.client.get("/metrics").text.splitlines()
        pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("digits_")]
        return {name: float(value) for name, value in pairs}

    def wait_for_figure(self, name: str, least: float) -> None:
        """Return once a figure is at least so high."""
        until = time.monotonic() + 60
        while self.figures().get(name, 0.0) < least:
            assert time.monotonic() < until, self.log
            time.sleep(0.02)

    @property
    def memory(self) -> int:
        """Bytes of memory that it uses now."""
        pages = int((self.proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    @property
    def sockets(self) -> int:
        """How many connections and the like it holds open."""
        links = (self.proc / "fd").iterdir()
        return sum(_target(link).startswith("socket:") for link in links)

    def raw(self, data: bytes, seconds: float = 30) -> bytes:
        """All that it answers to these bytes, until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            answer = b""
            with suppress(ConnectionError):
                connection.sendall(data)
                while part := connection.recv(65536):
                    answer += part
        return answer
