"""A component: connected ink, or ink that belongs together; and the measures of a mask."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


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

    def touches_edge(self, shape: tuple[int, ...]) -> bool:
        """Whether it reaches the edge of a picture (h, w)."""
        return (
            self.left <= 1
            or self.top <= 1
            or self.right >= shape[1] - 1
            or self.bottom >= shape[0] - 1
        )


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the px of a mask (h, w), the last two exclusive."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return left, top, left + width, top + height


def depth_of(mask: Mask) -> NDArray[np.float32]:
    """How far each px of a mask (h, w) is from the nearest px outside it, or beyond its edges."""
    padded = np.pad(mask.astype(np.uint8), 1)
    depth: NDArray[np.float32] = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return depth
