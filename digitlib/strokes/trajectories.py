"""The way the pen went, for a network that reads movement beside one that reads the image.

A 9 whose loop stays open looks like a 5 or a 3, a 7 with a foot like a 2; but a pen goes other ways
for each. That the two see different things, and read pen digits better together, is from Alimoglu
and Alpaydin (1997).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digitlib.strokes.ink import FIELD, as_strokes, scaled

POINTS = 64  # along the way, evenly spaced
CHANNELS = 6  # x, y, heading's x and y, pen down or up, length of the way
_LEAST = 1e-30  # probability: none is 0, or two that contradict each other would have no mean
Trajectory = NDArray[np.float32]
Probabilities = NDArray[np.float32]


def trajectory(strokes: Iterable[ArrayLike]) -> Trajectory:
    """The way of the pen, strokes and the straight ways through the air between: (6, 64) float32.

    At the middles of 64 equal pieces: x and y (-1 to 1, the drawing's longer side), the heading's
    x and y (a unit vector; 0 for a dot), 1 where the pen is down and -1 where it is up; and, all
    along, the logarithm of the whole way's length. Where the drawing lies and how large it is makes
    no difference.

    Raises ValueError when there is no ink or the strokes are malformed.
    """
    checked = as_strokes(strokes)
    points = scaled(np.concatenate(checked).T.copy(), 2.0) - FIELD / 2
    down = np.ones(points.shape[1])  # from each point to the next; the last leads nowhere
    down[np.cumsum([len(stroke) for stroke in checked]) - 1] = -1.0
    down[-1] = 1.0
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points)))])
    cuts = np.linspace(0, along[-1], POINTS + 1)
    way = np.stack([np.interp(cuts, along, axis) for axis in points])
    steps = np.diff(way)
    lengths = np.hypot(*steps)
    headings = np.divide(steps, lengths, out=np.zeros_like(steps), where=lengths > 1e-9)
    middles = (cuts[1:] + cuts[:-1]) / 2
    piece = np.clip(along.searchsorted(middles, side="right") - 1, 0, len(down) - 1)
    length = np.full(POINTS, np.log(along[-1] + 0.1))
    rows = [(way[:, 1:] + way[:, :-1]) / 2, headings, down[piece][None], length[None]]
    return np.concatenate(rows).astype(np.float32)


def geometric_mean(one: NDArray[np.floating], other: NDArray[np.floating]) -> Probabilities:
    """Two opinions (n, 10) as one: their geometric mean, whose rows sum to 1.

    The logarithmic opinion pool (Genest and Zidek 1986) with equal weights: what one of the two
    holds for next to impossible isn't said, however sure the other is. Raises ValueError where they
    are not of the same drawings.
    """
    if one.shape != other.shape:
        raise ValueError(f"Two opinions of different drawings: {one.shape} and {other.shape}.")
    product = np.sqrt(one.clip(_LEAST)) * np.sqrt(other.clip(_LEAST))
    return (product / product.sum(axis=1, keepdims=True)).astype(np.float32)
