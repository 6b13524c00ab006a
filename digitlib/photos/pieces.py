"""A group of connected ink, and where it may be cut: between components and along seams."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.components import Component, Labels

Floats = NDArray[np.float32]
HEIGHT = 64  # px, the height that digits get here
_MARGIN = 3  # px around a group
_SIDEWAYS = 0.1  # cost of a seam's step aside, where a px of ink costs 1
_STEP, _BAND = 3, 8  # px between the bands in which seams are sought, and their half width
_SLANTS = (0.0, 0.3)  # to the right, by height: writing leans
_APART = 0.08  # of the height: of the seams in such a strip, the one through least ink counts
_MOST_INK = 0.8  # of the height: a seam through more ink is no cut


class Group(NamedTuple):
    """The ink (h, w) of neighbouring components at a fixed size, and which component each px is of.

    `numbers` (h, w) is 0 for paper, else 1, 2, … for the components from left to right.
    """

    ink: Floats
    numbers: Labels
    scale: float  # working px that one px is
    left: int  # of the crop, in working px
    top: int


class Boundary(NamedTuple):
    """Where one digit may end and the next begin: after a component, or along a seam through it.

    `seam` is the column (h,) up to which ink belongs to the left; `cut` the ink on it, by height.
    """

    component: int  # counted from 1; 0 before all
    seam: NDArray[np.int64] | None = None
    cut: float = 0.0


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
    scale = max(height / HEIGHT, max(window.shape) / 2000)
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


def boundaries(group: Group, doubtful: set[int]) -> list[Boundary]:
    """All boundaries from left to right: between components and within the `doubtful` ones."""
    found = [Boundary(0)]
    for number in range(1, int(group.numbers.max()) + 1):
        if number in doubtful:
            seams = _seams(group.numbers == number)
            found += [Boundary(number, seam, inked / HEIGHT) for seam, inked in seams]
        found.append(Boundary(number))
    return found


def between(group: Group, left: Boundary, right: Boundary) -> NDArray[np.bool_]:
    """Which px (h, w) of ink lie between two boundaries."""
    return _left_of(group, right) & ~_left_of(group, left) & (group.numbers > 0)


def _left_of(group: Group, boundary: Boundary) -> NDArray[np.bool_]:
    if boundary.seam is None:
        return group.numbers <= boundary.component
    left = np.arange(group.numbers.shape[1]) <= boundary.seam[:, None]
    same = group.numbers == boundary.component
    return (group.numbers < boundary.component) | (same & left)


def _seams(mask: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], float]]:
    """Ways down through little ink, from left to right: columns (h,), and px of ink on them."""
    columns = np.flatnonzero(mask.any(axis=0))
    low, high = int(columns[0]), int(columns[-1])
    starts = np.arange(low + 4, high - 3, _STEP)
    if not len(starts):
        return []
    ways = [_ways(mask, starts, slant) for slant in _SLANTS]
    seams, costs = (np.concatenate(part) for part in zip(*ways, strict=True))
    kept: dict[int, tuple[float, NDArray[np.int64], float]] = {}
    for seam, cost in zip(seams, costs.tolist(), strict=True):
        inked = float(mask[np.arange(len(seam)), seam].sum())
        middle = float(seam.mean())
        inside = low + 0.06 * HEIGHT < middle < high - 0.06 * HEIGHT
        place = int(middle / (_APART * HEIGHT))
        if inside and inked < _MOST_INK * HEIGHT and cost < kept.get(place, (np.inf,))[0]:
            kept[place] = (cost, seam, inked)
    return [(seam, inked) for _, (_, seam, inked) in sorted(kept.items())]


def _ways(
    mask: NDArray[np.bool_], starts: NDArray[np.int64], slant: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The cheapest way from top to bottom in a band through each start: columns (n, h), costs (n,).

    Dynamic programming over all bands at once: a step goes on along the slant, or aside too.
    """
    height, width = mask.shape
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    price = mask + np.float32(0.05) * near
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    usual = float(np.median(depth[mask])) * 2  # half a stroke's width
    price[depth > 1.35 * usual] = 0.3  # two strokes beside each other
    lean = np.rint(slant * (height / 2 - np.arange(height))).astype(np.int64)
    bands = starts[:, None] + np.arange(-_BAND, _BAND + 1)

    def columns(row: int) -> NDArray[np.int64]:
        return np.clip(bands + lean[row], 0, width - 1)

    total = price[0][columns(0)]
    came = np.zeros((height, *bands.shape), np.int8)
    steps = np.full((3, *bands.shape), np.inf, np.float32)
    for row in range(1, height):
        steps[0, :, 1:] = total[:, :-1] + _SIDEWAYS
        steps[1] = total
        steps[2, :, :-1] = total[:, 1:] + _SIDEWAYS
        came[row] = steps.argmin(axis=0) - 1
        total = steps.min(axis=0) + price[row][columns(row)]
    at = total.argmin(axis=1)
    seams = np.empty((len(starts), height), np.int64)
    number = np.arange(len(starts))
    for row in range(height - 1, -1, -1):
        seams[:, row] = columns(row)[number, at]
        at = at + came[row, number, at]
    return seams, total.min(axis=1)


def ink_of(group: Group, inside: NDArray[np.bool_]) -> Floats:
    """The ink of these px, with the soft edges of their strokes, cut to their columns."""
    columns = np.flatnonzero(inside.any(axis=0))
    low, high = max(int(columns[0]) - 3, 0), int(columns[-1]) + 4
    mask = inside[:, low:high]
    others = (group.numbers[:, low:high] > 0) & ~mask
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    return np.where(grown & ~others, group.ink[:, low:high], np.float32(0))
