"""Where connected ink may be cut into digits: along seams, and across at the narrowest places."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.component import Mask, box_of, depth_of

HEIGHT = 64  # px, the height that digits have here
_SIDEWAYS = 0.1  # cost of a seam's step aside, where a px of ink costs 1
_STEP, _BAND = 3, 3  # px between the bands in which seams are sought, and their half width
_SLANTS = (-0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.6, 0.75)  # to the right, by height: writing leans
_APART = 0.025  # of the height squared: cuts that differ by less ink are one
_MOST_INK = 0.8  # of the height: a seam through more ink is no cut
_ARM = 6  # px along the outline to either side of a corner
_BEND = 0.5  # radians by which the outline turns inwards at a corner, at least
_LONGEST = 0.45  # of the height: a longer chord is no cut
_AROUND = 0.25  # of the height: so far along the outline the ends of a chord are apart, at least
_LEAST_EXTENT, _LEAST_AREA = 0.4, 0.015  # of a part that a chord cuts off, by the height
_NEAR = 4  # px between the ends of chords, within which only the shortest is tried
_INTO_A_HOLE = 6  # chords from outside, the shortest, of which every two are tried
Ends = NDArray[np.float32]


class Cut(NamedTuple):
    """A way to cut connected ink in two."""

    left: Mask  # (h, w), the ink to the left of it
    inked: float  # px of ink on it


def find_cuts(mask: Mask) -> list[Cut]:
    """The cuts of connected ink (h, w) whose digits are 64 px high, those farthest left first.

    Of those that part the ink almost alike, the first counts: a chord, or else the cheapest seam.
    """
    left, top, right, bottom = box_of(mask)
    box = (slice(top, bottom), slice(left, right))
    inside = mask[box]
    found: list[Cut] = []
    packed = np.zeros((0, math.ceil(inside.size / 8)), np.uint8)
    for cut in (*_chords(inside), *_seams(inside)):
        bits = np.packbits(cut.left)
        if (np.bitwise_count(packed ^ bits).sum(axis=1) > _APART * HEIGHT**2).all():
            packed = np.concatenate([packed, bits[None]])
            whole = np.zeros(mask.shape, np.bool_)
            whole[box] = cut.left
            found.append(Cut(whole, cut.inked))
    return sorted(found, key=lambda cut: np.count_nonzero(cut.left))


def _chords(mask: Mask) -> list[Cut]:
    """Straight cuts from a corner in an outline to the other side of the ink.

    Where digits touch, the outline turns inwards on either side of the place. Where they touch
    twice, a hole lies between them, and two chords from outside into it part them.
    """
    chords = _short_chords(mask)
    alone = [[ends] for ends, outlines in chords if outlines == (0, 0)]
    into: dict[int, list[Ends]] = {}
    for ends, outlines in chords:
        if min(outlines) == 0 < max(outlines):
            into.setdefault(max(outlines), []).append(ends)
    pairs = [list(pair) for some in into.values() for pair in combinations(some[:_INTO_A_HOLE], 2)]
    cuts = (_across(mask, lines) for lines in alone + pairs)
    return [cut for cut in cuts if cut]


def _short_chords(mask: Mask) -> list[tuple[Ends, tuple[int, int]]]:
    """Ends (2, 2) of chords and the outlines that these are on, 0 the outer one; short ones first.

    Of those whose ends are near each other only the shortest.
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    outlines = [part[:, 0].astype(np.float32) for part in sorted(found, key=len, reverse=True)]
    outlines = [part for part in outlines if len(part) >= 4 * _ARM]
    if not outlines:
        return []
    points = np.concatenate(outlines)
    owner = np.repeat(np.arange(len(outlines)), [len(part) for part in outlines])
    start = np.searchsorted(owner, owner)
    count = np.bincount(owner)[owner]
    corners = np.flatnonzero(np.concatenate([_corners(part) for part in outlines]))
    distance = np.linalg.norm(points[corners, None] - points[None], axis=2)
    along = np.abs(corners[:, None] - np.arange(len(points)))
    near = np.minimum(along, count - along) < _AROUND * HEIGHT
    distance[near & (owner[corners, None] == owner)] = np.inf
    place = np.arange(len(points))
    before, after = start + (place - start - 1) % count, start + (place - start + 1) % count
    nearest = (distance <= distance[:, before]) & (distance <= distance[:, after])
    to_corner = np.isin(place, corners)
    places = np.argwhere((nearest | to_corner) & (distance < _LONGEST * HEIGHT))
    order = np.argsort(distance[tuple(places.T)], kind="stable")
    chords = []
    tried = np.zeros((0, 2, 2), np.float32)
    for corner, other in places[order].tolist():
        ends = points[[corners[corner], other]]
        apart = np.abs(tried - np.stack([ends, ends[::-1]])[:, None]).max(axis=(2, 3), initial=0)
        if (apart >= _NEAR).all():
            tried = np.concatenate([tried, ends[None]])
            chords.append((ends, (int(owner[corners[corner]]), int(owner[other]))))
    return chords


