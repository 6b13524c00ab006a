"""Printed lines: rules and squares are found by their length and taken out of the contrast."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
_ZEROS = cv2.BORDER_CONSTANT  # beyond the edge
LEAST_INK = 0.045  # share of the paper's light that printed lines lack at least
_SIDE = 1200  # px, the longer side on which lines are looked for
_PIECE = 1 / 14  # of that side: straight pieces this long are looked for
_GAP = 1 / 110  # of that side: shorter gaps are closed; those between the lines of squares are not
_LENGTH = 0.33  # of that side, at least, for a printed line
_ACROSS = 0.6  # of what is free of digits, at least, where a line's pieces are short
_THICKEST = 1 / 70  # of that side
_SLOPES = np.arange(-0.2, 0.2001, 0.01)  # rise over run, in which the page's slope is sought
_SPREAD = np.arange(-4, 5) * 0.014  # around it, since perspective turns lines differently


class Cleaned(NamedTuple):
    """The contrast (h, w) without printed lines, and where these were, 0 or 1 (uint8)."""

    ink: Floats
    lines: Mask


def remove_lines(ink: Floats, noise: float) -> Cleaned:
    """Take the printed lines out of the ink's contrast; ink that crosses them stays.

    Nearly horizontal and nearly vertical lines that run through most of the page are removed. Ink
    stays where it is darker than the line or goes on across it.
    """
    level = max(4 * noise, LEAST_INK)
    factor = -(-max(ink.shape) // _SIDE)
    lines = np.zeros(ink.shape, np.uint8)
    for _ in ("across", "down"):
        mask = (ink > level).astype(np.uint8)
        found = _lines(_pooled(mask, factor))
        if found is not None:
            size = (found.shape[1] * factor, found.shape[0] * factor)
            large = cv2.resize(found, size, interpolation=cv2.INTER_NEAREST)
            large = large[: ink.shape[0], : ink.shape[1]]
            ink = _without(ink, mask, large, factor)
            lines |= large
        ink, lines = np.ascontiguousarray(ink.T), np.ascontiguousarray(lines.T)
    return Cleaned(ink, lines)


def _pooled(mask: Mask, factor: int) -> Mask:
    """The mask so many times smaller: a cell is 1 where any of its pixels is."""
    if factor == 1:
        return mask
    height, width = (-(-side // factor) * factor for side in mask.shape)
    padded = cv2.copyMakeBorder(
        mask, 0, height - mask.shape[0], 0, width - mask.shape[1], cv2.BORDER_CONSTANT, value=0
    )
    rows = np.maximum.reduce([padded[first::factor] for first in range(factor)])
    cells: Mask = np.maximum.reduce([rows[:, first::factor] for first in range(factor)])
    return cells


def _lines(mask: Mask) -> Mask | None:
    """Where the long, thin, nearly horizontal lines of a mask are; None where there are none."""
    side = max(mask.shape)
    piece = max(15, int(_PIECE * side))
    thickest = max(3, int(_THICKEST * side))
    thin = mask & ~cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thickest + 1, 1), np.uint8))
    straight = np.zeros_like(mask)
    gap = max(3, int(_GAP * side)) | 1
    closed = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    for slope in _slope(closed) + _SPREAD:
        straight |= _straight(closed, mask & ~thin, float(slope), piece)
    # Slopes near a line's own widen it at its ends, onto what is written beside it.
    straight = _slimmed(straight, 1 + _thickness(closed & straight))
    joined = cv2.morphologyEx(straight, cv2.MORPH_CLOSE, np.ones((3, piece // 2 * 2 + 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    widths = stats[1:, cv2.CC_STAT_WIDTH]
    long = np.flatnonzero(widths > _LENGTH * mask.shape[1]) + 1
    across = np.flatnonzero(widths > 0.85 * mask.shape[1])
    if len(long) < 3 and not len(across):
        return None
    chosen = np.isin(labels, long).astype(np.uint8)
    return cv2.dilate(chosen, np.ones((3, 1)))


def _thickness(mask: Mask) -> float:
    """The mean height of a mask's vertical runs."""
    runs = np.count_nonzero(np.diff(mask.astype(np.int8), axis=0, prepend=0) == 1)
    return np.count_nonzero(mask) / max(int(runs), 1)


