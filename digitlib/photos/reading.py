"""From a picture to its digits: every step, and `read_photo` that goes through them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.components import Components, binarise, find_components
from digitlib.photos.decoding import Picture, decode
from digitlib.photos.image import digit_image
from digitlib.photos.layout import groups, places
from digitlib.photos.light import Contrast, enlargement, flatten, grey_of, is_light_on_dark
from digitlib.photos.pieces import Group, Pieces, cut_out, ink_of, over_segment
from digitlib.photos.rules import Cleaned, remove_lines
from digitlib.recogniser import Recogniser, cheapest_path

_SURE = 0.95  # confidence from which a component of a digit's shape is not cut
_WIDE = 1.25  # width by height from which it is cut all the same
_MOST_PIECES = 4  # of a digit
_LEAST_CONFIDENCE = 0.5  # what is read with less is no digit
_CUT = 0.35  # cost of a cut through ink, and that of its length by the digits' height
_CUT_INK = 2.0
_GAP = 1.5  # cost of a gap within a digit, by the digits' height
Image = NDArray[np.uint8]


class PhotoDigit(NamedTuple):
    """A digit in a picture: what is read, its box in px of the upright file, and its place."""

    digit: int  # the likeliest
    confidence: float
    probabilities: NDArray[np.float32]  # (10,)
    box: tuple[int, int, int, int]  # x, y, width, height
    image: Image  # (28, 28), as in MNIST
    line: int  # from 0, from the top
    number: int  # from 0, in reading order: digits of a number follow each other


class Steps(NamedTuple):
    """What each step makes of a picture; all are (h, w), `picture` with three colours."""

    picture: Picture
    contrast: Contrast
    cleaned: Cleaned
    mask: NDArray[np.uint8]
    components: Components
    enlarged: int  # how many times larger than `picture` the others are


class _Candidate(NamedTuple):
    """A run of pieces of a group, and its image."""

    first: int
    last: int
    box: tuple[int, int, int, int]  # left, top, right, bottom in the group's px
    image: Image


def prepare(source: bytes | str | Path) -> Steps:
    """The steps from a file, or its bytes, to connected ink; ValueError as `decode` raises it."""
    picture = decode(source)
    enlarged = enlargement(picture.colour.shape)
    grey = grey_of(picture.colour)
    if enlarged > 1:
        grey = cv2.resize(grey, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    if is_light_on_dark(grey):
        grey = 255 - grey
    contrast = flatten(np.clip(grey, 0, 255))
    cleaned = remove_lines(contrast.ink, contrast.noise)
    mask = binarise(cleaned.ink, contrast.noise)
    return Steps(picture, contrast, cleaned, mask, find_components(mask), enlarged)


def read_photo(
    source: bytes | str | Path, recogniser: Recogniser | None = None
) -> list[PhotoDigit]:
    """The digits in a photo, a scan or a screenshot (PNG, JPEG, WebP), in reading order.

    `source` is a path or the file's bytes; by default the serving model reads. Raises ValueError,
    with a sentence, for what is no such picture or too large; OSError for a missing file.
    """
    return read_steps(prepare(source), recogniser or Recogniser.load())


def read_steps(steps: Steps, recogniser: Recogniser) -> list[PhotoDigit]:
    """The digits in a prepared picture, in reading order."""
    found = steps.components
    if not found.found:
        return []
    together = groups(found.found, found.height)
    cut = [cut_out(steps.cleaned.ink, found.labels, group, found.height) for group in together]
    cut = [_levelled(group) for group in cut]
    pieces = _in_pieces(cut, recogniser)
    runs = [_candidates(*pair) for pair in zip(cut, pieces, strict=True)]
    rows = recogniser.predict(np.array([c.image for run in runs for c in run], np.uint8))
    digits, at = [], 0
    for group, piece, run in zip(cut, pieces, runs, strict=True):
        read = rows[at : at + len(run)]
        at += len(run)
        digits += _best(group, piece, run, read)
    kept = [digit for digit in digits if digit[0].max() >= _LEAST_CONFIDENCE]
    return _placed(kept, steps)


def _levelled(group: Group) -> Group:
    """The group's ink, its strokes as strong as ink can be."""
    inside = group.ink[group.numbers > 0]
    strength = float(np.percentile(inside, 75)) if len(inside) else 1.0
    level = group.ink / max(strength, 0.05)
    return group._replace(ink=np.clip((level - 0.5) * 1.6 + 0.5, 0, 1).astype(np.float32))


