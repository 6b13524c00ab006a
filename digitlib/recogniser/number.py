"""A number from its strokes: which strokes form a digit is decided by what they are read as."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from digitlib.recogniser.segmentation import Run, cheapest_path
from digitlib.strokes import Strokes

Reader = Callable[[Sequence[Strokes]], NDArray[np.float32]]  # n drawings -> (n, 10)
_MOST_STROKES = 4  # of a digit in a number
_MOST_IN_ALL = 40  # strokes; more are a scribble, and are read as one digit
_CUT = 0.15  # cost of a cut
_OVERLAP = 1.5  # that of parts beside each other that overlap, by the narrower's width
_LOW = 3.0  # that of a part lower than 0.6 of all, by the height of all


def split_number(
    strokes: Strokes, read: Reader, threshold: float
) -> list[tuple[Strokes, NDArray[np.float32]]]:
    """The digits of a drawing, left to right, each with its strokes and probabilities (10,).

    A drawing that is read as one digit without a doubt stays one. Else every run of strokes, in the
    order drawn and from left to right, may be a digit: over-segmentation and dynamic programming
    (LeCun et al. 1998, section V). One stroke is never cut.
    """
    (whole,) = read([strokes])
    single = [(strokes, whole)]
    if whole.max() >= threshold or not 1 < len(strokes) <= _MOST_IN_ALL:
        return single
    middles = [float(stroke[:, 0].min() + stroke[:, 0].max()) for stroke in strokes]
    across = np.argsort(middles, kind="stable").tolist()
    orders = [strokes, [strokes[index] for index in across]]
    is_in_order = across == list(range(len(strokes)))  # then both are the same
    ways = [_cheapest(order, read) for order in orders[: 1 if is_in_order else 2]]
    cost, digits = min(ways, key=lambda way: way[0])
    if len(digits) < 2 or cost >= -math.log(max(float(whole.max()), 1e-6)):
        return single
    return sorted(digits, key=lambda digit: float(np.concatenate(digit[0])[:, 0].mean()))


def _cheapest(
    order: Strokes, read: Reader
) -> tuple[float, list[tuple[Strokes, NDArray[np.float32]]]]:
    """The cheapest way to cut strokes in this order into digits, and its cost."""
    count = len(order)
    runs: list[Run] = [
        (first, last)
        for first in range(count)
        for last in range(first + 1, min(first + _MOST_STROKES, count) + 1)
    ]
    rows = read([order[first:last] for first, last in runs])
    boxes = {run: _box(order[run[0] : run[1]]) for run in runs}
    low, high = _box(order)
    tall = float(high[1] - low[1]) or 1.0
    costs = {}
    for run, row in zip(runs, rows, strict=True):
        (left, top), (right, bottom) = boxes[run]
        cost = -math.log(max(float(row.max()), 1e-6))
        cost += _LOW * max(0.6 - (bottom - top) / tall, 0)
        if run[0]:
            cost += _CUT + _OVERLAP * _overlap((left, right), order[: run[0]])
        costs[run] = cost
    path = cheapest_path(count, costs)
    by_run = dict(zip(runs, rows, strict=True))
    digits = [(order[first:last], by_run[first, last]) for first, last in path]
    return sum(costs[run] for run in path), digits


def _box(strokes: Strokes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.concatenate(strokes)
    return points.min(axis=0), points.max(axis=0)


def _overlap(span: tuple[float, float], before: Strokes) -> float:
    """How much of a span's width, 0 to 1, strokes that were drawn before it share."""
    width = max(span[1] - span[0], 1e-6)
    shared = [
        min(span[1], float(stroke[:, 0].max())) - max(span[0], float(stroke[:, 0].min()))
        for stroke in before
    ]
    return min(max(*shared, 0.0) / width, 1.0)
