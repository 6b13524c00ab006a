"""Labelled digits as uint8 tensors in memory: MNIST, synthetic digits and pen sketches."""

import logging
from pathlib import Path

import numpy as np
import torch

from digitlib import settings, strokes
from digitlib.datasets.digits import Dataset, DataUnavailable, Digits
from digitlib.datasets.mnist import load_mnist
from digitlib.strokes import Sketch, rasterise, read_sketches

logger = logging.getLogger(__name__)
DATASETS = ("auto", "mnist", "synthetic")
SYNTHETIC_WARNING = (
    "MNIST is neither on disk nor to be had over the network: training on SYNTHETIC digits "
    "instead. Accuracies are of synthetic digits; expect 97 to 98 % on real ones. README, "
    "'Getting MNIST', tells how to put the files in place by hand."
)


def load_dataset(name: str, seed: int = 0, synthetic_size: int = 30_000) -> Dataset:
    """Load `mnist`, `synthetic`, or `auto`: MNIST when it can be had, else a warning and synthetic.

    Raises ValueError for another name or a broken file, and DataUnavailable when MNIST is asked
    for and can't be had.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset={name!r}: choose one of {', '.join(DATASETS)}.")
    warning = ""
    if name != "synthetic":
        try:
            return Dataset("mnist", *load_mnist())
        except DataUnavailable as error:
            if name == "mnist":
                raise
            warning = SYNTHETIC_WARNING
            logger.warning("%s (%s)", warning, error)
    train = load_synthetic(synthetic_size, seed)
    test = load_synthetic(max(synthetic_size // 6, 100), seed + 1_000_003)
    return Dataset("synthetic", train, test, warning)


def load_synthetic(count: int, seed: int) -> Digits:
    """`count` digits drawn by `digitlib.synthesis`; the same seed draws the same digits."""
    images, labels = strokes.draw_images(count, seed)
    return Digits(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))


def load_sketches(folder: Path | None = None) -> list[Sketch]:
    """All pen sketches in `*.parquet` of a folder, by default `sketches/` of the data folder.

    One whose id was read before, in another export say, is left out. Raises DataUnavailable when
    there are none, ValueError naming a file, and its row, that isn't sketches.
    """
    folder = settings.data_dir() / "sketches" if folder is None else folder
    read = [sketch for file in sorted(folder.glob("*.parquet")) for sketch in read_sketches(file)]
    if not read:
        raise DataUnavailable(f"There are no pen sketches (rows of *.parquet) in {folder}.")
    by_id: dict[str, Sketch] = {}
    for sketch in read:
        by_id.setdefault(sketch.id, sketch)
    if again := len(read) - len(by_id):
        logger.warning("Left out %d sketches in %s: their ids were read before.", again, folder)
    return list(by_id.values())


def rasterised(sketches: list[Sketch]) -> Digits:
    """Sketches as images, each inked as the dashboard inks what a person draws."""
    images = np.stack([rasterise(sketch.strokes) for sketch in sketches])
    return Digits(torch.from_numpy(images), torch.tensor([sketch.label for sketch in sketches]))
