"""A component: ink that is connected, or that belongs together."""

from typing import NamedTuple


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