def _slimmed(mask: Mask, thickest: float) -> Mask:
    """The middle of each vertical run, about so thick at most."""
    rows = np.arange(len(mask), dtype=np.int16)[:, None]
    above = np.maximum.accumulate(np.where(mask == 0, rows, -1), axis=0)
    below = np.minimum.accumulate(np.where(mask == 0, rows, len(mask))[::-1], axis=0)[::-1]
    slim: Mask = mask & (np.abs(2 * rows - above - below) <= thickest)
    return slim


def _slope(mask: Mask) -> float:
    """The slope along which the mask's pixels gather most."""
    rows, columns = np.nonzero(mask)
    if len(rows) > 60_000:
        step = len(rows) // 60_000 + 1
        rows, columns = rows[::step], columns[::step]
    if not len(rows):
        return 0.0
    scores = []
    for slope in _SLOPES:
        places = np.rint(rows - slope * columns).astype(np.int64)
        counts = np.bincount(places - places.min()).astype(np.float64)
        scores.append(float((counts**2).sum()))
    return float(_SLOPES[int(np.argmax(scores))])


def _straight(mask: Mask, thick: Mask, slope: float, length: int) -> Mask:
    """The pixels that lie in runs of this length along a slope, or in a line across most of it.

    Where `thick` ink stands on a line, that counts neither for nor against it.
    """
    height, width = mask.shape
    rise = slope * width
    forth = np.array([[1, 0, 0], [-slope, 1, max(rise, 0)]])
    back = np.array([[1, 0, 0], [slope, 1, -max(rise, 0)]])
    size = (width, height + int(abs(rise)) + 1)
    both = mask | (1 - thick) << 1  # turned as one picture
    turned = cv2.warpAffine(both, forth, size, flags=cv2.INTER_NEAREST)
    free = _row_sums(turned >> 1)
    turned &= 1
    opened = cv2.morphologyEx(turned, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    # Pieces in one line belong together: digits stand between them.
    opened = _closed_along(opened, 3 * length)
    near = _row_sums(cv2.dilate(turned, np.ones((3, 1), np.uint8)))
    across = (near > _ACROSS * free) & (free > width / 2)
    opened[across] = 1
    return cv2.warpAffine(opened, back, (width, height), flags=cv2.INTER_NEAREST)


def _closed_along(mask: Mask, length: int) -> Mask:
    """The mask closed along its rows; sums take the same time however long."""
    beside = cv2.boxFilter(mask, cv2.CV_16S, (length, 1), normalize=False, borderType=_ZEROS)
    far = (beside == 0).astype(np.uint8)
    beside = cv2.boxFilter(far, cv2.CV_16S, (length, 1), normalize=False, borderType=_ZEROS)
    return (beside == 0).astype(np.uint8)


def _row_sums(mask: Mask) -> NDArray[np.int32]:
    sums: NDArray[np.int32] = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return sums


def _without(ink: Floats, mask: Mask, lines: Mask, factor: int) -> Floats:
    """The contrast with these nearly horizontal lines taken out."""
    reach = cv2.dilate(lines, np.ones((2 * factor + 1, 1), np.uint8))
    count, labels = cv2.connectedComponents(reach, connectivity=8)
    levels = np.zeros(count, np.float32)
    thick = np.zeros(count, np.float32)
    on = np.flatnonzero(lines & mask)
    on = on[np.argsort(labels.ravel()[on], kind="stable")]
    values, columns = ink.ravel()[on], on % ink.shape[1]
    starts = np.searchsorted(labels.ravel()[on], np.arange(count + 1))
    for number in range(1, count):
        part = slice(starts[number], starts[number + 1])
        if part.stop > part.start:
            levels[number] = np.percentile(values[part], 60)
            thick[number] = (part.stop - part.start) / len(np.unique(columns[part]))
    typical = float(np.median(thick[1:])) if count > 1 else 1.0
    tall = int(2 * typical + 2)
    crossing = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((tall, 1), np.uint8))
    near = np.flatnonzero(reach)
    values = ink.ravel()[near]
    gone = values < (levels * 1.25 + 0.05)[labels.ravel()[near]]
    gone &= crossing.ravel()[near] == 0
    cleaned = ink.copy()
    cleaned.ravel()[near] = np.where(gone, 0, values)
    # Ink that crosses the line keeps no gap where the line was.
    bridge = cv2.morphologyEx(cleaned, cv2.MORPH_CLOSE, np.ones((tall + 1, 1), np.uint8))
    cleaned.ravel()[near] = np.where(gone, np.minimum(bridge.ravel()[near], values), values)
    return cleaned
