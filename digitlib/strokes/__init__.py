"""Strokes: polylines of the pen, and the 28×28 image and the trajectory that are made of them.

Also sketches files, glyphs and letters, synthetic drawings and stroke augmentation. Needs numpy,
and DuckDB for Parquet.
"""

from digitlib.strokes.augmentation import STRENGTH, augment_strokes
from digitlib.strokes.ink import INK_WIDTH, Image, Strokes, as_strokes, rasterise
from digitlib.strokes.letters import LETTERS
from digitlib.strokes.sketches import SUBMISSION, Sketch, read_sketches, write_sketches
from digitlib.strokes.synthesis import PEN_SPREAD, bent, draw, draw_images, drawn, pen_widths, posed
from digitlib.strokes.trajectories import (
    CHANNELS,
    POINTS,
    Probabilities,
    geometric_mean,
    trajectory,
)
from digitlib.strokes.validation import (
    LONGEST_TEXT,
    MOST_POINTS,
    MOST_STROKES,
    checked_label,
    checked_strokes,
    checked_text,
)

__all__ = [
    "CHANNELS",
    "INK_WIDTH",
    "LETTERS",
    "LONGEST_TEXT",
    "MOST_POINTS",
    "MOST_STROKES",
    "PEN_SPREAD",
    "POINTS",
    "STRENGTH",
    "SUBMISSION",
    "Image",
    "Probabilities",
    "Sketch",
    "Strokes",
    "as_strokes",
    "augment_strokes",
    "bent",
    "checked_label",
    "checked_strokes",
    "checked_text",
    "draw",
    "draw_images",
    "drawn",
    "geometric_mean",
    "pen_widths",
    "posed",
    "rasterise",
    "read_sketches",
    "trajectory",
    "write_sketches",
]
