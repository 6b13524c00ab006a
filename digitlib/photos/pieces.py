"""A group of connected ink in pieces: components from left to right, wide ones cut by seams."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.components import Component, Labels

Floats = NDArray[np.float32]
_HEIGHT = 64  # px, the height that digits get here
_MARGIN = 3  # px around a group
_SIDEWAYS = 0.12  # cost of a seam's step aside, where a px of ink costs 1
_APART = 0.11  # of the height: the least distance of two seams
_MOST_INK = 0.55  # of the height: a seam through more ink is no cut


class Group(NamedTuple):
    """The ink (h, w) of neighbouring components at a fixed size, and which component each px is of.

    `numbers` (h, w) is 0 for paper, else 1, 2, … for the components from left to right.
    """

    ink: Floats
    numbers: Labels
    scale: float  # working px that one px is
    left: int  # of the crop, in working px
    top: int


class Pieces(NamedTuple):
    """The pieces of a group: `numbers` as in a group, and what each cut cost: ink by height."""

    numbers: Labels
    cuts: dict[int, float]  # after which piece (counted from 1) ink was cut, and how much


def cut_out(ink: Floats, labels: Labels, components: list[Component], height: float) -> Group:
    """The components' ink in one crop, scaled so that a digit is 64 px high."""
    left, top = (max(min(getattr(c, n) for c in components) - 2, 0) for n in ("left", "top"))
    right, bottom = (max(getattr(c, n) for c in components) + 2 for n in ("right", "bottom"))
    window = labels[top:bottom, left:right]
    lookup = np.zeros(int(window.max()) + 1, np.int32)
    for number, component in enumerate(components, 1):
        for label in component.labels:
            if label < len(lookup):
                lookup[label] = number
    numbers = lookup[window]
    foreign = (window > 0) & (numbers == 0)
    part = np.where(foreign, 0, ink[top:bottom, left:right])
    scale = max(height / _HEIGHT, max(window.shape) / 2000)
    size = (max(1, round(window.shape[1] / scale)), max(1, round(window.shape[0] / scale)))
    way = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    small = np.clip(cv2.resize(part, size, interpolation=way), 0, 1)
    nearest = cv2.resize(numbers.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    pad = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN))
    return Group(
        np.pad(small, pad),
        np.pad(nearest.astype(np.int32), pad),
        scale,
        left - round(_MARGIN * scale),
        top - round(_MARGIN * scale),
    )


def over_segment(group: Group, doubtful: set[int]) -> Pieces:
    """The group in pieces, from left to right: the `doubtful` components are cut by seams."""
    numbers = np.zeros_like(group.numbers)
    cuts: dict[int, float] = {}
    count = 0
    for number in range(1, int(group.numbers.max()) + 1):
        mask = group.numbers == number
        seams = _seams(mask) if number in doubtful else []
        side = np.zeros(mask.shape, np.int32)
        columns = np.arange(mask.shape[1])
        for seam, _ in seams:
            side += columns[None] > seam[:, None]
        present = [place for place in range(len(seams) + 1) if (mask & (side == place)).sum() > 12]
        for place in present:
            count += 1
            numbers[mask & (side == place)] = count
            if place != present[-1]:
                cuts[count] = seams[place][1] / _HEIGHT
    return Pieces(numbers, cuts)


def _seams(mask: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], float]]:
    """Ways from top to bottom through as little ink as possible: columns (h,), and px of ink."""
    columns = np.flatnonzero(mask.any(axis=0))
    low, high = int(columns[0]), int(columns[-1])
    total, came = _ways(mask)
    ends = total[-1]
    candidates = []
    for column in np.argsort(ends, kind="stable").tolist():
        if not low + 0.1 * _HEIGHT < column < high - 0.1 * _HEIGHT:
            continue
        seam = _back(came, column)
        middle = float(seam.mean())
        if any(abs(middle - other.mean()) < _APART * _HEIGHT for other, _ in candidates):
            continue
        if not low + 0.06 * _HEIGHT < middle < high - 0.06 * _HEIGHT:
            continue
        inked = float(mask[np.arange(len(seam)), seam].sum())
        if inked < _MOST_INK * _HEIGHT:
            candidates.append((seam, inked))
        if len(candidates) == 8:
            break
    return sorted(candidates, key=lambda seam: float(seam[0].mean()))


def _ways(mask: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int8]]:
    """The cost of the cheapest way from the top to each px, and the step (-1, 0, 1) it came by."""
    height, width = mask.shape
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    price = mask.astype(np.float32) + 0.05 * near
    total = np.zeros((height, width), np.float32)
    came = np.zeros((height, width), np.int8)
    total[0] = price[0]
    steps = np.full((3, width), np.inf, np.float32)
    for row in range(1, height):
        before = total[row - 1]
        steps[0, 1:] = before[:-1] + _SIDEWAYS
        steps[1] = before
        steps[2, :-1] = before[1:] + _SIDEWAYS
        best = steps.argmin(axis=0)
        total[row] = steps[best, np.arange(width)] + price[row]
        came[row] = best - 1
    return total, came


def _back(came: NDArray[np.int8], column: int) -> NDArray[np.int64]:
    """The columns (h,) of the way that ends in a column."""
    seam = np.empty(len(came), np.int64)
    for row in range(len(came) - 1, -1, -1):
        seam[row] = column
        column += int(came[row, column])
    return seam


def ink_of(group: Group, numbers: Labels, first: int, last: int) -> Floats:
    """The ink of the pieces `first` to `last` - 1 (from 0), with the soft edges of their strokes."""
    inside = (numbers > first) & (numbers <= last)
    others = (numbers > 0) & ~inside
    columns = np.flatnonzero(inside.any(axis=0))
    low, high = max(int(columns[0]) - 3, 0), int(columns[-1]) + 4
    mask = inside[:, low:high].astype(np.uint8)
    grown = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=2) > 0
    return np.where(grown & ~others[:, low:high], group.ink[:, low:high], np.float32(0))
