"""Which `ink_width` gives rasterised pen strokes the ink width of MNIST's digits?

Run `python benchmarks/research/ink_width.py`. It reads MNIST's training set and the pen sketches
from the data folder. Ink width is twice the area of the ink divided by the length of its outline
(`digitlib.datasets.ink_widths`). It is measured alike on both, so its errors at ends and crossings
cancel.
"""

import argparse
from itertools import pairwise

import numpy as np

from digitlib.datasets import (
    LEVELS,
    grey_levels,
    ink_widths,
    load_mnist,
    load_sketches,
    pixel_statistics,
)
from digitlib.strokes import INK_WIDTH, Strokes, rasterise

WIDTHS = np.arange(1.8, 3.41, 0.2)  # px


def table_row(name: str, images: np.ndarray) -> float:
    """Print one row for images (n, 28, 28) uint8; returns the median ink width in px."""
    quantiles = np.percentile(ink_widths(images), [5, 25, 50, 75, 95])
    widths = "".join(f"{width:6.2f}" for width in quantiles)
    levels = "".join(f"{100 * share:8.1f}" for share in grey_levels(images))
    print(f"{name:12}{widths}{pixel_statistics(images).mean:9.4f} {levels}")
    return float(quantiles[2])


def header() -> None:
    """Print the column names of `table_row`."""
    classes = "".join(f"{f'{a}-{b - 1}':>8}" for a, b in pairwise(LEVELS))
    print(f"{'':12}{'ink width in px: quantiles':^30}{'mean':>9}  inked pixels by grey level, %")
    print(f"{'':12}{'5 %':>6}{'25 %':>6}{'50 %':>6}{'75 %':>6}{'95 %':>6}{'of 0..1':>9} {classes}")


def rasterised(drawings: list[Strokes], ink_width: float) -> np.ndarray:
    """The drawings as images (n, 28, 28) uint8."""
    return np.stack([rasterise(drawing, ink_width) for drawing in drawings])


def main() -> None:
    """Print the table and the best ink width."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sketches", type=int, default=2000, help="pen sketches to measure")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random choice of sketches")
    options = parser.parse_args()
    sketches = load_sketches()
    order = np.random.default_rng(options.seed).permutation(len(sketches))[: options.sketches]
    drawings = [sketches[place].strokes for place in order]
    header()
    target = table_row("MNIST", load_mnist()[0].images.numpy())
    medians = [table_row(f"pen {width:.1f} px", rasterised(drawings, width)) for width in WIDTHS]
    table_row(f"now {INK_WIDTH:g} px", rasterised(drawings, INK_WIDTH))
    best = np.interp(target, medians, WIDTHS)
    print(
        f"\nMNIST's median of {target:.2f} px is reached with ink_width = {best:.2f} px;"
        f" digitlib.strokes.INK_WIDTH is {INK_WIDTH:g} px."
    )


if __name__ == "__main__":
    main()
