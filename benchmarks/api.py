"""What the HTTP service costs beside a bare loop of `Recogniser.read` in the same run.

Processor time is the service's own, so that the client's doesn't count; times and rates are of a
machine that both share. Linux only: it reads /proc.

Usage: python benchmarks/api.py
"""

import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import fastapi
import numpy as np
import uvicorn

from digitlib.recogniser import Recogniser
from digitlib.strokes import checked_strokes, draw

SECONDS = 2.0  # of each load
ROUNDS = 5
DRAWINGS = 50  # different ones
LIST = 64  # drawings


class Measured(NamedTuple):
    """A load of some seconds: requests a second, waits in ms, and processor ms a request."""

    rate: float
    median: float
    high: float  # 99 %
    processor: float


class Service(NamedTuple):
    """A running service: its port, its processes and the seconds until it was ready."""

    port: int
    processes: list[int]
    ready: float

    def processor(self) -> float:
        """Seconds of processor time that its processes have used."""
        fields = [Path(f"/proc/{pid}/stat").read_text().split(") ")[1] for pid in self.processes]
        ticks = sum(int(tick) for field in fields for tick in field.split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self) -> str:
        """MB that its first process holds, and how much of that no other process shares."""
        text = Path(f"/proc/{self.processes[0]}/smaps_rollup").read_text()
        sizes = {line.split(":")[0]: line.split()[1] for line in text.splitlines()[1:]}
        own = int(sizes["Private_Dirty"]) / 1e3
        return f"{int(sizes['Rss']) / 1e3:.0f} MB ({own:.0f} of them its own)"


@contextmanager
def service(workers: int) -> Iterator[Service]:
    """The service with so many workers, on a free port, without limits."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "digitlib.api", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DIGITS_DATABASE": f"{folder}/digits.duckdb",
            "DIGITS_API_KEYS": "",
            "DIGITS_API_DRAWINGS_PER_MINUTE": "1e8",
        }
        begun = time.perf_counter()
        with subprocess.Popen(
            [*command, "--workers", str(workers)], env=environment, stderr=subprocess.DEVNULL
        ) as process:
            try:
                while not _answers(port):
                    time.sleep(0.01)
                ready = time.perf_counter() - begun
                time.sleep(3 * (workers - 1))  # the others start too
                yield Service(port, _workers(process.pid, workers), ready)
            finally:
                process.terminate()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _workers(pid: int, workers: int) -> list[int]:
    if workers == 1:
        return [pid]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
    return [child for child, command in commands.items() if "spawn_main" in command]


def requests(bodies: Sequence[object]) -> list[bytes]:
    """Requests to read, as they go over the network."""
    texts = [json.dumps(body).encode() for body in bodies]
    head = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return [head + b"Content-Length: %d\r\n\r\n%s" % (len(text), text) for text in texts]


def load(running: Service, asked: Sequence[bytes], connections: int) -> Measured:
    """Ask over so many connections, each for its next answer once it has one."""
    waits: list[float] = []
    end = time.perf_counter() + SECONDS

    def client(first: int) -> None:
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = first
            while (begun := time.perf_counter()) < end:
                connection.sendall(asked[number % len(asked)])
                answer = connection.recv(1 << 20)
                while not _is_whole(answer):
                    answer += connection.recv(1 << 20)
                assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
                waits.append(time.perf_counter() - begun)
                number += connections

    before = running.processor()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = running.processor() - before
    median, high = np.percentile(1000 * np.array(waits), [50, 99])
    return Measured(len(waits) / SECONDS, float(median), float(high), 1000 * used / len(waits))


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(length) and len(body) >= int(length)


@cache
def _recogniser() -> Recogniser:
    return Recogniser.load()


def bare(drawings: Sequence[object]) -> float:
    """Processor ms a drawing of a loop of `Recogniser.read`."""
    recogniser, kept = _recogniser(), [checked_strokes(one) for one in drawings]  # type: ignore[arg-type]
    recogniser.read(kept[:1])
    begun, count, end = time.process_time(), 0, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        recogniser.read([kept[count % len(kept)]])
        count += 1
    return 1000 * (time.process_time() - begun) / count


def main() -> None:
    """Print the table."""
    generator = np.random.default_rng(0)
    drawn = [draw(number % 10, generator) for number in range(DRAWINGS)]
    strokes = [[stroke.tolist() for stroke in one] for one in drawn]
    single = requests([{"strokes": one} for one in strokes])
    listed = requests([{"drawings": [{"strokes": strokes[i % DRAWINGS]} for i in range(LIST)]}])
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, FastAPI"
        f" {fastapi.__version__}, uvicorn {uvicorn.__version__}, {ROUNDS} rounds of {SECONDS:g} s"
    )
    print("| what | workers | connections | drawings/s | p50, ms | p99, ms | processor, ms |")
    print("|---|---|---|---|---|---|---|")
    loops: list[float] = []
    rates: dict[tuple[int, int], float] = {}
    for workers in (1, 2):
        with service(workers) as running:
            load(running, single, 8)  # warm
            found: dict[tuple[int, int], list[Measured]] = {}
            for _ in range(ROUNDS):  # in turns, so that what else runs disturbs all alike
                loops.append(bare(strokes))
                for connections, bodies in ((1, single), (8, single), (1, listed)):
                    measured = load(running, bodies, connections)
                    found.setdefault((connections, len(bodies)), []).append(measured)
            for (connections, different), rounds in found.items():
                size = 1 if different == DRAWINGS else LIST
                middle = Measured(*np.median(rounds, axis=0))
                what = "strokes" if size == 1 else f"lists of {LIST}"
                print(_row(what, workers, connections, middle, size), flush=True)
                if size == 1:
                    rates[workers, connections] = middle.rate
            if workers == 1:
                alone, busy = (
                    np.array([one.processor for one in found[connections, DRAWINGS]]) / loops
                    for connections in (1, 8)
                )
                many = np.median([one.rate * LIST for one in found[1, 1]])
                reading = running.memory()
                with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/readyz"):
                    pass  # has opened the database
                print(
                    f"ready after {running.ready:.1f} s, {reading} while it only reads,"
                    f" {running.memory()} with a database",
                    flush=True,
                )
    print(f"A bare loop of `Recogniser.read` takes {np.median(loops):.2f} ms a drawing.")
    print(
        f"A request costs {np.median(busy):.2f} times the loop ({busy.min():.2f} to"
        f" {busy.max():.2f}) where 8 clients ask at a time, {np.median(alone):.2f} alone;"
        f" lists read {many / rates[1, 1]:.2f} times the drawings of one client's single requests;"
        f" two workers {rates[2, 8] / rates[1, 8]:.2f} times one."
    )


def _row(what: str, workers: int, connections: int, measured: Measured, drawings: int) -> str:
    figures = (
        f"{measured.rate * drawings:.0f} | {measured.median:.1f} | {measured.high:.1f} |"
        f" {measured.processor / drawings:.2f}"
    )
    return f"| {what} | {workers} | {connections} | {figures} |"


if __name__ == "__main__":
    main()
