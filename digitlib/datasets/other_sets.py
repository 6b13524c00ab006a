"""EMNIST's digits (Cohen et al. 2017) and USPS (Hull 1994), read and downloaded by torchvision."""

import contextlib
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits
from digitlib.strokes import BOX, FIELD, centring_shift

_EMNIST_FILES = [
    f"emnist-digits-{part}-{kind}-ubyte"
    for part in ("train", "test")
    for kind in ("images-idx3", "labels-idx1")
]
_USPS_FILES = ["usps.bz2", "usps.t.bz2"]


def load_emnist(root: Path | None = None) -> tuple[Digits, Digits]:
    """EMNIST's digits: 240,000 training and 40,000 test images, downloaded on first use (560 MB).

    `root` is the data folder by default; the unpacked files are in its `EMNIST/raw/`. MNIST is a
    part of the same NIST collection, so don't test one on a model trained on the other.
    Raises DataUnavailable when files are missing and can't be downloaded, and ValueError for a
    broken file.
    """
    root = settings.data_dir() if root is None else root
    from torchvision.datasets import EMNIST

    def download(folder: str) -> None:
        EMNIST(folder, "digits", download=True)

    raw = root / "EMNIST" / "raw"
    _complete("EMNIST", raw, _EMNIST_FILES, download, Path("EMNIST") / "raw")
    with _broken_files(raw):
        parts = [EMNIST(str(root), "digits", train=train) for train in (True, False)]
        return _digits(parts[0]), _digits(parts[1])


def load_usps(root: Path | None = None) -> tuple[Digits, Digits]:
    """USPS, digits of ZIP codes: 7,291 training and 2,007 test images, downloaded on first use.

    Its images of 16×16 are fitted into MNIST's form. `root` is the data folder by default; the
    files are in its `USPS/`. Raises as `load_emnist` does.
    """
    root = settings.data_dir() if root is None else root
    from torchvision.datasets import USPS

    def download(folder: str) -> None:
        for train in (True, False):
            USPS(folder, train=train, download=True)

    _complete("USPS", root / "USPS", _USPS_FILES, download, Path())
    with _broken_files(root / "USPS"):
        train, test = (USPS(str(root / "USPS"), train=train) for train in (True, False))
    return _fitted(train.data, train.targets), _fitted(test.data, test.targets)


def _complete(name: str, folder: Path, files: list[str], download: Any, inside: Path) -> None:
    """Download what is missing to a temporary folder, then move it into place."""
    if all((folder / file).is_file() for file in files):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as temporary:
            download(temporary)
            for file in files:
                os.replace(Path(temporary) / inside / file, folder / file)
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"{name} is not in {folder} and could not be downloaded ({error}). Connect to the "
            f"network, or put these files there: {', '.join(files)}."
        ) from error


@contextlib.contextmanager
def _broken_files(folder: Path) -> Any:
    """Whatever a library says of a broken file becomes a sentence that names the folder."""
    try:
        yield
    except (OSError, EOFError, ValueError, AssertionError, RuntimeError, zlib.error) as error:
        raise ValueError(
            f"A file in {folder} is broken ({error}). Delete the folder and run again."
        ) from error


def _digits(part: Any) -> Digits:
    """The images and labels of one of EMNIST's parts, upright: its files hold them transposed."""
    images: Tensor = part.data.transpose(1, 2).contiguous()
    return Digits(images, part.targets.to(torch.int64))


def _fitted(images: NDArray[np.uint8], labels: list[int]) -> Digits:
    """Grey images (n, 16, 16), ink bright, as MNIST has them."""
    fitted = np.stack([_centred(image) for image in images])
    return Digits(torch.from_numpy(fitted), torch.tensor(labels, dtype=torch.int64))


def _centred(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One image, its ink's longer side 20 px and its centre of mass in the middle of 28×28."""
    left, top, right, bottom = Image.fromarray(image).getbbox() or (0, 0, 16, 16)
    scale = BOX / max(right - left, bottom - top)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    cut = Image.fromarray(image[top:bottom, left:right]).resize(size, Image.Resampling.BILINEAR)
    ink = np.asarray(cut, np.float64)
    across, down = (np.arange(length) + 0.5 for length in size)
    centre = np.array([ink.sum(axis=0) @ across, ink.sum(axis=1) @ down]) / max(ink.sum(), 1)
    shift = centring_shift(centre, np.zeros(2), np.array(size, np.float64))
    column, row = np.rint(shift).astype(int)
    field = np.zeros((FIELD, FIELD), np.uint8)
    field[row : row + size[1], column : column + size[0]] = ink
    return field
