"""Where things stand on a page: what may belong together, lines, numbers and reading order."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.photos.component import Component

_NEAR = 0.75  # of the digits' height: a wider gap parts what is written
_SAME_NUMBER = 0.45  # of the digits' height: a wider gap parts two numbers
_PACE = 1.15  # of the digits' height: so must the distance of their middles, since a 1 is narrow
Box = tuple[float, float, float, float]  # x, y, width, height


class Place(NamedTuple):
    """Where a digit stands in the reading order: its line and its number, from 0."""

    line: int
    number: int


def groups(components: Sequence[Component], height: float) -> list[list[Component]]:
    """Components that stand side by side or meet, each group from left to right."""
    parent = list(range(len(components)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    order = sorted(range(len(components)), key=lambda index: components[index].left)
    for place, one in enumerate(order):
        for other in order[place + 1 :]:
            gap = components[other].left - components[one].right
            if gap > _NEAR * height:
                if components[other].left - components[one].left > 4 * height:
                    break
                continue
            if _side_by_side(components[one], components[other], height):
                parent[root(one)] = root(other)
    found: dict[int, list[Component]] = {}
    for index in order:
        found.setdefault(root(index), []).append(components[index])
    return [sorted(group, key=lambda c: c.left + c.right) for group in found.values()]


def _side_by_side(one: Component, other: Component, height: float) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    if overlap > 0.35 * min(one.height, other.height):
        return True
    across = min(one.right, other.right) - max(one.left, other.left)
    down = max(one.top - other.bottom, other.top - one.bottom)
    # The bar above the rest of a 5: both together are no taller than a digit.
    together = max(one.bottom, other.bottom) - min(one.top, other.top)
    return across > 0 and down < 0.15 * height and together < 1.35 * height


def places(boxes: Sequence[Box]) -> list[Place]:
    """The line and the number of each box; lines from the top, numbers from the left.

    A page may be turned by some degrees: its slope is that of neighbours in a line.
    """
    if not boxes:
        return []
    array = np.array(boxes, np.float64)
    height = float(np.median(array[:, 3]))
    x, y = array[:, 0] + array[:, 2] / 2, array[:, 1] + array[:, 3] / 2
    level = y - _slope(x, y, height) * x
    order = np.argsort(level, kind="stable")
    line_of = np.zeros(len(boxes), np.int64)
    middle, line, size = level[order[0]], 0, 1
    for index in order[1:].tolist():
        if level[index] - middle > 0.6 * height:
            line, middle, size = line + 1, level[index], 1
        else:
            size += 1
            middle += (level[index] - middle) / size
        line_of[index] = line
    found: list[Place] = [Place(0, 0)] * len(boxes)
    number = -1
    previous: int | None = None
    for index in np.lexsort((x, line_of)).tolist():
        if previous is None or line_of[previous] != line_of[index]:
            number += 1
        else:
            gap = array[index, 0] - (array[previous, 0] + array[previous, 2])
            taller = max(array[index, 3], array[previous, 3])
            is_apart = gap > _SAME_NUMBER * taller and x[index] - x[previous] > _PACE * taller
            number += bool(is_apart)
        found[index] = Place(int(line_of[index]), number)
        previous = index
    return found


def _slope(x: NDArray[np.float64], y: NDArray[np.float64], height: float) -> float:
    """The slope of the lines: the median between each box and its neighbour to the right."""
    slopes = []
    for index in range(len(x)):
        right = np.flatnonzero(
            (x > x[index] + 0.3 * height) & (np.abs(y - y[index]) < 0.8 * height)
        )
        if len(right):
            nearest = right[np.argmin(x[right])]
            slopes.append((y[nearest] - y[index]) / (x[nearest] - x[index]))
    return float(np.median(slopes)) if len(slopes) > 2 else 0.0
