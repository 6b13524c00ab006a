"""Figures: functions from data to a matplotlib `Figure`; they compute nothing."""

from digitlib.evaluation.plots.data import (
    class_means,
    class_shares,
    image_map,
    ink,
    samples,
    spread,
    typical_to_odd,
)
from digitlib.evaluation.plots.evaluation import (
    calibration,
    disturbed_digits,
    per_digit,
    rejection,
    reliability_diagram,
    robustness,
)
from digitlib.evaluation.plots.style import (
    ACCENT,
    GREY,
    INK,
    WIDTH,
    accuracies,
    confusion_matrix,
    digit_grid,
    learning_curves,
    save_figure,
    sentence,
    style_axes,
)
from digitlib.evaluation.plots.submissions import by_day_and_digit, drift, over_time
from digitlib.evaluation.plots.training import loss_by_batch, pen_paths

__all__ = [
    "ACCENT",
    "GREY",
    "INK",
    "WIDTH",
    "accuracies",
    "by_day_and_digit",
    "calibration",
    "class_means",
    "class_shares",
    "confusion_matrix",
    "digit_grid",
    "disturbed_digits",
    "drift",
    "image_map",
    "ink",
    "learning_curves",
    "loss_by_batch",
    "over_time",
    "pen_paths",
    "per_digit",
    "rejection",
    "reliability_diagram",
    "robustness",
    "samples",
    "save_figure",
    "sentence",
    "spread",
    "style_axes",
    "typical_to_odd",
]
