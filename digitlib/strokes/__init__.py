"""Strokes: polylines of the pen, and the 28×28 image and the trajectory that are made of them.

Also sketches files, glyphs and letters, synthetic drawings and stroke augmentation. Needs numpy,
and DuckDB for Parquet.
"""

from digitlib.strokes.augmentation import DISTORTED, STRENGTH, augment_strokes
from digitlib.strokes.distortions import distorted
from digitlib.strokes.extra_ink import (
    beside,
    circled,
    crossed_out,
    framed,
    ticked,
    underlined,
)
from digitlib.strokes.ink import (
    BOX,
    FIELD,
    INK_WIDTH,
    Image,
    Strokes,
    as_strokes,
    centring_shift,
    rasterise,
)
from digitlib.strokes.letters import LETTERS, SIGNS
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
    checked_image,
    checked_label,
    checked_strokes,
    checked_text,
)

__all__ = [
    "BOX",
    "CHANNELS",
    "DISTORTED",
    "FIELD",
    "INK_WIDTH",
    "LETTERS",
    "LONGEST_TEXT",
    "MOST_POINTS",
    "MOST_STROKES",
    "PEN_SPREAD",
    "POINTS",
    "SIGNS",
    "STRENGTH",
    "SUBMISSION",
    "Image",
    "Probabilities",
    "Sketch",
    "Strokes",
    "as_strokes",
    "augment_strokes",
    "bent",
    "beside",
    "centring_shift",
    "checked_image",
    "checked_label",
    "checked_strokes",
    "checked_text",
    "circled",
    "crossed_out",
    "distorted",
    "draw",
    "draw_images",
    "drawn",
    "framed",
    "geometric_mean",
    "pen_widths",
    "posed",
    "rasterise",
    "read_sketches",
    "ticked",
    "trajectory",
    "underlined",
    "write_sketches",
]
