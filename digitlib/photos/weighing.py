"""Which cuts of a group are its digits: parts are weighed by what they are read as, and judged."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.photos.component import box_of
from digitlib.photos.cuts import HEIGHT
from digitlib.photos.image import digit_image
from digitlib.photos.parts import judge, views
from digitlib.photos.pieces import Boundary, Group, between, boundaries, ink_of
from digitlib.recogniser import Recogniser, cheapest_path

_SURE = 0.95  # confidence from which a component of a digit's shape is not cut
_WIDE = 0.8  # standard deviations of its width from which it is cut all the same
_WIDEST = 1.5  # width of a digit by the height of digits
_LOWEST = 0.4  # height of a digit by that of others
_LEAST_INK = 25  # px of a group's: less is no digit
_LEAST_CONFIDENCE = 0.5  # what is read with less is no digit
_TOO_WIDE = (2.5, 3.0)  # standard deviations of its width, from which it is no digit; a sure one
_CUT = -0.6  # cost of a cut: more digits cost more; and that of its length, by their height
_CUT_INK = 0.5
_JOINED = 1.0  # cost of a digit that is a component and what was cut off the one beside it
_UNLIKELY = 0.03  # probability of a whole digit below which a part that a cut made is not read
_MOST_COMPONENTS = 4  # of a digit
_JUDGED = 1.0  # weight of the judgement of parts that a cut made
_SHAPE = 0.12  # cost of an unusual width for the digit, by standard deviations beyond one, squared
_LOW = 3.0  # cost of a low shape, by the digits' height
# Mean and standard deviation of log(width / height) of each digit, in MNIST and of pens.
_ASPECTS = (
    *((-0.12, 0.28), (-1.12, 0.53), (-0.08, 0.28), (-0.3, 0.28), (-0.28, 0.26)),
    *((-0.09, 0.3), (-0.4, 0.27), (-0.25, 0.3), (-0.33, 0.26), (-0.44, 0.25)),
)
Image = NDArray[np.uint8]
_BLANK: Image = np.zeros((28, 28), np.uint8)


class Found(NamedTuple):
    """A digit in working px: probabilities (10,), box (x, y, width, height) and image."""

    probabilities: NDArray[np.float32]
    box: tuple[float, float, float, float]
    image: Image


class _Part(NamedTuple):
    """The ink between two boundaries of a group."""

    first: int
    last: int
    inside: NDArray[np.bool_]  # (h, w)
    box: tuple[int, int, int, int]  # left, top, right, bottom in the group's px
    is_cut: bool  # it was made by a cut, or may be cut itself
    is_component: bool
    whole: float = 1.0  # probability that it is one whole digit
    image: Image = _BLANK


def weigh(cut: Sequence[Group], recogniser: Recogniser) -> list[Found]:
    """The digits of each group, from left to right."""
    edges = _boundaries(cut, recogniser)
    runs = [_likely_parts(group, edge) for group, edge in zip(cut, edges, strict=True)]
    rows = recogniser.predict(np.array([p.image for run in runs for p in run], np.uint8))
    digits, at = [], 0
    for group, edge, run in zip(cut, edges, runs, strict=True):
        digits += _best(group, edge, run, rows[at : at + len(run)])
        at += len(run)
    return [digit for digit in digits if _is_digit(digit)]


def _is_digit(digit: Found) -> bool:
    """Whether it is read with some confidence, and has that digit's shape."""
    _, _, width, height = digit.box
    confidence = float(digit.probabilities.max())
    # What lies and is read as a 1 is the bar of a 5.
    widest = _TOO_WIDE[confidence >= _SURE and int(digit.probabilities.argmax()) != 1]
    likely = confidence >= _LEAST_CONFIDENCE
    return likely and _too_wide(width / height, digit.probabilities) <= widest


def _boundaries(cut: Sequence[Group], recogniser: Recogniser) -> list[list[Boundary]]:
    """The boundaries in each group: what is no clear digit by itself may be cut."""
    images, owners, aspects = [], [], []
    for index, group in enumerate(cut):
        for number in range(1, int(group.numbers.max()) + 1):
            inside = group.numbers == number
            if inside.any():
                left, top, right, bottom = box_of(inside)
                images.append(_image(ink_of(group, inside)))
                owners.append((index, number))
                aspects.append((right - left) / (bottom - top))
    read = recogniser.predict(np.array(images, np.uint8).reshape(-1, 28, 28))
    doubtful: list[set[int]] = [set() for _ in cut]
    for (index, number), row, aspect in zip(owners, read, aspects, strict=True):
        if row.max() < _SURE or _too_wide(aspect, row) > _WIDE:
            doubtful[index].add(number)
    return [boundaries(group, chosen) for group, chosen in zip(cut, doubtful, strict=True)]


