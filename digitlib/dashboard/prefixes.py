"""Growing prefixes of a drawing: its strokes up to a share of the pen's way."""

import numpy as np
from numpy.typing import NDArray

from digitlib.strokes import Strokes

_DOT = 0.01  # of the pad's side: what a stroke counts beyond its length, so that a dot counts too


def prefix(strokes: Strokes, share: float) -> Strokes:
    """The strokes, arrays (n, 2), up to `share` (0 to 1) of the pen's way on the pad; none for 0.

    The last stroke ends where the share does, perhaps between two of its points.
    """
    if share >= 1:
        return list(strokes)
    ways = [_way(stroke) for stroke in strokes]
    left, found = share * sum(way[-1] + _DOT for way in ways), []
    for stroke, way in zip(strokes, ways, strict=True):
        if left <= 0:
            break
        end = [[np.interp(left, way, axis) for axis in stroke.T]]
        found.append(stroke if left >= way[-1] else np.concatenate([stroke[way < left], end]))
        left -= way[-1] + _DOT
    return found


def _way(stroke: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the pen has come at each point (n,), from 0."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