def _in_pieces(cut: Sequence[Group], recogniser: Recogniser) -> list[Pieces]:
    """The pieces of each group: what is no clear digit by itself is cut."""
    images, owners, wide = [], [], []
    for index, group in enumerate(cut):
        for number in range(1, int(group.numbers.max()) + 1):
            inside = group.numbers == number
            if not inside.any():
                continue
            ink = ink_of(group, group.numbers, number - 1, number)
            images.append(_image(ink))
            owners.append((index, number))
            rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
            wide.append(np.ptp(columns) > _WIDE * np.ptp(rows))
    sure = recogniser.predict(np.array(images, np.uint8)).max(axis=1) >= _SURE
    doubtful: list[set[int]] = [set() for _ in cut]
    for (index, number), is_sure, is_wide in zip(owners, sure, wide, strict=True):
        if not is_sure or is_wide:
            doubtful[index].add(number)
    return [over_segment(group, chosen) for group, chosen in zip(cut, doubtful, strict=True)]


def _image(ink: NDArray[np.float32]) -> Image:
    try:
        return digit_image(ink)
    except ValueError:  # hardly any ink
        return np.zeros((28, 28), np.uint8)


def _candidates(group: Group, pieces: Pieces) -> list[_Candidate]:
    """Every run of neighbouring pieces that may be a digit."""
    count = int(pieces.numbers.max())
    spans = []
    for number in range(1, count + 1):
        rows, columns = np.nonzero(pieces.numbers == number)
        spans.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    found = []
    for first in range(count):
        for last in range(first + 1, min(first + _MOST_PIECES, count) + 1):
            boxes = np.array(spans[first:last])
            low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
            if last > first + 1 and high[0] - low[0] > 1.7 * 64:
                break
            image = _image(ink_of(group, pieces.numbers, first, last))
            box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
            found.append(_Candidate(first, last, box, image))
    return found


def _best(
    group: Group, pieces: Pieces, run: Sequence[_Candidate], rows: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], tuple[float, float, float, float], Image]]:
    """The cheapest way to read a group: probabilities, box (working px) and image of each digit."""
    by_run = {(c.first, c.last): (c, row) for c, row in zip(run, rows, strict=True)}
    singles = {c.first: c for c in run if c.last == c.first + 1}
    costs = {
        key: _cost(candidate, row, pieces, singles) for key, (candidate, row) in by_run.items()
    }
    digits = []
    for key in cheapest_path(int(pieces.numbers.max()), costs):
        candidate, row = by_run[key]
        left, top, right, bottom = (value * group.scale for value in candidate.box)
        box = (group.left + left, group.top + top, right - left, bottom - top)
        digits.append((row, box, candidate.image))
    return digits


def _cost(
    candidate: _Candidate,
    row: NDArray[np.float32],
    pieces: Pieces,
    singles: dict[int, _Candidate],
) -> float:
    """How little a run of pieces looks like a digit, and what it costs to cut it off."""
    cost = -math.log(max(float(row.max()), 1e-6))
    if candidate.last in pieces.cuts:
        cost += _CUT + _CUT_INK * pieces.cuts[candidate.last]
    for index in range(candidate.first, candidate.last - 1):
        gap = singles[index + 1].box[0] - singles[index].box[2]
        cost += _GAP * max(gap, 0) / 64
    height = candidate.box[3] - candidate.box[1]
    if height < 0.5 * 64:
        cost += 1.0
    return cost


def _placed(
    digits: Sequence[tuple[NDArray[np.float32], tuple[float, float, float, float], Image]],
    steps: Steps,
) -> list[PhotoDigit]:
    """The digits with their places, in reading order."""
    scale = steps.picture.scale / steps.enlarged
    found = []
    where = places([box for _, box, _ in digits])
    for (row, box, image), place in zip(digits, where, strict=True):
        x, y, width, height = (round(scale * side) for side in box)
        whole = (max(x, 0), max(y, 0), max(width, 1), max(height, 1))
        found.append(
            PhotoDigit(int(row.argmax()), float(row.max()), row, whole, image, *place)
        )
    return sorted(found, key=lambda digit: (digit.number, digit.box[0]))
