"""How many submissions a second the store keeps, from one process and from eight.

Into an empty database and into one that holds thousands already.

Usage: python benchmarks/store.py
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from digitlib.store import Store
from digitlib.strokes import draw

SECONDS = 6.0
EARLIER = 3000  # submissions


class Reads:
    """Stands at the recogniser's place, so that only the store is measured."""

    name = "none"

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Ten equal probabilities for each of the images."""
        return np.full((len(images), 10), 0.1, np.float32)


def submit_until(path: str, start: float) -> list[float]:
    """Submit for `SECONDS` from `start` on; how long each took, in seconds."""
    store, strokes, took = Store(path, lock_timeout=60), draw(3, np.random.default_rng(0)), []
    store.tally()
    time.sleep(max(0.0, start - time.time()))
    while (begun := time.time()) < start + SECONDS:
        store.submit(strokes=strokes, label=3, recogniser=Reads(), session="benchmark")
        took.append(time.time() - begun)
    return took


def fill(path: str, count: int) -> None:
    """Put so many submissions into an empty database."""
    strokes = draw(3, np.random.default_rng(1))
    Store(path).submit(strokes=strokes, label=3, recogniser=Reads(), session="earlier")
    with duckdb.connect(path) as connection:
        connection.execute(
            "INSERT INTO submissions SELECT uuid(), submissions.* EXCLUDE (id)"
            " FROM submissions, range(?)",
            [count - 1],
        )


def measure(processes: int, earlier: int) -> tuple[float, float, float]:
    """Submissions a second of so many processes together, and the median and 95 % wait in ms."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "digits.duckdb")
        Store(path).record_run(run_name="", notebook="", parameters={}, metrics={}, model="")
        if earlier:
            fill(path, earlier)
        command = [sys.executable, __file__, path, str(time.time() + 1 + processes)]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)
        ]
        took = np.array([t for process in running for t in json.loads(process.communicate()[0])])
        assert Store(path).tally().total == earlier + len(took)  # none lost, none twice
    middle, high = np.percentile(1000 * took, [50, 95])
    return len(took) / SECONDS, float(middle), float(high)


def main() -> None:
    """Print the table."""
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )
    print("| processes | there before | submissions/s | median wait, ms | 95 % wait, ms |")
    print("|---|---|---|---|---|")
    for processes in (1, 8):
        for earlier in (0, EARLIER):
            rate, middle, high = measure(processes, earlier)
            figures = f"{rate:.0f} | {middle:.0f} | {high:.0f}"
            print(f"| {processes} | {earlier:,} | {figures} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(submit_until(sys.argv[1], float(sys.argv[2]))))
    else:
        main()
