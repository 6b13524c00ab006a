"""Connected ink: what may be a digit or a part of one, without specks, frames and large shapes."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.rules import LEAST_INK

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]
_LEAST_CONTRAST = 0.1  # of the darkest ink, below which a picture is empty
_NEIGHBOURHOODS, _STEPS = 16, 8  # along the longer side, and pixels of each, looked at coarsely
_FAINTEST = 0.7  # of the usual strength of ink, at which fainter ink is looked for
_LEAST_SIDE = 0.011  # of the picture's longer side: smaller components are specks
_CUT_OUT = 200  # px: a smaller picture may show nothing but one digit, up to its edge
_ROUND = 0.6  # of the picture's shorter side: longer thin ink is a page's edge, or a line
_THIN = 0.02  # of its extent: how thick that ink is at most, on average
_CUT_OFF = 0.3  # of the shorter side of the picture: smaller ink at its edge is cut off, or dirt
_ON_LINE = 0.85  # of a component as faint as lines, from which it is a piece of one
_LINE_INK = 2.2  # times the median ink of lines, up to which ink is as faint as theirs
_ALONG = 0.35  # of a component's extent along one edge of the picture, from which it is no digit
_MOST = 3000  # components of a picture that are looked at, the largest first


class Component(NamedTuple):
    """Connected ink: its labels in the labelled picture and its box, in working px."""

    labels: tuple[int, ...]
    left: int
    top: int
    right: int  # exclusive
    bottom: int  # exclusive
    area: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def extent(self) -> int:
        """The longer side."""
        return max(self.width, self.height)

    def joined(self, other: "Component") -> "Component":
        """Both as one."""
        return Component(
            self.labels + other.labels,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.area + other.area,
        )


class Components(NamedTuple):
    """Components of digit size, the labelled picture (h, w) int32, and the digits' height in px."""

    found: list[Component]
    labels: Labels
    height: float


def binarise(ink: Floats, noise: float) -> Mask:
    """Where ink is, 0 or 1: half as strong as the ink around it is, and connected to stronger ink.

    So a pencil's digits are found beside a pen's.
    """
    least = max(4 * noise, 0.06)
    values = ink[ink > least]
    if len(values) < 8 or float(np.percentile(values, 99)) < _LEAST_CONTRAST:
        return np.zeros(ink.shape, np.uint8)
    levels = np.minimum(255 * values, 255).astype(np.uint8)
    split, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    strength = _strength_around(ink, float(np.median(levels[levels > split])) / 255)
    weak = (ink > np.maximum(0.42 * strength, least)).astype(np.uint8)
    strong = ink > 0.62 * strength
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[labels[strong]] = 1
    kept[0] = 0
    return kept[labels]


def _strength_around(ink: Floats, usual: float) -> Floats:
    """How strong the ink around each pixel (h, w) is: as usual, or fainter, within limits."""
    height, width = ink.shape
    scale = min(1.0, _NEIGHBOURHOODS * _STEPS / max(height, width))
    strongest = cv2.dilate(ink, np.ones((round(1 / scale) | 1,) * 2, np.uint8))
    coarse = cv2.resize(strongest, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    around = cv2.dilate(coarse, np.ones((_STEPS | 1,) * 2, np.uint8))
    around = np.clip(cv2.blur(around, (_STEPS, _STEPS)), _FAINTEST * usual, usual)
    return cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)


