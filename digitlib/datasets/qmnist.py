"""QMNIST: 50,000 test digits beyond MNIST's own test set (Yadav and Bottou 2019)."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits

# Data type and shape of each file.
FILES: dict[str, tuple[str, tuple[int, ...]]] = {
    "qmnist-test-images-idx3-ubyte": ("u1", (60_000, 28, 28)),
    "qmnist-test-labels-idx2-int": (">i4", (60_000, 8)),
}


def load_qmnist(root: Path | None = None) -> Digits:
    """The 50,000 test digits that are not in MNIST's test set, downloaded on first use.

    `root` is the data folder by default. Raises DataUnavailable when they are not on disk and can't
    be downloaded, and ValueError that names a broken file.
    """
    root = settings.data_dir() if root is None else root
    raw = root / "QMNIST" / "raw"
    try:
        if not all((raw / name).is_file() for name in FILES):
            _download(root, raw)
        images, labels = (_values(raw / name, *layout) for name, layout in FILES.items())
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"QMNIST is not in {raw} and could not be downloaded ({error})"
        ) from error
    # The first 10,000 are MNIST's own test set; the first column of a label is the digit.
    digits = torch.from_numpy(labels[10_000:, 0].astype(np.int64))
    return Digits(torch.from_numpy(images[10_000:]), digits)


def _download(root: Path, raw: Path) -> None:
    """Download to a temporary folder, then move, so that a failed download leaves nothing."""
    from torchvision.datasets import QMNIST

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as temporary:
        QMNIST(temporary, what="test50k", download=True)
        raw.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            os.replace(Path(temporary) / "QMNIST" / "raw" / name, raw / name)


def _values(file: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The values of a file in MNIST's format; raises ValueError that names a broken file."""
    header = 4 + 4 * len(shape)
    size = header + int(np.prod(shape)) * np.dtype(kind).itemsize
    if file.stat().st_size != size:
        raise ValueError(
            f"{file} is broken or truncated: {file.stat().st_size:,} bytes instead of {size:,}. "
            "Delete it and run again."
        )
    return np.fromfile(file, kind, offset=header).reshape(shape)
