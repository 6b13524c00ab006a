"""QMNIST's 50,000 further test digits of MNIST's makers (Yadav and Bottou 2019)."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits

# The files, the type of their values and their shape.
FILES: dict[str, tuple[str, tuple[int, ...]]] = {
    "qmnist-test-images-idx3-ubyte": ("u1", (60_000, 28, 28)),
    "qmnist-test-labels-idx2-int": (">i4", (60_000, 8)),
}


def load_qmnist(root: Path | None = None) -> Digits:
    """The test digits that MNIST's own test set lacks; downloaded on first use.

    `root` is the data folder by default. Raises DataUnavailable where they are neither on disk nor
    to be had, ValueError naming a file that is broken.
    """
    root = settings.data_dir() if root is None else root
    raw = root / "QMNIST" / "raw"
    try:
        if not all((raw / name).is_file() for name in FILES):
            _download(root, raw)
        images, labels = (_values(raw / name, *held) for name, held in FILES.items())
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"it is not in {raw} and could not be downloaded there ({error})"
        ) from error
    # The first 10,000 are MNIST's own test set; the first column of a label is the digit.
    digits = torch.from_numpy(labels[10_000:, 0].astype(np.int64))
    return Digits(torch.from_numpy(images[10_000:]), digits)


def _download(root: Path, raw: Path) -> None:
    """To a temporary folder, then moved: what fails or is cut short leaves nothing behind."""
    from torchvision.datasets import QMNIST

    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as temporary:
        QMNIST(temporary, what="test50k", download=True)
        raw.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            os.replace(Path(temporary) / "QMNIST" / "raw" / name, raw / name)


def _values(file: Path, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """What a file in MNIST's format holds past its header; ValueError naming a broken one."""
    header = 4 + 4 * len(shape)
    size = header + int(np.prod(shape)) * np.dtype(kind).itemsize
    if file.stat().st_size != size:
        raise ValueError(
            f"{file} is broken or truncated: {file.stat().st_size:,} bytes in place of {size:,}; "
            "delete it and run again"
        )
    return np.fromfile(file, kind, offset=header).reshape(shape)
