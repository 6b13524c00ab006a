"""Which `ink_width` makes rasterised pen strokes look as thick as MNIST's ink, and how soft?

Run with `python benchmarks/ink_width.py`; it reads MNIST's training set and the pen sketches from
the data folder. An image's ink width is twice its ink's area by its outline's length
(`digitlib.exploration.ink_widths`): no threshold and no skeleton, and measured in the same way on
both, so that what the measure gets wrong (ends, crossings) cancels.
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

TRIED = np.arange(1.8, 3.41, 0.2)  # px


def table_row(name: str, images: np.ndarray) -> float:
    """Print one line of measurements of images (n, 28, 28) uint8; return the median width in px."""
    quantiles = np.percentile(ink_widths(images), [5, 25, 50, 75, 95])
    widths = "".join(f"{width:6.2f}" for width in quantiles)
    levels = "".join(f"{100 * share:8.1f}" for share in grey_levels(images))
    print(f"{name:12}{widths}{pixel_statistics(images).mean:9.4f} {levels}")
    return float(quantiles[2])


def header() -> None:
    """Print the names of the columns of `table_row`."""
    classes = "".join(f"{f'{a}-{b - 1}':>8}" for a, b in pairwise(LEVELS))
    print(f"{'':12}{'ink width in px: quantiles':^30}{'mean':>9}  inked pixels by grey level, %")
    print(f"{'':12}{'5 %':>6}{'25 %':>6}{'50 %':>6}{'75 %':>6}{'95 %':>6}{'of 0..1':>9} {classes}")


def inked(drawings: list[Strokes], ink_width: float) -> np.ndarray:
    """The drawings as images (n, 28, 28) uint8."""
    return np.stack([rasterise(drawing, ink_width) for drawing in drawings])


def main() -> None:
    """Print the table and what follows from it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sketches", type=int, default=2000, help="pen sketches to measure")
    parser.add_argument("--seed", type=int, default=0, help="chooses the sketches")
    options = parser.parse_args()
    sketches = load_sketches()
    order = np.random.default_rng(options.seed).permutation(len(sketches))[: options.sketches]
    drawings = [sketches[place].strokes for place in order]
    header()
    wanted = table_row("MNIST", load_mnist()[0].images.numpy())
    found = [table_row(f"pen {width:.1f} px", inked(drawings, width)) for width in TRIED]
    table_row(f"now {INK_WIDTH:g} px", inked(drawings, INK_WIDTH))
    best = np.interp(wanted, found, TRIED)
    print(
        f"\nMNIST's median of {wanted:.2f} px is met by ink_width = {best:.2f} px;"
        f" digitlib.strokes.INK_WIDTH is {INK_WIDTH:g} px."
    )


if __name__ == "__main__":
    main()