def _corners(outline: NDArray[np.float32]) -> Mask:
    """At which points of an outline (n, 2) it turns inwards most."""
    turns = _turns(outline)
    near = np.stack([np.roll(turns, step) for step in range(-4, 5)])
    corners: Mask = (turns < -_BEND) & (turns <= near.min(axis=0))
    return corners


def _turns(outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how many radians an outline (n, 2) turns at each point: below 0 into the ink.

    OpenCV goes round ink and round holes in opposite directions, with ink on the same side.
    """
    smooth = sum(np.roll(outline, step, axis=0) for step in range(-2, 3)) / np.float32(5)
    before, after = smooth - np.roll(smooth, _ARM, axis=0), np.roll(smooth, -_ARM, axis=0) - smooth
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turned: NDArray[np.float32] = np.arctan2(cross, (before * after).sum(axis=1))
    return -turned


def _across(mask: Mask, lines: Sequence[Ends]) -> Cut | None:
    """The cut along straight lines; None where they leave the ink or cut no digit off."""
    drawn = np.zeros(mask.shape, np.uint8)
    for ends in lines:
        start, end = ends.astype(int).tolist()
        cv2.line(drawn, start, end, 1)
    on = drawn > 0
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
    """Ways down through little ink, the cheapest first."""
    columns = np.flatnonzero(mask.any(axis=0))
    low, high = int(columns[0]), int(columns[-1])
    starts = np.arange(low + 4, high - 3, _STEP)
    if not len(starts):
        return []
    price = _price(mask)
    ways = [_ways(price, starts, slant) for slant in _SLANTS]
    seams, costs = (np.concatenate(part) for part in zip(*ways, strict=True))
    inked = mask[np.arange(len(mask)), seams].sum(axis=1)
    middle = seams.mean(axis=1)
    inside = (low + 0.06 * HEIGHT < middle) & (middle < high - 0.06 * HEIGHT)
    order = np.argsort(costs, kind="stable")
    across = np.arange(mask.shape[1])
    return [
        Cut(mask & (across <= seams[place][:, None]), float(inked[place]))
        for place in order[(inside & (inked < _MOST_INK * HEIGHT))[order]]
    ]


def _price(mask: Mask) -> NDArray[np.float32]:
    """What a way pays for each px (h, w): for ink, for what is beside it, less between strokes."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    price: NDArray[np.float32] = mask + np.float32(0.05) * near
    depth = depth_of(mask)
    usual = float(np.median(depth[mask])) * 2  # half a stroke's width
    price[depth > 1.35 * usual] = 0.3  # two strokes beside each other
    return price


def _ways(
    price: NDArray[np.float32], starts: NDArray[np.int64], slant: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The cheapest way from top to bottom in a band through each start: columns (n, h), costs (n,).

    Dynamic programming over all bands at once: a step goes on along the slant, or aside too.
    """
    height, width = price.shape
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
