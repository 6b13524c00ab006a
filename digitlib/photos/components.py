"""Connected ink: what may be a digit or a part of one, without specks, frames and large shapes."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.background import LEAST_CONTRAST, Background
from digitlib.photos.component import Component

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]
_NEIGHBOURHOODS, _STEPS = 16, 8  # along the longer side, and pixels of each, looked at coarsely
_FAINTEST = 0.7  # of the usual strength of ink, at which fainter ink is looked for
_LEAST_SIDE = 0.011  # of the picture's longer side: smaller components are specks
_MOST = 3000  # components of a picture that are looked at, the largest first


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
    if len(values) < 8 or float(np.percentile(values, 99)) < LEAST_CONTRAST:
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
    background = Background(labels, ink, lines)
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
        if component.extent >= _LEAST_SIDE * side and not background.holds(component)
    ]
    inner = [c for c in strokes if not c.touches_edge(mask.shape)]
    typical = _typical_height(inner or strokes)
    large = [c for c in strokes if c.extent >= 0.4 * typical]
    kept = [
        c
        for c in large
        if c.height < 3 * typical
        and not _frames(c, large)
        and not (c.touches_edge(mask.shape) and c.extent > 2 * typical)
    ]
    fragments = [c for c in everything if 0.07 * typical < c.extent < 0.4 * typical]
    joined = _with_fragments(kept, fragments, typical)
    found = [c for c in joined if len(c.labels) == 1 or not background.holds(c)]
    return Components(found, labels, typical)


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
