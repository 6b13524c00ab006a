"""Ink that nobody wrote: spots, shadows, edges of the page, and what is left of printed lines."""

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.photos.component import Component, depth_of
from digitlib.photos.rules import LEAST_INK

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
Labels = NDArray[np.int32]
LEAST_CONTRAST = 0.1  # share of the paper's light that writing lacks at least
_CUT_OUT = 200  # px: a smaller picture may show nothing but one digit, up to its edge
_ROUND = 0.6  # of the picture's shorter side: longer thin ink is a page's edge, or a line
_THIN = 0.02  # of its extent: how thick that ink is at most, on average
_CUT_OFF = 0.3  # of the shorter side of the picture: smaller ink at its edge is cut off, or dirt
_ON_LINE = 0.35  # of a component as faint as lines, from which it is a piece of one
_LINE_INK = 2.2  # times the median ink of lines, up to which ink is as faint as theirs
_ALONG = 0.35  # of a component's extent along one edge of the picture, from which it is no digit
_BESIDE = 4  # px from a component, and twice as many: where its paper is looked at
_EDGE = 0.2  # of its thickness: so wide its edge may be, since an enlarged picture is soft
_SOFT, _SOFT_SPOT = 0.2, 0.15  # of its ink: with more beside it, or a spot, it is a shadow
_SPOT, _FILLED = 0.35, 0.55  # of its extent: thicker ink may be a spot, and is one
_SOLID = 0.68  # of its box: what has more ink may be a spot
_SOLID_DEPTH = 0.6  # of its shorter side: thinner ink is made of strokes
_SLENDER = 3.5  # times its width: a piece of a line is longer
_STRAIGHT = 0.4  # of its ink, at least, along its axis
_BEYOND = 1.5  # times its length: so far a line is followed at either end
_AS_STRONG = 0.4  # of its own contrast with the paper beside it, at least, in which it goes on
_GOES_ON = 0.7  # of the way, at least


