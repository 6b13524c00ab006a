"""From a picture to its digits: every step, and `read_photo` that goes through them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.components import Components, binarise, find_components
from digitlib.photos.decoding import MOST_PIXELS, Picture, decode
from digitlib.photos.image import digit_image
from digitlib.photos.layout import groups, places
from digitlib.photos.light import Contrast, enlargement, flatten, grey_of, is_light_on_dark
from digitlib.photos.pieces import (
    HEIGHT,
    Boundary,
    Group,
    between,
    boundaries,
    cut_out,
    ink_of,
)
from digitlib.photos.rules import Cleaned, remove_lines
from digitlib.recogniser import Recogniser, cheapest_path

_SURE = 0.95  # confidence from which a component of a digit's shape is not cut
_WIDE = 0.8  # standard deviations of its width from which it is cut all the same
_WIDEST = 1.5  # width of a digit by the height of digits
_LEAST_INK = 25  # px of a group's: less is no digit
_LEAST_CONFIDENCE = 0.5  # what is read with less is no digit
_CUT = 0.05  # cost of a cut through ink, and that of its length by the digits' height
_CUT_INK = 1.0
_SHAPE = 0.25  # cost of an unusual width for the digit, by standard deviations beyond one, squared
_LOW = 3.0  # cost of a low shape, by the digits' height
# Mean and standard deviation of log(width / height) of each digit, in MNIST and of pens.
_ASPECTS = (
    *((-0.12, 0.28), (-1.12, 0.53), (-0.08, 0.28), (-0.3, 0.28), (-0.28, 0.26)),
    *((-0.09, 0.3), (-0.4, 0.27), (-0.25, 0.3), (-0.33, 0.26), (-0.44, 0.25)),
)
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


class _Found(NamedTuple):
    """A digit in working px: probabilities (10,), box (x, y, width, height) and image."""

    probabilities: NDArray[np.float32]
    box: tuple[float, float, float, float]
    image: Image


class _Candidate(NamedTuple):
    """The ink between two boundaries of a group, and its image."""

    first: int
    last: int
    box: tuple[int, int, int, int]  # left, top, right, bottom in the group's px
    image: Image


def prepare(source: bytes | str | Path, most_pixels: int = MOST_PIXELS) -> Steps:
    """The steps from a file, or its bytes, to connected ink; ValueError as `decode` raises it."""
    return prepare_picture(decode(source, most_pixels))


def prepare_picture(picture: Picture) -> Steps:
    """The steps from a decoded picture to connected ink."""
    enlarged = enlargement(picture.colour.shape)
    grey = grey_of(picture.colour)
    if enlarged > 1:
        grey = cv2.resize(grey, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    if is_light_on_dark(grey):
        grey = 255 - grey
    contrast = flatten(np.clip(grey, 0, 255))
    cleaned = remove_lines(contrast.ink, contrast.noise)
    mask = binarise(cleaned.ink, contrast.noise)
    components = find_components(mask, contrast.ink, cleaned.lines)
    return Steps(picture, contrast, cleaned, mask, components, enlarged)


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
    cut = [levelled(group) for group in cut]
    edges = _boundaries(cut, recogniser)
    runs = [_candidates(*pair) for pair in zip(cut, edges, strict=True)]
    rows = recogniser.predict(np.array([c.image for run in runs for c in run], np.uint8))
    digits, at = [], 0
    for group, edge, run in zip(cut, edges, runs, strict=True):
        digits += _best(group, edge, run, rows[at : at + len(run)])
        at += len(run)
    kept = [digit for digit in digits if digit[0].max() >= _LEAST_CONFIDENCE]
    return _placed(kept, steps)


def levelled(group: Group) -> Group:
    """The group's ink, its strokes as strong as ink can be."""
    inside = group.ink[group.numbers > 0]
    strength = float(np.percentile(inside, 75)) if len(inside) else 1.0
    level = group.ink / max(strength, 0.05)
    return group._replace(ink=np.clip((level - 0.5) * 1.6 + 0.5, 0, 1).astype(np.float32))


