"""Loading of MNIST, synthetic digits and pen sketches by name."""

import logging
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

from digitlib import settings, strokes
from digitlib.datasets.digits import Dataset, DataUnavailable, Digits
from digitlib.datasets.mnist import load_mnist, similar_files
from digitlib.datasets.other_sets import load_emnist, load_usps
from digitlib.strokes import Sketch, rasterise, read_sketches

logger = logging.getLogger(__name__)
DatasetName = Literal["auto", "mnist", "synthetic", "emnist", "usps"]
DATASETS = get_args(DatasetName)
_FROM_TORCHVISION = {"emnist": load_emnist, "usps": load_usps}
SYNTHETIC_WARNING = (
    "MNIST is not on disk and can't be downloaded, so SYNTHETIC digits are used instead. "
    "Accuracies refer to synthetic digits; expect 97 to 98 % on real ones. docs/data.md "
    "explains how to install MNIST by hand."
)


def load_dataset(name: str, seed: int = 0, synthetic_size: int = 30_000) -> Dataset:
    """Load a dataset by name; `auto` is MNIST if available, else synthetic with a warning.

    Raises ValueError for another name or a broken file, and DataUnavailable when the one that is
    requested is not available.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset={name!r}: choose one of {', '.join(DATASETS)}.")
    if name in _FROM_TORCHVISION:
        return Dataset(name, *_FROM_TORCHVISION[name]())
    warning = ""
    if name != "synthetic":
        try:
            return Dataset("mnist", *load_mnist())
        except DataUnavailable as error:
            if name == "mnist":
                raise
            warning = SYNTHETIC_WARNING + similar_files(settings.data_dir())
            logger.warning("%s (%s)", warning, error)
    train = load_synthetic(synthetic_size, seed)
    test = load_synthetic(max(synthetic_size // 6, 100), seed + 1_000_003)
    return Dataset("synthetic", train, test, warning)


def load_synthetic(count: int, seed: int) -> Digits:
    """`count` digits drawn by `digitlib.strokes`, reproducible by seed."""
    images, labels = strokes.draw_images(count, seed)
    return Digits(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)))


def load_sketches(folder: Path | None = None) -> list[Sketch]:
    """All pen sketches in a folder's `*.parquet`, by default `sketches/` of the data folder.

    Sketches with an id that was already read are skipped. Raises DataUnavailable when there are
    none, and ValueError that names an invalid file and row.
    """
    folder = settings.data_dir() / "sketches" if folder is None else folder
    read = [sketch for file in sorted(folder.glob("*.parquet")) for sketch in read_sketches(file)]
    if not read:
        raise DataUnavailable(f"There are no pen sketches (rows of *.parquet) in {folder}.")
    by_id: dict[str, Sketch] = {}
    for sketch in read:
        by_id.setdefault(sketch.id, sketch)
    if duplicates := len(read) - len(by_id):
        logger.warning("Skipped %d sketches with duplicate ids in %s.", duplicates, folder)
    return list(by_id.values())


def rasterised(sketches: list[Sketch]) -> Digits:
    """Sketches as images, rasterised as in the dashboard."""
    images = np.zeros((len(sketches), 28, 28), np.uint8)
    for image, sketch in zip(images, sketches, strict=True):
        image[:] = rasterise(sketch.strokes)
    labels = torch.tensor([sketch.label for sketch in sketches], dtype=torch.int64)
    return Digits(torch.from_numpy(images), labels)