def _image(ink: NDArray[np.float32]) -> Image:
    try:
        return digit_image(ink)
    except ValueError:  # hardly any ink
        return _BLANK


def _likely_parts(group: Group, edges: Sequence[Boundary]) -> list[_Part]:
    """The parts that may be digits, judged; only such as a row of others leads to from the left."""
    found: list[_Part] = []
    reached, new = {0}, [0]
    while new:
        likely = _judged(group, [part for first in new for part in _parts(group, edges, first)])
        found += likely
        new = sorted({part.last for part in likely} - reached)
        reached.update(new)
    return found


def _parts(group: Group, edges: Sequence[Boundary], first: int) -> list[_Part]:
    """The ink between a boundary and those after it, where it may be a digit's."""
    found = []
    left = edges[first]
    for last, right in enumerate(edges[first + 1 :], first + 1):
        if right.component - left.component > _MOST_COMPONENTS:
            break
        inside = between(left, right)
        is_component = _is_component(left, right)
        if inside is not None and (is_component or may_be_digit(inside)):
            box = box_of(inside) if inside.any() else (0, 0, 1, 1)
            is_cut = any(edge.cut is not None for edge in edges[first : last + 1])
            found.append(_Part(first, last, inside, box, is_cut, is_component))
    return found


def may_be_digit(inside: NDArray[np.bool_]) -> bool:
    """Whether a part (h, w) of a group has the ink of a digit, its height and its width."""
    if np.count_nonzero(inside) < _LEAST_INK:
        return False
    left, top, right, bottom = box_of(inside)
    return right - left <= _WIDEST * HEIGHT and bottom - top >= _LOWEST * HEIGHT


def _judged(group: Group, run: Sequence[_Part]) -> list[_Part]:
    """The parts with their images, judged where cuts are in question; no hopeless ones."""
    rows = judge(views(group, [part.inside for part in run if part.is_cut]))
    whole = iter((1 - rows[:, 10]).tolist())
    found = []
    for part in run:
        likely = next(whole) if part.is_cut else 1.0
        if likely >= _UNLIKELY or part.is_component:
            image = _image(ink_of(group, part.inside)) if part.inside.any() else _BLANK
            found.append(part._replace(whole=max(likely, _UNLIKELY), image=image))
    return found


def _is_component(left: Boundary, right: Boundary) -> bool:
    """Whether exactly one component lies between two boundaries."""
    return left.cut is None and right.cut is None and right.component == left.component + 1


def _best(
    group: Group,
    edges: Sequence[Boundary],
    run: Sequence[_Part],
    rows: NDArray[np.float32],
) -> list[Found]:
    """The cheapest way to read a group: what is found, from left to right."""
    heights = [part.box[3] - part.box[1] for part in run]
    tallest = max(float(np.percentile(heights, 80)), 0.6 * HEIGHT)
    by_run = {(part.first, part.last): (part, row) for part, row in zip(run, rows, strict=True)}
    costs = {key: _cost(part, row, edges, tallest) for key, (part, row) in by_run.items()}
    digits = []
    for key in cheapest_path(len(edges) - 1, costs):
        part, row = by_run[key]
        left, top, right, bottom = (value * group.scale for value in part.box)
        box = (group.left + left, group.top + top, right - left, bottom - top)
        digits.append(Found(row, box, part.image))
    return digits


def _cost(
    part: _Part, row: NDArray[np.float32], edges: Sequence[Boundary], tallest: float
) -> float:
    """How little the ink between two boundaries looks like a digit, and what its last cut costs."""
    cost = -math.log(max(float(row.max()), 1e-6)) - _JUDGED * math.log(part.whole)
    first, last = edges[part.first], edges[part.last]
    if last.cut is not None:
        cost += _CUT + _CUT_INK * last.cut.inked / HEIGHT
    within = first.component + (first.cut is None) == last.component
    if not within and (first.cut is not None or last.cut is not None):
        cost += _JOINED
    width, height = (part.box[2 + axis] - part.box[axis] for axis in (0, 1))
    cost += _SHAPE * max(_too_wide(width / height, row) - 0.3, 0) ** 2
    return cost + _LOW * max(0.8 - height / tallest, 0)


def _too_wide(aspect: float, row: NDArray[np.float32]) -> float:
    """By how many standard deviations a shape is wider than the digit that it is read as."""
    usual, spread = _ASPECTS[int(row.argmax())]
    return (math.log(aspect) - usual) / spread
