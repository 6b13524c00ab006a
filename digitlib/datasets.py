"""Labelled digits as uint8 tensors in memory: MNIST, synthetic digits and pen sketches."""

import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from digitlib import settings, synthesis
from digitlib.strokes import Sketch, rasterise, read_sketches

logger = logging.getLogger(__name__)

# MD5 of MNIST's four files, unpacked (torchvision knows those of the packed ones).
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
NO_DIGIT = 10  # the label of what is no digit: training images only
DATASETS = ("auto", "mnist", "synthetic")
SYNTHETIC_WARNING = (
    "MNIST is neither on disk nor to be had over the network: training on SYNTHETIC digits "
    "instead. Accuracies are of synthetic digits; expect 97 to 98 % on real ones. README, "
    "'Getting MNIST', tells how to put the files in place by hand."
)


class Digits(NamedTuple):
    """Images (n, 28, 28) uint8, ink 255 on 0, and their labels (n,) int64, 0 to 9 or `NO_DIGIT`."""

    images: UInt8[Tensor, "n 28 28"]
    labels: Int64[Tensor, " n"]

    def to(self, device: torch.device) -> "Digits":
        """The same digits on a device."""
        return Digits(self.images.to(device), self.labels.to(device))


class Dataset(NamedTuple):
    """What a model is trained on and tested on, by name (`mnist` or `synthetic`)."""

    name: str
    train: Digits
    test: Digits
    warning: str = ""


class DataUnavailable(RuntimeError):
    """The data is neither on disk nor to be had; the message says how to get it."""


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


def load_mnist(root: Path | None = None) -> tuple[Digits, Digits]:
    """MNIST's training set (60,000) and test set (10,000), from disk, else downloaded.

    `root` holds `MNIST/raw/`; by default it is `settings.data_dir()`. Raises ValueError naming each
    file that is broken, and DataUnavailable when files are missing and can't be downloaded.
    """
    root = settings.data_dir() if root is None else root
    raw = root / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in MNIST_FILES):
        _download_mnist(raw)
    _verify(raw)
    return _mnist_part(raw, "train"), _mnist_part(raw, "t10k")


def _mnist_part(raw: Path, name: str) -> Digits:
    """The images and labels of `train` or `t10k`; past their headers the files are plain bytes."""
    images = np.fromfile(raw / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(raw / f"{name}-labels-idx1-ubyte", np.uint8, offset=8)
    return Digits(
        torch.from_numpy(images).view(-1, 28, 28), torch.from_numpy(labels.astype(np.int64))
    )


def _verify(raw: Path) -> None:
    """Raise ValueError naming each of MNIST's files whose checksum is wrong."""
    broken = []
    for name, expected in MNIST_FILES.items():
        with (raw / name).open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != expected:
            broken.append(f"{raw / name} ({(raw / name).stat().st_size:,} bytes, MD5 {found})")
    if broken:
        raise ValueError(
            f"Broken or truncated: {'; '.join(broken)}. Delete what is named and run again: it is "
            "then downloaded anew. README, 'Getting MNIST', tells how to do without a network."
        )


def _download_mnist(raw: Path) -> None:
    """Download to a temporary folder (torchvision's mirrors, checksums and bar), then move."""
    import torchvision  # here, because it takes two seconds that no later run need wait for

    try:
        raw.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=raw) as temporary:
            torchvision.datasets.MNIST(temporary, download=True)
            downloaded = Path(temporary) / "MNIST" / "raw"
            _verify(downloaded)
            for name in MNIST_FILES:
                os.replace(downloaded / name, raw / name)
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"MNIST is not in {raw} and could not be downloaded there ({error}). Connect to the "
            "network, put the four files there by hand (README, 'Getting MNIST'), name another "
            "folder with DIGITS_DATA_DIR, or train on drawn digits with `-p dataset synthetic`."
        ) from error


def load_synthetic(count: int, seed: int) -> Digits:
    """`count` digits drawn by `digitlib.synthesis`; the same seed draws the same digits."""
    images, labels = synthesis.draw_images(count, seed)
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


def split(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Part digits at random into (rest, a share of `fraction`); the same seed parts alike.

    Raises ValueError when one of the parts would be empty.
    """
    count = len(digits.labels)
    held_out = round(count * fraction)
    if not 0 < held_out < count:
        raise ValueError(
            f"A share of {fraction} of {count} digits leaves one part empty: raise `limit` or "
            "change `validation_fraction`."
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return tuple(  # type: ignore[return-value]
        Digits(digits.images[part], digits.labels[part])
        for part in (order[held_out:], order[:held_out])
    )


def joined(one: Digits, other: Digits) -> Digits:
    """One after the other."""
    return Digits(*map(torch.cat, zip(one, other, strict=True)))


def captions(labels: Int64[Tensor, " n"]) -> list[str]:
    """The labels (n,) as they stand below pictures."""
    return ["no digit" if label == NO_DIGIT else str(label) for label in labels.tolist()]


def parted(digits: Digits, count: int) -> tuple[Digits, Digits]:
    """All but the last `count` digits, and those."""
    return Digits(*(part[:-count] for part in digits)), Digits(*(part[-count:] for part in digits))


def first(digits: Digits, limit: int) -> Digits:
    """The first `limit` digits, or all of them where it is 0."""
    return Digits(*(part[:limit] for part in digits)) if limit else digits


def pedigree(data: Dataset, train: Digits, validation: Digits) -> dict[str, Any]:
    """What a model's card says of its data: name, sizes, and the warning if any."""
    return {
        "name": data.name,
        "train": len(train.labels),
        "validation": len(validation.labels),
        "test": len(data.test.labels),
        "warning": data.warning,
    }


def describe(data: Dataset, train: Digits, validation: Digits) -> str:
    """What is trained on, as Markdown, with the warning where MNIST was wanted and not there."""
    warning = f"> # ⚠ {data.warning}\n\n" if data.warning else ""
    counts = (len(train.labels), len(validation.labels), len(data.test.labels))
    return (
        warning
        + "**{}** digits: {:,} to learn from, {:,} to choose by, {:,} to test on.".format(
            data.name, *counts
        )
    )
