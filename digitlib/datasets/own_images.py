"""People's own labelled images: a folder for each digit, or a CSV file as Kaggle has it."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm.auto import tqdm

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits, concatenate

_TEST_SHARE = 0.2  # of the own images: few are enough to train on, but not to measure with
_ROWS = 5000  # of a CSV file that are in memory at a time
_MOST = np.array([9, *[255] * 784])
_COLUMNS = ["label", *(f"pixel{i}" for i in range(784))]


Prepare = Callable[[Path], NDArray[np.uint8]]  # a file to (28, 28); ValueError says what is wrong


class OwnImages(NamedTuple):
    """The digits that were read, and a line for each file or row that could not be."""

    digits: Digits
    problems: list[str]


class OwnParts(NamedTuple):
    """Own images for training, validation and test."""

    train: Digits
    validation: Digits
    test: Digits


def load_images(prepare: Prepare, folder: Path | None = None) -> OwnImages:
    """The images in `<label>/*` of a folder and the rows of its `*.csv`, in MNIST's form.

    The folder is `images/` of the data folder by default. A picture has one digit, dark on light or
    light on dark; `prepare` makes an image of it, such as `photos.single_digit`. A CSV file has the
    columns `label` and `pixel0` to `pixel783`, as Kaggle's "Digit Recognizer" has them: its pixels
    stay as they are. A bad file or row is left out and named in `problems`.
    Raises DataUnavailable when there is no image at all.
    """
    folder = settings.data_dir() / "images" if folder is None else folder
    problems: list[str] = []
    parts = [_pictures(folder, prepare, problems)]
    parts += [_rows(file, problems) for file in sorted(folder.glob("*.csv"))]
    images = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    if not len(labels):
        why = "\n".join(["", *problems[:10]])
        raise DataUnavailable(
            f"There are no images in {folder}. Put pictures of one digit each in folders named 0 "
            f"to 9, such as {folder / '7' / 'mine.png'}, or a CSV file with the columns label and "
            f"pixel0 to pixel783.{why}"
        )
    return OwnImages(Digits(torch.from_numpy(images), torch.from_numpy(labels)), problems)


def split_images(own: OwnImages, fraction: float, seed: int) -> OwnParts:
    """A fifth for the test, a share `fraction` of the rest for validation; reproducible by seed.

    An image's part depends on its pixels and the seed only: images that are added later move no
    other, and equal images are in one part. Pictures have no writer's name, so one person's digits
    may be in all parts. Raises ValueError when a part would be empty.
    """
    held_out = _TEST_SHARE + (1 - _TEST_SHARE) * fraction
    rank = np.array([_rank(seed, image.tobytes()) for image in own.digits.images.numpy()])
    parts = (rank >= held_out, (rank >= _TEST_SHARE) & (rank < held_out), rank < _TEST_SHARE)
    if not all(part.any() for part in parts):
        raise ValueError(
            f"{len(rank)} images are too few to split into training, validation and test: add "
            "images, or raise `validation_fraction`."
        )
    masks = map(torch.from_numpy, parts)
    return OwnParts(*(Digits(own.digits.images[at], own.digits.labels[at]) for at in masks))


def _rank(seed: int, pixels: bytes) -> float:
    """A random number from 0 to 1 that belongs to an image and a seed."""
    key = blake2b(seed.to_bytes(8) + pixels, digest_size=8)
    return int.from_bytes(key.digest()) / 2**64


def mix_images(
    train: Digits, validation: Digits, own: OwnParts, share: float, seed: int
) -> tuple[Digits, Digits]:
    """Training digits, shuffled, of which a share are own images; and validation digits.

    Own images are few, so each comes as often as the share needs; the augmentation of training
    makes no two alike.
    """
    count = round(len(train.labels) * share / (1 - share))
    generator = torch.Generator().manual_seed(seed)
    copies = -(-count // len(own.train.labels))
    chosen = torch.cat(
        [torch.randperm(len(own.train.labels), generator=generator) for _ in range(copies)]
    )[:count]
    images, labels = concatenate(train, Digits(own.train.images[chosen], own.train.labels[chosen]))
    order = torch.randperm(len(labels), generator=generator)
    return Digits(images[order], labels[order]), concatenate(validation, own.validation)


def image_provenance(own: OwnImages, parts: OwnParts) -> dict[str, Any]:
    """The own images for a model's card: sizes of the split, and how many were left out."""
    sizes = {name: len(part.labels) for name, part in parts._asdict().items()}
    return {**sizes, "left_out": len(own.problems)}


def describe_images(own: OwnImages, parts: OwnParts) -> str:
    """The sizes of the split as Markdown, and the files and rows that were left out."""
    train, validation, test = (f"{len(part.labels):,}" for part in parts)
    sizes = f"**Own images**: {train} training, {validation} validation, {test} test."
    if not own.problems:
        return sizes
    named = "\n".join(f"- {problem}" for problem in own.problems[:20])
    more = len(own.problems) - 20
    rest = f"\n- and {more:,} more" if more > 0 else ""
    return f"{sizes}\n\n⚠ Left out ({len(own.problems):,}):\n\n{named}{rest}"


def _pictures(
    folder: Path, prepare: Prepare, problems: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The pictures (n, 28, 28) in the folders 0 to 9, and their labels (n,)."""
    files = [
        (label, file)
        for label in range(10)
        for file in sorted((folder / str(label)).rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    images, labels = [], []
    for label, file in tqdm(files, desc="reading images", leave=False, disable=not files):
        try:
            images.append(prepare(file))
            labels.append(label)
        except (OSError, ValueError) as error:
            problems.append(f"{file}: {error}")
    unnamed = [
        inner for inner in sorted(folder.glob("*/")) if inner.is_dir() and not _is_label(inner.name)
    ]
    problems += [f"{inner}: a folder's name is its digits' label, 0 to 9" for inner in unnamed]
    return np.array(images, np.uint8).reshape(-1, 28, 28), np.array(labels, np.int64)


def _is_label(name: str) -> bool:
    """Whether a folder's name is a digit, or it is hidden."""
    return name in set("0123456789") or name.startswith(".")


def _rows(file: Path, problems: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The images (n, 28, 28) and labels (n,) of a CSV file."""
    parts = [np.zeros((0, 785), np.uint8)]
    try:
        missing = set(_COLUMNS) - set(pd.read_csv(file, nrows=0).columns)
        if missing:
            raise ValueError(
                f"{len(missing)} columns are missing, such as {min(missing)}; the first line names "
                "the columns label, pixel0, …, pixel783"
            )
        with pd.read_csv(file, usecols=_COLUMNS, chunksize=_ROWS) as chunks:
            for chunk in chunks:
                values = chunk[_COLUMNS].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
                good = ((values >= 0) & (values <= _MOST) & (values % 1 == 0)).all(axis=1)
                parts.append(values[good].astype(np.uint8))
                problems += [
                    f"{file}, line {line + 2}: a label is a whole number from 0 to 9, and a pixel "
                    "from 0 to 255"
                    for line in chunk.index[~good]
                ]
    except (OSError, ValueError) as error:  # pandas' errors of parsing are ValueErrors
        problems.append(f"{file}: {error}")
    rows = np.concatenate(parts)
    return rows[:, 1:].reshape(-1, 28, 28), rows[:, 0].astype(np.int64)