class Background:
    """What is printed on a page, or lies or falls on it; asked about one component after another.

    `labels` (h, w) are those of all components, `ink` (h, w) is the contrast before printed lines
    were removed, and `lines` (h, w) is where these were.
    """

    def __init__(self, labels: Labels, ink: Floats, lines: Mask) -> None:
        near = cv2.dilate(lines, np.ones((5, 5), np.uint8))
        # A rough desk is full of lines, and darker than those on paper.
        printed = ink[(lines > 0) & (labels == 0) & (ink > LEAST_INK)]
        strength = _LINE_INK * float(np.median(printed)) if len(printed) else 0.0
        self._faint = (near > 0) & (ink < strength)
        self._labels, self._ink = labels, ink

    def holds(self, component: Component) -> bool:
        """Whether a component is no writing."""
        return (
            self._is_spot(component)
            or self._is_margin(component)
            or self._is_pale(component)
            or self._is_removed_line(component)
            or self._is_shadow(component)
            or self._is_piece_of_line(component)
        )

    def _surroundings(
        self, component: Component, around: int = 0
    ) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """The component's box, so many px larger, and which px in it are the component's."""
        down = slice(max(component.top - around, 0), component.bottom + around)
        across = slice(max(component.left - around, 0), component.right + around)
        return (down, across), np.isin(self._labels[down, across], component.labels)

    def _thickness(self, component: Component) -> float:
        """How thick its thickest stroke is, in px."""
        _, inside = self._surroundings(component)
        return 2 * float(depth_of(inside).max())

    def _is_spot(self, component: Component) -> bool:
        """Whether it is filled rather than made of strokes; thick strokes leave a hole."""
        shorter = min(component.width, component.height)
        filled = component.area / (component.width * component.height)
        if filled < _SOLID or component.extent >= 2 * shorter:
            return False
        return self._thickness(component) > _SOLID_DEPTH * shorter

    def _is_margin(self, component: Component) -> bool:
        """Whether it is at an edge of the picture, or all round it, as a desk or a shadow is.

        A digit that the edge cuts has little of its length there. A small picture may be cut out
        close to its one digit, a flat one to its one line.
        """
        height, width = self._labels.shape
        if max(height, width) < _CUT_OUT:
            return False
        is_long = component.extent > _ROUND * min(height, width)
        if is_long and component.area < _THIN * component.extent**2:
            return True
        if not component.touches_edge(self._labels.shape):
            return False
        borders = self._labels[:2], self._labels[-2:], self._labels[:, :2].T, self._labels[:, -2:].T
        along = [int(np.isin(edge, component.labels).any(axis=0).sum()) for edge in borders]
        is_cut_off = component.extent < _CUT_OFF * min(height, width)
        in_a_corner = sum(length > 0 for length in along) > 1
        return is_cut_off or in_a_corner or max(along) > _ALONG * component.extent

    def _is_pale(self, component: Component) -> bool:
        """Whether it is hardly darker than the paper: noise, in a dark photo."""
        box, inside = self._surroundings(component)
        return float(np.median(self._ink[box][inside])) < LEAST_CONTRAST

    def _is_removed_line(self, component: Component) -> bool:
        """Whether it is a piece of a printed line that was removed: on it, and as faint."""
        box, inside = self._surroundings(component)
        return float(self._faint[box][inside].mean()) > _ON_LINE

    def _is_shadow(self, component: Component) -> bool:
        """Whether its ink ends gradually: a pen's ends at an edge, beside which there is paper."""
        thickness = self._thickness(component)
        near = max(_BESIDE, int(_EDGE * thickness))
        far = 2 * near
        box, inside = self._surroundings(component, far)
        grown = [
            cv2.dilate(inside.astype(np.uint8), np.ones((2 * px + 1,) * 2, np.uint8)) > 0
            for px in (near, far)
        ]
        beside = grown[1] & ~grown[0] & (self._labels[box] == 0)
        if not beside.any():
            return False
        ink = self._ink[box]
        share = thickness / component.extent
        softest = _SOFT if share < _SPOT else _SOFT_SPOT if share < _FILLED else 0
        return float(np.median(ink[beside])) / float(np.median(ink[inside])) > softest

    def _is_piece_of_line(self, component: Component) -> bool:
        """Whether it is straight and goes on beyond both ends, as strong as a line."""
        _, inside = self._surroundings(component)
        rows, columns = np.nonzero(inside)
        points = np.stack([columns + component.left, rows + component.top], axis=1).astype(float)
        middle = points.mean(axis=0)
        _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
        along, across = ((points - middle) @ axis for axis in axes)
        length, width = float(np.ptp(along)), float(np.ptp(across)) + 1
        if length < _SLENDER * width:
            return False
        aside = 2 * width + 3
        own = self._ridge(middle, axes, np.linspace(along.min(), along.max(), 20), aside)
        strength = float(np.median(self._ink[rows + component.top, columns + component.left]))
        if not len(own) or np.median(own) < _STRAIGHT * strength:
            return False
        ends = []
        for end, way in ((along.min(), -1), (along.max(), 1)):
            steps = end + way * np.linspace(width, _BEYOND * length, 30)
            beyond = self._ridge(middle, axes, steps, aside)
            if len(beyond) >= 10:
                ends.append(float(np.mean(beyond > _AS_STRONG * np.median(own))))
        return bool(ends) and min(ends) > _GOES_ON

    def _ridge(
        self, middle: NDArray[np.float64], axes: NDArray[np.float64], steps: Floats, aside: float
    ) -> Floats:
        """How much stronger ink is on a line than to both sides of it, where it is in the picture.

        The line may bend a little: the strongest ink near it counts.
        """
        height, width = self._labels.shape
        offsets = np.array([-aside, *np.linspace(-2, 2, 5), aside])
        places = middle + steps[:, None, None] * axes[0] + offsets[None, :, None] * axes[1]
        columns, rows = np.rint(places).astype(int).transpose(2, 0, 1)
        inside = ((columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)).all(axis=1)
        ink = self._ink[rows[inside], columns[inside]]
        found: Floats = ink[:, 1:-1].max(axis=1) - ink[:, [0, -1]].mean(axis=1)
        return found
