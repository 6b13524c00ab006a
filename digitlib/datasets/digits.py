"""Labelled digits as uint8 tensors."""

import logging
from typing import Any, NamedTuple

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

logger = logging.getLogger(__name__)
NO_DIGIT = 10  # the label of non-digits, which occur in training data only


class Digits(NamedTuple):
    """Images (n, 28, 28) uint8, ink 255 on 0, and their labels (n,) int64, 0 to 9 or `NO_DIGIT`."""

    images: UInt8[Tensor, "n 28 28"]
    labels: Int64[Tensor, " n"]

    def to(self, device: torch.device) -> "Digits":
        """The same digits on a device."""
        return Digits(self.images.to(device), self.labels.to(device))


class Dataset(NamedTuple):
    """Training and test data, and their name."""

    name: str
    train: Digits
    test: Digits
    warning: str = ""

    @property
    def title(self) -> str:
        """The name as it is written in text: `MNIST`, `EMNIST`, `USPS` or `synthetic`."""
        return self.name.upper() if self.name in ("mnist", "emnist", "usps") else self.name


class DataUnavailable(RuntimeError):
    """The data is not on disk and can't be downloaded; the message says how to get it."""


def split(digits: Digits, fraction: float, seed: int) -> tuple[Digits, Digits]:
    """Split digits at random into (rest, a share of `fraction`), reproducibly by seed.

    Raises ValueError when a part would be empty.
    """
    count = len(digits.labels)
    held_out = round(count * fraction)
    if not 0 < held_out < count:
        raise ValueError(
            f"A share of {fraction} of {count} digits leaves a part empty: raise `limit` or change "
            "`validation_fraction`."
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return tuple(  # type: ignore[return-value]
        Digits(digits.images[part], digits.labels[part])
        for part in (order[held_out:], order[:held_out])
    )


def concatenate(one: Digits, other: Digits) -> Digits:
    """The digits of both, in order."""
    return Digits(*map(torch.cat, zip(one, other, strict=True)))


def captions(labels: Int64[Tensor, " n"]) -> list[str]:
    """The labels (n,) as captions of pictures."""
    return ["no digit" if label == NO_DIGIT else str(label) for label in labels.tolist()]


def hold_out_last(digits: Digits, count: int) -> tuple[Digits, Digits]:
    """All but the last `count` digits, and the last `count`."""
    return Digits(*(part[:-count] for part in digits)), Digits(*(part[-count:] for part in digits))


def first(digits: Digits, limit: int) -> Digits:
    """The first `limit` digits; all of them when it is 0."""
    return Digits(*(part[:limit] for part in digits)) if limit else digits


def provenance(data: Dataset, train: Digits, validation: Digits) -> dict[str, Any]:
    """The data for a model's card: name, sizes and warning."""
    return {
        "name": data.name,
        "train": len(train.labels),
        "validation": len(validation.labels),
        "test": len(data.test.labels),
        "warning": data.warning,
    }


def describe_data(data: Dataset, train: Digits, validation: Digits) -> str:
    """The sizes of the splits as Markdown, after the data's warning."""
    warning = f"> # ⚠ {data.warning}\n\n" if data.warning else ""
    sizes = [f"{len(part.labels):,}" for part in (train, validation, data.test)]
    return "{}**{}** digits: {} training, {} validation, {} test.".format(
        warning, data.title, *sizes
    )
