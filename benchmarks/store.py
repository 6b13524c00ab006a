"""How fast the store keeps submissions, and how long one waits while others read.

Without options: submissions a second into a DuckDB file from 1, 8 and 32 processes and from 32
threads of one; with `--postgres`, also into an empty database of a server. With `--rows`: how long
a submission waits, in a file of so many, while another process reads all of it.

Usage: python benchmarks/store.py [--postgres URL] [--rows 1000000] [--database FILE]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from digitlib.store import Store, database
from digitlib.strokes import draw, rasterise

SECONDS = 6.0
EARLIER = 3000  # submissions
WRITERS = ((1, 1), (8, 1), (32, 1), (1, 32))  # processes, threads of each
PAUSE = 0.2  # seconds between the submissions that wait for readers
READERS: dict[str, Callable[[Store], object]] = {
    "nothing": lambda store: time.sleep(SECONDS),
    "runs()": lambda store: store.runs(),
    "tally()": lambda store: store.tally(),
    "page(100)": lambda store: store.page(100),
    "sketches()": lambda store: store.sketches(),
    "submissions()": lambda store: store.submissions(),
}


class FixedPredictor:
    """Predicts the same for every image, so that only the store is measured."""

    name = "none"

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Ten equal probabilities for each image."""
        return np.full((len(images), 10), 0.1, np.float32)


def submit(store: Store) -> float:
    """Submit one sketch; how many seconds it took."""
    strokes = draw(3, np.random.default_rng(0))
    begun = time.perf_counter()
    store.submit(strokes=strokes, label=3, recogniser=FixedPredictor(), session="benchmark")
    return time.perf_counter() - begun


def submit_all(url: str, threads: int) -> list[float]:
    """Once a line comes in, submit for `SECONDS`; how many seconds each submission took."""
    store = Store(url, lock_timeout=60)
    store.tally()
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.time() + SECONDS

    def until_the_end(_thread: int) -> list[float]:
        took = []
        while time.time() < end:
            took.append(submit(store))
        return took

    with ThreadPoolExecutor(threads) as pool:
        return [seconds for took in pool.map(until_the_end, range(threads)) for seconds in took]


def fill(path: str, count: int) -> None:
    """Put so many different submissions into a new database, a second apart."""
    store, generator = Store(path), np.random.default_rng(0)
    store.record_run(run_name="", notebook="", parameters={}, metrics={}, model="")
    drawings = [draw(n % 10, generator) for n in range(1000)]
    rows = [
        (n, n % 10, str([s.tolist() for s in strokes]), rasterise(strokes).tobytes())
        for n, strokes in enumerate(drawings)
    ]
    probabilities = [0.1] * 10
    with database.Database(path, 60).writing() as connection:
        connection.execute("CREATE TEMP TABLE base (n INT, label INT, strokes TEXT, image BLOB)")
        connection.executemany("INSERT INTO base VALUES (?, ?, ?, ?)", rows)
        connection.execute(
            "INSERT INTO submissions SELECT uuidv7(), TIMESTAMP '2026-01-01' + to_seconds(k + n),"
            " 'visit ' || (k + n) // 10, label, label, ?::FLOAT[10], image,"
            " list_transform(strokes::FLOAT[][][], s -> list_transform(s, p -> list_transform(p,"
            " v -> v + (random() / 100)::FLOAT))), 'none', 'pending'"
            " FROM range(0, ?, 1000) t(k), base WHERE k + n < ? ORDER BY k, n",
            [str(probabilities), count, count],
        )


def throughput(url: str, processes: int, threads: int) -> str:
    """Submissions a second of so many processes together, and how long they waited."""
    earlier = Store(url).tally().total
    command = [sys.executable, __file__, "--writer", url, str(threads)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
    for process in running:
        assert process.stdin is not None
        process.stdin.write("start\n")
        process.stdin.flush()
    took = np.array([t for process in running for t in json.loads(process.communicate()[0])])
    assert Store(url).tally().total == earlier + len(took)  # none lost, none twice
    median, high = np.percentile(1000 * took, [50, 95])
    return f"{len(took) / SECONDS:.0f} | {median:.0f} | {high:.0f} | {1000 * took.max():.0f}"


def compare_engines(postgres: str | None) -> None:
    """Print a table of writers."""
    print("| engine | processes | threads | submissions/s | p50, ms | p95, ms | max, ms |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "digits.duckdb")
        fill(path, EARLIER)
        for name, url in {"file": path, "PostgreSQL": postgres}.items():
            for processes, threads in WRITERS:
                if url:
                    figures = throughput(url, processes, threads)
                    print(f"| {name} | {processes} | {threads} | {figures} |", flush=True)


def waits(path: str, reader: str) -> str:
    """How long submissions wait while another process reads, over and over."""
    store = Store(path, lock_timeout=600)
    command = [sys.executable, __file__, "--reader", path, reader]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        took = []
        while process.poll() is None:
            took.append(1000 * submit(store))
            time.sleep(PAUSE)
        seconds, memory = json.loads(process.stdout.read())
    median, high = np.percentile(took, [50, 95])
    return (
        f"{seconds:.3f} | {memory:.0f} | {len(took)} | {median:.0f} | {high:.0f} | {max(took):.0f}"
    )


def read(path: str, reader: str) -> None:
    """Read once; print how many seconds it took, and how many MB the process needed at most."""
    import resource

    store = Store(path, lock_timeout=600)
    print("begins", flush=True)
    begun = time.perf_counter()
    READERS[reader](store)
    seconds = time.perf_counter() - begun
    time.sleep(max(0.0, 2 * PAUSE - seconds))  # so that some submissions happen
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000]))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="submissions in the database that is read")
    parser.add_argument("--postgres", help="the URL of an empty database on a server")
    parser.add_argument("--database", help="where that database is, or is made")
    asked = parser.parse_args()
    versions = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    print(f"{os.cpu_count()} cores, {versions}")
    if asked.rows is None:
        compare_engines(asked.postgres)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = asked.database or str(Path(folder) / "digits.duckdb")
        if not Path(path).exists():
            fill(path, asked.rows)
        print(
            f"{Store(path).tally().total:,} submissions, {Path(path).stat().st_size / 1e6:.0f} MB"
        )
        print("| read | s | memory, MB | submissions | p50, ms | p95, ms | max, ms |")
        print("|---|---|---|---|---|---|---|")
        for reader in READERS:
            print(f"| {reader} | {waits(path, reader)} |", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--writer", url, threads]:
            print(json.dumps(submit_all(url, int(threads))))
        case ["--reader", path, reader]:
            read(path, reader)
        case _:
            main()
