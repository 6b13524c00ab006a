"""A group of connected ink, and where one digit may end and the next begin in it."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.component import Component
from digitlib.photos.components import Labels
from digitlib.photos.cuts import HEIGHT, Cut, find_cuts

Floats = NDArray[np.float32]
_MARGIN = 3  # px around a group
_CROSSED = 30  # px of ink on the wrong sides of two boundaries, from which they cross each other


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
    """Where one digit may end and the next begin: after a component, or along a cut through it."""

    component: int  # counted from 1; 0 before all
    left: NDArray[np.bool_]  # (h, w), the ink to the left of it
    cut: Cut | None = None


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


def levelled(group: Group) -> Group:
    """The group's ink, its strokes as strong as ink can be."""
    inside = group.ink[group.numbers > 0]
    strength = float(np.percentile(inside, 75)) if len(inside) else 1.0
    level = group.ink / max(strength, 0.05)
    return group._replace(ink=np.clip((level - 0.5) * 1.6 + 0.5, 0, 1).astype(np.float32))


def boundaries(group: Group, doubtful: set[int]) -> list[Boundary]:
    """All boundaries from left to right: between components and within the `doubtful` ones."""
    found = [Boundary(0, np.zeros(group.numbers.shape, np.bool_))]
    for number in range(1, int(group.numbers.max()) + 1):
        before = found[-1].left
        inside = group.numbers == number
        if number in doubtful and inside.any():
            found += [Boundary(number, before | cut.left, cut) for cut in find_cuts(inside)]
        found.append(Boundary(number, before | inside))
    return found


def between(first: Boundary, last: Boundary) -> NDArray[np.bool_] | None:
    """Which px (h, w) of ink lie between two boundaries; None where these cross each other."""
    crossed = np.count_nonzero(first.left & ~last.left)
    return None if crossed > _CROSSED else last.left & ~first.left


def ink_of(group: Group, inside: NDArray[np.bool_]) -> Floats:
    """The ink of these px, with the soft edges of their strokes, cut to their columns."""
    columns = np.flatnonzero(inside.any(axis=0))
    low, high = max(int(columns[0]) - 3, 0), int(columns[-1]) + 4
    mask = inside[:, low:high]
    others = (group.numbers[:, low:high] > 0) & ~mask
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    return np.where(grown & ~others, group.ink[:, low:high], np.float32(0))