def _boundaries(cut: Sequence[Group], recogniser: Recogniser) -> list[list[Boundary]]:
    """The boundaries in each group: what is no clear digit by itself may be cut."""
    images, owners, aspects = [], [], []
    for index, group in enumerate(cut):
        for number in range(1, int(group.numbers.max()) + 1):
            inside = group.numbers == number
            if inside.any():
                left, top, right, bottom = _box(inside)
                images.append(_image(ink_of(group, inside)))
                owners.append((index, number))
                aspects.append((right - left) / (bottom - top))
    read = recogniser.predict(np.array(images, np.uint8).reshape(-1, 28, 28))
    doubtful: list[set[int]] = [set() for _ in cut]
    for (index, number), row, aspect in zip(owners, read, aspects, strict=True):
        if row.max() < _SURE or _too_wide(aspect, row) > _WIDE:
            doubtful[index].add(number)
    return [boundaries(group, chosen) for group, chosen in zip(cut, doubtful, strict=True)]


def _box(inside: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask, the last two exclusive."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _image(ink: NDArray[np.float32]) -> Image:
    try:
        return digit_image(ink)
    except ValueError:  # hardly any ink
        return np.zeros((28, 28), np.uint8)


def _candidates(group: Group, edges: Sequence[Boundary]) -> list[_Candidate]:
    """The ink between every two boundaries that may hold a digit."""
    found = []
    for first in range(len(edges) - 1):
        for last in range(first + 1, len(edges)):
            inside = between(group, edges[first], edges[last])
            is_component = _is_component(edges[first], edges[last])
            if inside.sum() < _LEAST_INK and not is_component:
                continue
            box = _box(inside) if inside.any() else (0, 0, 1, 1)
            if box[2] - box[0] > _WIDEST * HEIGHT and not is_component:
                break
            image = _image(ink_of(group, inside)) if inside.any() else _image(group.ink[:1] * 0)
            found.append(_Candidate(first, last, box, image))
    return found


def _is_component(left: Boundary, right: Boundary) -> bool:
    """Whether exactly one component lies between two boundaries."""
    return left.seam is None and right.seam is None and right.component == left.component + 1


def _best(
    group: Group,
    edges: Sequence[Boundary],
    run: Sequence[_Candidate],
    rows: NDArray[np.float32],
) -> list[_Found]:
    """The cheapest way to read a group: what is found, from left to right."""
    heights = [c.box[3] - c.box[1] for c in run]
    tallest = max(float(np.percentile(heights, 80)), 0.6 * HEIGHT)
    by_run = {(c.first, c.last): (c, row) for c, row in zip(run, rows, strict=True)}
    costs = {key: _cost(*found, edges, tallest) for key, found in by_run.items()}
    digits = []
    for key in cheapest_path(len(edges) - 1, costs):
        candidate, row = by_run[key]
        left, top, right, bottom = (value * group.scale for value in candidate.box)
        box = (group.left + left, group.top + top, right - left, bottom - top)
        digits.append(_Found(row, box, candidate.image))
    return digits


def _cost(
    candidate: _Candidate, row: NDArray[np.float32], edges: Sequence[Boundary], tallest: float
) -> float:
    """How little the ink between two boundaries looks like a digit, and what its last cut costs."""
    cost = -math.log(max(float(row.max()), 1e-6))
    last = edges[candidate.last]
    if last.seam is not None:
        cost += _CUT + _CUT_INK * last.cut
    width, height = (candidate.box[2 + axis] - candidate.box[axis] for axis in (0, 1))
    cost += _SHAPE * max(_too_wide(width / height, row) - 0.3, 0) ** 2
    return cost + _LOW * max(0.8 - height / tallest, 0)


def _too_wide(aspect: float, row: NDArray[np.float32]) -> float:
    """By how many standard deviations a shape is wider than the digit that it is read as."""
    usual, spread = _ASPECTS[int(row.argmax())]
    return (math.log(aspect) - usual) / spread


def _placed(digits: Sequence[_Found], steps: Steps) -> list[PhotoDigit]:
    """The digits with their places, in reading order."""
    scale = steps.picture.scale / steps.enlarged
    found = []
    where = places([box for _, box, _ in digits])
    for (row, box, image), place in zip(digits, where, strict=True):
        x, y, width, height = (round(scale * side) for side in box)
        whole = (max(x, 0), max(y, 0), max(width, 1), max(height, 1))
        found.append(PhotoDigit(int(row.argmax()), float(row.max()), row, whole, image, *place))
    return sorted(found, key=lambda digit: (digit.number, digit.box[0]))
