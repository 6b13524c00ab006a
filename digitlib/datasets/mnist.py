"""MNIST: download, checksums and loading."""

import hashlib
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import torch

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits

logger = logging.getLogger(__name__)

# MD5 of MNIST's four files, unpacked (torchvision knows those of the packed files).
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def load_mnist(root: Path | None = None) -> tuple[Digits, Digits]:
    """MNIST's training set (60,000) and test set (10,000), downloaded on first use.

    `root` holds `MNIST/raw/`; by default it is `settings.data_dir()`. Raises ValueError that names
    each broken file, and DataUnavailable when files are missing and can't be downloaded.
    """
    root = settings.data_dir() if root is None else root
    raw = root / "MNIST" / "raw"
    if not all((raw / name).is_file() for name in MNIST_FILES):
        _download_mnist(raw)
    _verify(raw)
    return _mnist_part(raw, "train"), _mnist_part(raw, "t10k")


def _mnist_part(raw: Path, name: str) -> Digits:
    """The images and labels of `train` or `t10k`: the bytes after the files' headers."""
    images = np.fromfile(raw / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    labels = np.fromfile(raw / f"{name}-labels-idx1-ubyte", np.uint8, offset=8)
    return Digits(
        torch.from_numpy(images).view(-1, 28, 28), torch.from_numpy(labels.astype(np.int64))
    )


def _verify(raw: Path) -> None:
    """Raise ValueError that names each file with a wrong checksum."""
    broken = []
    for name, expected in MNIST_FILES.items():
        with (raw / name).open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != expected:
            broken.append(f"{raw / name} ({(raw / name).stat().st_size:,} bytes, MD5 {found})")
    if broken:
        raise ValueError(
            f"Broken or truncated: {'; '.join(broken)}. Delete these files and run again to "
            "download them. README, 'Getting MNIST', explains how to do without a network."
        )


def _download_mnist(raw: Path) -> None:
    """Download with torchvision (mirrors, checksums, progress bar), then move into place."""
    import torchvision  # 2 s, needed for the download only

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
            f"MNIST is not in {raw} and could not be downloaded ({error}). Connect to the network, "
            "put the four files there by hand (README, 'Getting MNIST'), set DIGITS_DATA_DIR to "
            "another folder, or use drawn digits with `-p dataset synthetic`."
        ) from error
