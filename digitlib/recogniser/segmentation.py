"""Cutting what is written into digits: the cheapest way through a row of pieces.

Over-segmentation and dynamic programming, as in the readers of cheques and ZIP codes: every run of
neighbouring pieces may be a digit, the network says how well it looks like one, and the row is read
along the path with the lowest total cost (LeCun et al. 1998, section V).
"""

from collections.abc import Mapping

Run = tuple[int, int]  # pieces first to last - 1


def cheapest_path(count: int, costs: Mapping[Run, float]) -> list[Run]:
    """The runs that cover pieces 0 to `count` - 1 once each, in order, at the lowest total cost.

    `costs` holds every run that is allowed. Raises ValueError where these don't cover the row.
    """
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, count + 1):
        ways = [
            (best[first][0] + cost, first)
            for first in range(end)
            if (cost := costs.get((first, end))) is not None
        ]
        best.append(min(ways, default=(float("inf"), 0)))
    if best[count][0] == float("inf"):
        raise ValueError("No path covers all pieces.")
    path, end = [], count
    while end:
        first = best[end][1]
        path.append((first, end))
        end = first
    return path[::-1]
