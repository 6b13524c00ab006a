"""Features of handwriting: number of strokes, slant and aspect ratio, and groups by each."""

from collections.abc import Callable, Sequence

import numpy as np

from digitlib.strokes.ink import Strokes


def slant(strokes: Strokes) -> float:
    """Slant in degrees, positive to the right; 0 for a drawing without height.

    The shear that makes x and y uncorrelated, as in deskewing (LeCun et al. 1998), weighted by the
    length of the strokes.
    """
    starts = np.concatenate([stroke[:-1] for stroke in strokes])
    ends = np.concatenate([stroke[1:] for stroke in strokes])
    lengths = np.hypot(*(ends - starts).T)
    if lengths.sum() == 0:
        return 0.0
    middle = np.average((starts + ends) / 2, axis=0, weights=lengths)
    (x, y), (u, v) = (starts - middle).T, (ends - middle).T
    # Integrals along each straight piece.
    y_squared = float(lengths @ (y**2 + y * v + v**2)) / 3
    x_y = float(lengths @ (2 * x * y + x * v + u * y + 2 * u * v)) / 6
    return float(np.degrees(np.arctan2(-x_y, y_squared))) if y_squared else 0.0


def aspect(strokes: Strokes) -> float:
    """Width divided by height, limited to 0.05 to 20."""
    width, height = np.ptp(np.concatenate(strokes), axis=0)
    return float(np.clip(width / height if height else 20.0, 0.05, 20.0))


def by_stroke_count(drawings: Sequence[Strokes]) -> list[str]:
    """Each drawing's group: `1 stroke`, `2 strokes`, or `3 strokes or more`."""
    counts = [len(strokes) for strokes in drawings]
    return [
        "1 stroke" if n == 1 else "2 strokes" if n == 2 else "3 strokes or more" for n in counts
    ]


def by_slant(drawings: Sequence[Strokes]) -> list[str]:
    """Each drawing's group: leaning left, upright (within 10°), or leaning right."""
    angles = [slant(strokes) for strokes in drawings]
    return ["leans left" if a < -10 else "leans right" if a > 10 else "upright" for a in angles]


def by_aspect(drawings: Sequence[Strokes]) -> list[str]:
    """Each drawing's group by aspect ratio: narrow (below 0.5), usual shape, or wide (above 1)."""
    shapes = [aspect(strokes) for strokes in drawings]
    return ["narrow" if s < 0.5 else "wide" if s > 1 else "usual shape" for s in shapes]


GROUPS: dict[str, Callable[[Sequence[Strokes]], list[str]]] = {
    "number of strokes": by_stroke_count,
    "slant": by_slant,
    "shape": by_aspect,
}
