"""Pen strokes and the 28×28 image that they become, prepared as MNIST's makers prepared theirs.

Strokes are a list of arrays (n, 2) of finite floats: x to the right and y down, in units of the
pad (0 to 1, though any unit will do), in the order drawn; a tap is one point. Sketches are kept as
Parquet with the columns id, label, strokes, source and writer.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import ArrayLike, NDArray

Strokes = list[NDArray[np.float64]]
Image = NDArray[np.uint8]

SUBMISSION = "submission"  # the source of a sketch that was exported from the database
FIELD = 28  # px, the side of an image
BOX = 20.0  # px, the longer side of the digit's ink
INK_WIDTH = 2.4  # px, the median width of MNIST's ink (see benchmarks/ink_width.py)
_SPACING = 0.4  # px between the discs that make a line: their scallops are 1 % of its width
_MOST_DISCS = 2000  # the longest scribble that is still inked at that spacing
_PIXELS = np.arange(FIELD) + 0.5  # centres


def as_strokes(raw: Iterable[ArrayLike]) -> Strokes:
    """Check and copy anything shaped like strokes; strokes without a point are dropped.

    Raises ValueError when a stroke is not (n, 2), a coordinate is not finite, or there is no ink.
    """
    strokes = []
    for stroke in raw:
        points = np.array(stroke, dtype=np.float64)
        if points.size == 0:
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"A stroke is an array (n, 2) of x and y; got shape {points.shape}.")
        if not np.isfinite(points).all():
            raise ValueError("A stroke holds a coordinate that is not a finite number.")
        strokes.append(points)
    if not strokes:
        raise ValueError("There is no ink: draw a digit first.")
    return strokes


def rasterise(strokes: Iterable[ArrayLike], ink_width: float = INK_WIDTH) -> Image:
    """Ink the strokes as MNIST's makers would have seen them: (28, 28) uint8, ink 255 on 0.

    The ink's box is scaled to 20×20 px with its aspect ratio kept, anti-aliased, and its centre of
    mass moved to the centre of the field (LeCun et al. 1998, section III.A), or as near to it as
    keeps all ink on the field; `ink_width` is in px.

    Raises ValueError when there is no ink or the strokes are malformed.
    """
    digit = _scaled(as_strokes(strokes), BOX - ink_width)
    discs = np.concatenate([_resampled(stroke) for stroke in _thinned(digit)])
    ink = _inked(discs, ink_width)
    mass = ink.sum()
    centre = np.array([ink.sum(axis=0) @ _PIXELS, ink.sum(axis=1) @ _PIXELS]) / mass
    least = ink_width / 2 - discs.min(axis=0)
    most = FIELD - ink_width / 2 - discs.max(axis=0)
    shift = np.clip(FIELD / 2 - centre, least, most)
    return np.rint(255 * _inked(discs + shift, ink_width)).astype(np.uint8)


def _scaled(strokes: Strokes, side: float) -> Strokes:
    """Scale the points' box to `side` px and centre it; a lone point goes to the centre."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    # Halves first: the difference of two huge coordinates must not overflow.
    half_extent = (high / 2 - low / 2).max()
    middle = low / 2 + high / 2
    if half_extent <= 1e-12 * np.abs(points).max():  # a dot, but for rounding
        return [np.full((1, 2), FIELD / 2)]
    return [(stroke - middle) / half_extent * (side / 2) + FIELD / 2 for stroke in strokes]


def _thinned(strokes: Strokes) -> Strokes:
    """Bound the work: of very many points keep every k-th, and each stroke's last."""
    step = 1 + sum(map(len, strokes)) // 20_000
    return [np.concatenate([stroke[:-1:step], stroke[-1:]]) for stroke in strokes]


def _resampled(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (m, 2) at an even spacing along the stroke, both ends included."""
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    # A straight line is a whole number of spacings long: rounding must not add a disc to it.
    count = min(1 + int(np.ceil(along[-1] / _SPACING - 1e-4)), _MOST_DISCS)
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, stroke[:, axis]) for axis in (0, 1)], axis=1)


def _inked(discs: NDArray[np.float64], ink_width: float) -> NDArray[np.float32]:
    """The share of each pixel that discs at these points cover: (28, 28) in 0 to 1."""
    dx = (_PIXELS[:, None] - discs[:, 0]).astype(np.float32) ** 2
    dy = (_PIXELS[:, None] - discs[:, 1]).astype(np.float32) ** 2
    nearest = np.empty((FIELD, FIELD), np.float32)
    for row in range(FIELD):  # one row at a time stays in the processor's cache
        nearest[row] = (dx + dy[row]).min(axis=1)
    return np.clip(ink_width / 2 + 0.5 - np.sqrt(nearest), 0.0, 1.0)


class Sketch(NamedTuple):
    """One labelled drawing: a row of a sketches file."""

    id: str
    label: int
    strokes: Strokes
    source: str
    writer: str


def read_sketches(path: Path) -> list[Sketch]:
    """All sketches of a Parquet file, in its order.

    Raises ValueError, naming the file, when it isn't Parquet or lacks one of the columns.
    """
    columns = ", ".join(Sketch._fields)
    try:
        rows = duckdb.connect().read_parquet(str(path)).project(columns).fetchall()
    except duckdb.Error as error:
        raise ValueError(
            f"{path} is not a sketches file (Parquet with {columns}): {error}"
        ) from error
    return [Sketch(i, label, as_strokes(strokes), s, w) for i, label, strokes, s, w in rows]


def write_sketches(path: Path, sketches: Sequence[Sketch]) -> None:
    """Write sketches as Parquet, to a temporary name and then into place."""
    rows = [(*s[:2], [stroke.tolist() for stroke in s.strokes], *s[3:]) for s in sketches]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sketches (id VARCHAR, label UTINYINT, strokes FLOAT[][][],"
            " source VARCHAR, writer VARCHAR)"
        )
        if rows:
            connection.executemany("INSERT INTO sketches VALUES (?, ?, ?, ?, ?)", rows)
        connection.table("sketches").write_parquet(str(temporary))
    os.replace(temporary, path)
