"""MNIST: finding its files under their usual names, download, checksums and loading."""

import gzip
import hashlib
import logging
import os
import re
import tempfile
import zlib
from collections.abc import Mapping
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

    `root` is the data folder, by default `settings.data_dir()`; see `find_mnist` for the names.
    Raises ValueError that names each broken file, and DataUnavailable when files are missing and
    can't be downloaded.
    """
    root = settings.data_dir() if root is None else root
    found = find_mnist(root)
    if not found:
        raw = root / "MNIST" / "raw"
        _download_mnist(raw)
        found = {name: raw / name for name in MNIST_FILES}
    contents = _verified(found)
    return _mnist_part(contents, "train"), _mnist_part(contents, "t10k")


def find_mnist(root: Path) -> dict[str, Path]:
    """MNIST's four files by name; nothing unless all four are on disk.

    They may be in `MNIST/raw/`, `MNIST/` or the folder itself, also as `train-images.idx3-ubyte`
    and so on, and packed (`.gz`).
    """
    found: dict[str, Path] = {}
    for name in MNIST_FILES:
        dotted = name.replace("-idx", ".idx")
        names = [name, dotted, f"{name}.gz", f"{dotted}.gz", f"{name}/{name}", f"{dotted}/{dotted}"]
        for path in (folder / each for folder in _folders(root) for each in names):
            if path.is_file():
                found[name] = path
                break
    return found if len(found) == len(MNIST_FILES) else {}


def _folders(root: Path) -> list[Path]:
    """Where MNIST's files may be."""
    return [root / "MNIST" / "raw", root / "MNIST", root]


def _mnist_part(contents: Mapping[str, bytes], name: str) -> Digits:
    """The images and labels of `train` or `t10k`: the bytes after the files' headers."""
    images = np.frombuffer(contents[f"{name}-images-idx3-ubyte"], np.uint8, offset=16)
    labels = np.frombuffer(contents[f"{name}-labels-idx1-ubyte"], np.uint8, offset=8)
    return Digits(
        torch.from_numpy(images.copy()).view(-1, 28, 28), torch.from_numpy(labels.astype(np.int64))
    )


def _verified(found: Mapping[str, Path]) -> dict[str, bytes]:
    """The unpacked files; raises ValueError that names each with a wrong checksum."""
    contents, broken = {}, []
    for name, path in found.items():
        try:
            packed = path.read_bytes()
            contents[name] = gzip.decompress(packed) if path.suffix == ".gz" else packed
            checksum = hashlib.md5(contents[name]).hexdigest()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            checksum = f"unknown: {error}"
        if checksum != MNIST_FILES[name]:
            broken.append(f"{path} ({path.stat().st_size:,} bytes, MD5 {checksum})")
    if broken:
        raise ValueError(
            f"Broken or truncated: {'; '.join(broken)}. Delete these files and run again to "
            "download them. docs/data.md explains how to do without a network."
        )
    return contents


def _download_mnist(raw: Path) -> None:
    """Download with torchvision (mirrors, checksums, progress bar), then move into place."""
    import torchvision  # 2 s, needed for the download only

    try:
        raw.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=raw) as temporary:
            torchvision.datasets.MNIST(temporary, download=True)
            downloaded = Path(temporary) / "MNIST" / "raw"
            _verified({name: downloaded / name for name in MNIST_FILES})
            for name in MNIST_FILES:
                os.replace(downloaded / name, raw / name)
    except (OSError, RuntimeError) as error:
        similar = similar_files(raw.parents[1])
        raise DataUnavailable(
            f"MNIST is not in {raw} and could not be downloaded ({error}).{similar} Connect to the "
            "network, put the four files there by hand (docs/data.md), set "
            "DIGITS_DATA_DIR to another folder, or use drawn digits with `-p dataset synthetic`."
        ) from error


def similar_files(root: Path) -> str:
    """A sentence that names files that look like MNIST but are not its four files; else empty."""
    folders = [folder for folder in _folders(root) if folder.is_dir()]
    paths = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    pattern = re.compile(r"mnist|idx\d|ubyte", re.IGNORECASE)
    similar = [str(path) for path in paths if pattern.search(path.name)]
    if not similar:
        return ""
    return f" These files are not MNIST's four in its own format: {', '.join(sorted(similar))}."
