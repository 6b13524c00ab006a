"""Trajectories of the pen, the input of the stroke model.

A 9 with an open loop looks like a 5 or a 3, and a 7 with a foot like a 2, but their strokes are
drawn differently. Combining an image model with a stroke model follows Alimoglu and Alpaydin
(1997).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.strokes.ink import FIELD, as_strokes, scaled

POINTS = 64  # along the trajectory, evenly spaced
CHANNELS = 6  # x, y, heading x and y, pen down or up, length of the trajectory
_CUTS = np.arange(POINTS + 1)
_LEAST = 1e-30  # lower bound of a probability, so that the geometric mean is never all zeros
Trajectory = NDArray[np.float32]
Probabilities = NDArray[np.float32]


def trajectory(strokes: Iterable[ArrayLike]) -> Trajectory:
    """The pen's trajectory, with straight lines between strokes: (6, 64) float32.

    Sampled at the middles of 64 pieces of equal length: x and y (-1 to 1 along the drawing's longer
    side), the heading's x and y (a unit vector; 0 for a dot), 1 for pen down and -1 for pen up, and
    the logarithm of the total length. Invariant to translation and scale.

    Raises ValueError when there is no ink or the strokes are malformed.
    """
    checked = as_strokes(strokes)
    points = scaled(np.concatenate(checked).T.copy(), 2.0) - FIELD / 2
    down = np.ones(points.shape[1])  # the piece from each point to the next
    end = 0
    for stroke in checked[:-1]:
        end += len(stroke)
        down[end - 1] = -1.0
    along = np.zeros(points.shape[1])
    np.hypot(*(points[:, 1:] - points[:, :-1])).cumsum(out=along[1:])
    cuts = _CUTS * (along[-1] / POINTS)
    cuts[-1] = along[-1]
    path = np.array([np.interp(cuts, along, axis) for axis in points])
    steps = path[:, 1:] - path[:, :-1]
    lengths = np.hypot(*steps)
    middles = (cuts[1:] + cuts[:-1]) / 2
    piece = np.minimum(along.searchsorted(middles, side="right") - 1, len(down) - 1)
    rows = np.zeros((CHANNELS, POINTS))
    np.divide(path[:, 1:] + path[:, :-1], 2, out=rows[:2])
    np.divide(steps, lengths, out=rows[2:4], where=lengths > 1e-9)
    rows[4] = down[piece]
    rows[5] = np.log(along[-1] + 0.1)
    return rows.astype(np.float32)


def geometric_mean(one: ArrayLike, other: ArrayLike) -> Probabilities:
    """The geometric mean of two models' probabilities (n, 10), normalised to rows that sum to 1.

    The logarithmic opinion pool with equal weights (Genest and Zidek 1986): a class that either
    model rules out stays ruled out. Raises ValueError when the shapes differ.
    """
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        raise ValueError(
            f"Probabilities of different drawings: shapes {one.shape} and {other.shape}."
        )
    product = np.sqrt(one.clip(_LEAST)) * np.sqrt(other.clip(_LEAST))
    return (product / product.sum(axis=1, keepdims=True)).astype(np.float32)
