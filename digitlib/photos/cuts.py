"""Where connected ink may be cut into digits: along seams, and across at the narrowest places."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT = 64  # px, the height that digits have here
_SIDEWAYS = 0.1  # cost of a seam's step aside, where a px of ink costs 1
_STEP, _BAND = 3, 8  # px between the bands in which seams are sought, and their half width
_SLANTS = (0.0, 0.3)  # to the right, by height: writing leans
_APART = 0.08  # of the height: of the seams in such a strip, the one through least ink counts
_MOST_INK = 0.8  # of the height: a seam through more ink is no cut
_ARM = 6  # px along the outline to either side of a corner
_BEND = 0.5  # radians by which the outline turns inwards at a corner, at least
_LONGEST = 0.36  # of the height: a longer chord is no cut
_AROUND = 0.25  # of the height: so far along the outline the ends of a chord are apart, at least
_LEAST_EXTENT, _LEAST_AREA = 0.4, 0.015  # of a part that a chord cuts off, by the height
_NEAR = 4  # px between the ends of chords, within which only the shortest is tried
_SAME = 0.012  # of the height squared: chords that differ by less ink are one
Mask = NDArray[np.bool_]


class Cut(NamedTuple):
    """A way to cut connected ink in two."""

    left: Mask  # (h, w), the ink to the left of it
    inked: float  # px of ink on it


def find_cuts(mask: Mask) -> list[Cut]:
    """The cuts of connected ink (h, w) whose digits are 64 px high, those farthest left first."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = mask[box]
    found = []
    for left, inked in _seams(inside) + _chords(inside):
        whole = np.zeros(mask.shape, np.bool_)
        whole[box] = left
        found.append(Cut(whole, inked))
    return sorted(found, key=lambda cut: np.count_nonzero(cut.left))


def _chords(mask: Mask) -> list[Cut]:
    """Straight cuts from a corner in the outline to the other side of the ink.

    Where digits touch, the outline turns inwards on either side of the place.
    """
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)[:, 0].astype(np.float32)
    count = len(outline)
    if count < 4 * _ARM:
        return []
    turns = _turns(outline)
    near = np.stack([np.roll(turns, step) for step in range(-4, 5)])
    corners = np.flatnonzero((turns < -_BEND) & (turns <= near.min(axis=0)))
    distance = np.linalg.norm(outline[corners, None] - outline[None], axis=2)
    along = np.abs(corners[:, None] - np.arange(count))
    distance[np.minimum(along, count - along) < _AROUND * HEIGHT] = np.inf
    nearest = (distance <= np.roll(distance, 1, axis=1)) & (
        distance <= np.roll(distance, -1, axis=1)
    )
    to_corner = np.isin(np.arange(count), corners)
    places = np.argwhere((nearest | to_corner) & (distance < _LONGEST * HEIGHT))
    order = np.argsort(distance[tuple(places.T)], kind="stable")
    kept: list[Cut] = []
    tried = np.zeros((0, 2, 2), np.float32)
    for corner, other in places[order].tolist():
        ends = outline[[corners[corner], other]]
        apart = np.abs(tried - np.stack([ends, ends[::-1]])[:, None]).max(axis=(2, 3), initial=0)
        if (apart < _NEAR).any():
            continue
        tried = np.concatenate([tried, ends[None]])
        cut = _across(mask, *ends)
        if cut and all(np.count_nonzero(cut.left ^ one.left) > _SAME * HEIGHT**2 for one in kept):
            kept.append(cut)
    return kept


def _turns(outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how many radians an outline (n, 2) turns at each point: below 0 inwards."""
    smooth = sum(np.roll(outline, step, axis=0) for step in range(-2, 3)) / np.float32(5)
    before, after = smooth - np.roll(smooth, _ARM, axis=0), np.roll(smooth, -_ARM, axis=0) - smooth
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    around = float(cv2.contourArea(outline[:, None], oriented=True))
    turned: NDArray[np.float32] = np.arctan2(cross, (before * after).sum(axis=1))
    return turned * np.float32(np.sign(around) or 1)


def _across(mask: Mask, one: NDArray[np.float32], other: NDArray[np.float32]) -> Cut | None:
    """The cut along a straight line; None where it leaves the ink or cuts no digit off."""
    line = np.zeros(mask.shape, np.uint8)
    cv2.line(line, one.astype(int).tolist(), other.astype(int).tolist(), 1)
    on = line > 0
    if not mask[on].all():
        return None
    rest = (mask & ~on).astype(np.uint8)
    count, labels, stats, middles = cv2.connectedComponentsWithStats(rest, connectivity=4)
    if count < 3:
        return None
    order = (1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")).tolist()
    first, second = sorted(order[:2], key=lambda label: float(middles[label, 0]))
    across = [float(middle) for middle in middles[:, 0]]
    is_left = np.zeros(count, np.bool_)
    for label in order:
        is_left[label] = abs(across[label] - across[first]) < abs(across[label] - across[second])
    for label in (first, second):
        extent = stats[label, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max()
        area = stats[label, cv2.CC_STAT_AREA]
        if extent < _LEAST_EXTENT * HEIGHT or area < _LEAST_AREA * HEIGHT**2:
            return None
    return Cut(is_left[labels] | on, float(on.sum()))


def _seams(mask: Mask) -> list[Cut]:
    """Ways down through little ink."""
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
    across = np.arange(mask.shape[1])
    return [
        Cut(mask & (across <= seam[:, None]), inked) for _, (_, seam, inked) in sorted(kept.items())
    ]


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
        return np.minimum(np.maximum(bands + lean[row], 0), width - 1)

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