def find_components(mask: Mask, ink: Floats, lines: Mask) -> Components:
    """The components of ink that may be digits or parts of them; what is left of `lines` is none.

    `ink` (h, w) is the contrast before the lines were removed.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    near = cv2.dilate(lines, np.ones((5, 5), np.uint8))
    printed = ink[(lines > 0) & (ink > LEAST_INK)]
    strength = _LINE_INK * float(np.median(printed)) if len(printed) else 0.0
    faint = (near > 0) & (ink < strength)
    side = max(mask.shape)
    everything = []
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:_MOST] + 1
    for number in order.tolist():
        left, top, width, height, area = (int(value) for value in stats[number])
        if max(width, height) >= 3:
            box = (left, top, left + width, top + height)
            everything.append(Component((number,), *box, area))
    strokes = [
        component
        for component in everything
        if component.extent >= _LEAST_SIDE * side
        and not _is_blob(component)
        and not _is_margin(component, labels)
        and not _is_line(component, labels, faint)
    ]
    inner = [c for c in strokes if not _touches_edge(c, mask.shape)]
    typical = _typical_height(inner or strokes)
    large = [c for c in strokes if c.extent >= 0.4 * typical]
    kept = [
        c
        for c in large
        if c.height < 3 * typical
        and not _frames(c, large)
        and not (_touches_edge(c, mask.shape) and c.extent > 2 * typical)
    ]
    fragments = [c for c in everything if 0.07 * typical < c.extent < 0.4 * typical]
    return Components(_with_fragments(kept, fragments, typical), labels, typical)


def _is_blob(component: Component) -> bool:
    """Whether it is a filled spot rather than strokes."""
    filled = component.area / (component.width * component.height)
    squat = max(component.width, component.height) < 2 * min(component.width, component.height)
    return filled > 0.68 and squat


def _is_margin(component: Component, labels: Labels) -> bool:
    """Whether it is at an edge of the picture, or all round it, as a desk or a shadow is.

    A digit that the edge cuts has little of its length there. A small picture may be cut out close
    to its one digit, a flat one to its one line.
    """
    height, width = labels.shape
    if max(height, width) < _CUT_OUT:
        return False
    is_long = component.extent > _ROUND * min(height, width)
    if is_long and component.area < _THIN * component.extent**2:
        return True
    if not _touches_edge(component, labels.shape):
        return False
    edges = (labels[:2], labels[-2:], labels[:, :2].T, labels[:, -2:].T)
    along = max(int(np.isin(edge, component.labels).any(axis=0).sum()) for edge in edges)
    return along > _ALONG * component.extent or component.extent < _CUT_OFF * min(height, width)


def _is_line(component: Component, labels: Labels, faint: NDArray[np.bool_]) -> bool:
    """Whether it is a piece of a printed line that was not removed: on one, and as faint."""
    box = (slice(component.top, component.bottom), slice(component.left, component.right))
    inside = np.isin(labels[box], component.labels)
    return float(faint[box][inside].mean()) > _ON_LINE


def _touches_edge(component: Component, shape: tuple[int, ...]) -> bool:
    return (
        component.left <= 1
        or component.top <= 1
        or component.right >= shape[1] - 1
        or component.bottom >= shape[0] - 1
    )


def _typical_height(components: list[Component]) -> float:
    """The height of most ink: the median over components, each counted by its extent."""
    if not components:
        return 1.0
    heights = np.array([max(c.height, c.width / 5) for c in components])
    order = np.argsort(heights)
    weights = np.cumsum(heights[order] ** 1.0)
    return float(heights[order][np.searchsorted(weights, 0.5 * weights[-1])])


def _frames(component: Component, others: list[Component]) -> bool:
    """Whether it runs round another component, as a circle or a box round a digit does."""
    thin = component.area < 0.35 * component.width * component.height
    return thin and any(
        other.left > component.left
        and other.right < component.right
        and other.top > component.top
        and other.bottom < component.bottom
        and other.height > 0.35 * component.height
        for other in others
    )


def _with_fragments(
    components: list[Component], fragments: list[Component], height: float
) -> list[Component]:
    """The components, each with the small pieces of ink that are close to it."""
    joined = list(components)
    for fragment in fragments:
        distances = [_distance(fragment, component) for component in components]
        if distances and min(distances) < 0.12 * height:
            nearest = int(np.argmin(distances))
            joined[nearest] = joined[nearest].joined(fragment)
    return joined


def _distance(one: Component, other: Component) -> float:
    """The gap between two boxes in px, 0 where they overlap."""
    across = max(one.left - other.right, other.left - one.right, 0)
    down = max(one.top - other.bottom, other.top - one.bottom, 0)
    return float(np.hypot(across, down))
