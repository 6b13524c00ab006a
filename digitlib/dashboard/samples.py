"""Examples to try: the digits that people write in ways of their own, the hard ones among them.

No person drew them: they are glyphs of ours, drawn anew each time with a shaking pen
(`digitlib.strokes`), so that no one's handwriting has to be shipped.
"""

from typing import NamedTuple

import numpy as np

from digitlib.strokes import Strokes, drawn

_TIDY = 3  # drawings of a glyph, of which an example is the mean: a hand that takes care
_SIDE = 0.7  # of the pad's side, what an example fills


class Example(NamedTuple):
    """A digit, how it is written in words, and its glyph in the notation of `strokes.glyphs`."""

    digit: int
    name: str
    glyph: str

    def draw(self, generator: np.random.Generator) -> Strokes:
        """One drawing of it, in the middle of the pad."""
        shaken = [drawn(self.glyph, generator) for _ in range(_TIDY)]
        strokes = [np.mean(same, axis=0) for same in zip(*shaken, strict=True)]
        points = np.concatenate(strokes)
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        scale = _SIDE / max(float(size.max()), 1e-6)
        return [(stroke - low - size / 2) * scale + 0.5 for stroke in strokes]


# The famous ones first.
EXAMPLES = (
    Example(7, "a crossed 7", "0,1 5,1 10,0 10,0 6,7 4,14 / 2,7 9,7"),
    Example(4, "an open 4", "1,0 1,6 4,8 8,7 / 9,0 8,7 7,14"),
    Example(0, "a slashed 0", "5,0 1,3 0,8 3,14 7,13 10,7 8,2 5,0 / 10,0 0,14"),
    Example(1, "a 1 with a flag", "1,5 5,0 5,0 5,7 5,14"),
    Example(1, "a 1 with flag and base", "2,3 5,0 5,0 5,14 / 1,14 9,14"),
    Example(2, "a looped 2", "1,3 4,0 8,1 8,5 5,10 1,13 0,11 3,11 7,14 10,12"),
    Example(4, "a 4 like lightning", "6,0 1,8 1,8 8,7 8,7 6,14"),
    Example(9, "an open 9", "10,1 4,1 0,5 2,7 6,6 9,4 9,4 8,14"),
    Example(3, "a 3 with a flat top", "0,0 4,0 9,0 9,0 4,6 4,6 8,7 9,11 5,14 0,12"),
    Example(
        8, "an 8 from two loops", "5,0 2,1 2,5 5,7 8,5 8,1 5,0 / 5,7 1,9 1,13 5,14 9,13 9,9 5,7"
    ),
    Example(5, "a 5 with its bar last", "2,0 1,6 1,6 5,5 9,7 9,11 5,14 0,13 / 2,0 10,0"),
    Example(6, "a 6 with a small bowl", "6,0 3,6 2,12 4,14 7,12 6,10 3,11 1,13"),
)
