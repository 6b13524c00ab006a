"""Pen strokes to 28×28 images, prepared as MNIST's images were.

Strokes are a list of arrays (n, 2) of finite floats: x to the right and y down, in units of the
pad (0 to 1, but any unit works), in the order drawn. A tap is one point.
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Strokes = list[NDArray[np.float64]]
Image = NDArray[np.uint8]
Points = NDArray[np.float64]  # (2, n), x and y of all strokes, in px
FIELD = 28  # px, the side of an image
BOX = 20.0  # px, the longer side of the digit's ink
INK_WIDTH = 2.4  # px, the median width of MNIST's ink (benchmarks/research/ink_width.py)
_SPACING = 0.4  # px between the discs that form a line: the edge deviates by 1 % of its width
_MOST_DISCS = 8000  # longer drawings get wider spacing
_CROWDED = 2000  # discs; above this, discs within one cell are merged
_CELL = 0.25  # px
_GOLDEN = (5**0.5 - 1) / 2  # the fractional parts of its multiples are spread evenly
_PIXELS = np.arange(FIELD) + 0.5  # centres
_MARGIN = 2  # px around the field that discs may touch
_WIDE = FIELD + 2 * _MARGIN


def as_strokes(raw: Iterable[ArrayLike]) -> Strokes:
    """A checked copy of anything shaped like strokes, without empty strokes.

    Raises ValueError when a stroke is not (n, 2), a coordinate is not finite, or there is no ink.
    """
    strokes = []
    for stroke in raw:
        points = np.array(stroke, dtype=np.float64)
        if points.size == 0:
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"A stroke is an array (n, 2) of x and y; got shape {points.shape}.")
        strokes.append(points)
    if not strokes:
        raise ValueError("There is no ink: draw a digit first.")
    if not np.isfinite(np.concatenate(strokes)).all():
        raise ValueError("A stroke holds a coordinate that is not a finite number.")
    return strokes


def rasterise(strokes: Iterable[ArrayLike], ink_width: float = INK_WIDTH) -> Image:
    """The strokes as an image in MNIST's format: (28, 28) uint8, ink 255 on 0.

    The ink is scaled to fit 20×20 px with its aspect ratio kept and anti-aliased. Its centre of
    mass is moved to the centre of the field (LeCun et al. 1998, section III.A), or as near as
    possible with all ink on the field. `ink_width` is in px, above 0 and below 20. The centre is
    pixel index 13.5; MNIST was shifted by whole pixels, to 14 on average, which doesn't change the
    predictions.

    Raises ValueError when there is no ink, or the strokes or the width are invalid.
    """
    if not 0 < ink_width < BOX:
        raise ValueError(f"ink_width={ink_width!r}: give px above 0 and below {BOX:g}.")
    checked = as_strokes(strokes)
    points = scaled(np.concatenate(checked).T.copy(), BOX - ink_width)
    discs = _discs(points, np.array([len(stroke) for stroke in checked]))
    ink = _inked(discs, ink_width)
    mass = ink.sum()
    centre = np.array([ink.sum(axis=0) @ _PIXELS, ink.sum(axis=1) @ _PIXELS]) / mass
    shift = centring_shift(
        centre, discs.min(axis=1) - ink_width / 2, discs.max(axis=1) + ink_width / 2
    )
    return np.rint(255 * _inked(discs + shift[:, None], ink_width)).astype(np.uint8)


def centring_shift(
    centre: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By how many px ink moves right and down so that its centre of mass is the field's centre.

    Only so far that its box, from `low` to `high`, stays on the field. All are (2,), x and y in px.
    """
    return np.minimum(np.maximum(FIELD / 2 - centre, -low), FIELD - high)


def scaled(points: Points, side: float) -> Points:
    """Scale the points' box to `side` px and centre it in the field; a dot goes to the centre."""
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    # Halves first: the difference of two huge coordinates must not overflow.
    half_low, half_high = low / 2, high / 2
    half_extent = (half_high - half_low).max()
    middle = half_low + half_high
    if half_extent <= 1e-12 * max(-low.min(), high.max()):  # a dot, but for rounding
        return np.full_like(points, FIELD / 2)
    return (points - middle) / half_extent * (side / 2) + FIELD / 2


def _discs(points: Points, sizes: NDArray[np.int64]) -> Points:
    """The centres of the discs that cover strokes of `sizes` points each."""
    even = _resampled(points, sizes)
    if even.shape[1] <= _CROWDED:
        return even
    return _merged(np.concatenate([even, points], axis=1))


def _resampled(points: Points, sizes: NDArray[np.int64]) -> Points:
    """Evenly spaced points along each stroke, both ends included.

    Above `_MOST_DISCS` points, the spacing is wider and jittered, so that a zigzag is not sampled
    in phase.
    """
    after = sizes.cumsum()
    steps = np.hypot(*(points[:, 1:] - points[:, :-1]))
    steps[after[:-1] - 1] = 1.0  # px between strokes; any value works, as nothing is inked there
    along = np.zeros(points.shape[1])
    steps.cumsum(out=along[1:])
    starts, ends = along[after - sizes], along[after - 1]
    lengths = ends - starts
    spacing = max(_SPACING, lengths.sum() / _MOST_DISCS)
    # A straight line is a whole number of spacings long; rounding must not add a disc.
    gaps = np.ceil(lengths / spacing - 1e-4).astype(int)
    counts = gaps + 1
    stroke = np.arange(len(sizes)).repeat(counts)
    disc = np.arange(len(stroke))
    place = disc - (counts.cumsum() - counts)[stroke]  # 0, 1, … in each stroke
    if spacing > _SPACING:
        place = place + disc * _GOLDEN % 1
    at = starts[stroke] + place * (lengths / np.maximum(gaps, 1))[stroke]
    at = np.minimum(at, ends[stroke])
    return np.array([np.interp(at, along, axis) for axis in points])


def _merged(points: Points) -> Points:
    """The mean of the points in each cell of a fine grid."""
    # Many lines lie on a cell's edge, as the box's middle does; rounding must not split them.
    column, row = (points / _CELL + 1e-4).astype(int)
    cells = row * round(FIELD / _CELL) + column
    counts = np.bincount(cells)
    sums = np.stack([np.bincount(cells, axis) for axis in points])
    return sums[:, counts > 0] / counts[counts > 0]


def _inked(discs: Points, ink_width: float) -> NDArray[np.float32]:
    """The share of each pixel that discs at these points cover: (28, 28) in 0 to 1."""
    reach = ink_width / 2 + 0.5  # px from a disc's centre to the farthest pixel that it touches
    # Squared distances from each disc (n) to the k×k pixels that it may touch; then the least of
    # each pixel.
    first = np.ceil(discs - (reach + 0.5)).astype(np.intp)
    pixels = first[:, None] + np.arange(math.ceil(2 * reach))[:, None]
    across, down = ((pixels + 0.5) - discs[:, None]).astype(np.float32) ** 2  # (k, n) each
    column, row = pixels
    places = (row * _WIDE + (_MARGIN * _WIDE + _MARGIN))[:, None] + column
    nearest = np.full((_WIDE, _WIDE), reach**2, np.float32)
    nearest[np.bincount((row + _MARGIN).reshape(-1), minlength=_WIDE) > 0] = np.inf
    np.minimum.at(nearest.reshape(-1), places.reshape(-1), (down[:, None] + across).reshape(-1))
    ink = np.sqrt(nearest[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])
    np.subtract(reach, ink, out=ink)
    return np.minimum(np.maximum(ink, 0, out=ink), 1, out=ink)
