"""How long rasterising takes: the pen sketches of the data folder, else synthetic drawings.

Usage: python benchmarks/research/rasterise.py [--drawings 1000]
"""

import argparse
import time

import numpy as np

from digitlib.datasets import DataUnavailable, load_sketches
from digitlib.strokes import Strokes, draw, rasterise


def drawings(count: int) -> list[Strokes]:
    """Evenly chosen pen sketches; synthetic drawings where there are none."""
    try:
        sketches = load_sketches()
    except DataUnavailable:
        return [draw(seed % 10, np.random.default_rng(seed)) for seed in range(count)]
    return [sketch.strokes for sketch in sketches[:: max(len(sketches) // count, 1)]][:count]


def main() -> None:
    """Print the processor time of the fastest of five passes."""
    parser = argparse.ArgumentParser(description="Time to rasterise a drawing.")
    parser.add_argument("--drawings", type=int, default=1000)
    chosen = drawings(parser.parse_args().drawings)
    passes = []
    for _ in range(5):
        start = time.process_time()
        for strokes in chosen:
            rasterise(strokes)
        passes.append(time.process_time() - start)
    points = np.mean([sum(map(len, strokes)) for strokes in chosen])
    microseconds = min(passes) / len(chosen) * 1e6
    print(f"{microseconds:.0f} µs a drawing ({len(chosen):,} drawings of {points:.0f} points)")


if __name__ == "__main__":
    main()
