"""From submissions to a better model: label errors, selection, fine-tuning, promotion gate.

`refine.ipynb` selects the submissions to train on, fine-tunes a copy of the model that serves (the
champion) and promotes that copy (the challenger) where it is better. `submissions.ipynb` shows the
submissions and lets a person review disputed labels.
"""

from digitlib.refine.challenger import (
    complete_model,
    promote_if_better,
    refined_card,
    write_refined,
)
from digitlib.refine.champion import (
    challenger_metrics,
    changed_predictions,
    compare_on_new_visits,
    compare_on_original,
    decide_promotion,
    validation_summary,
)
from digitlib.refine.cross_validation import cross_validate
from digitlib.refine.finetune import augmented, fine_tune
from digitlib.refine.label_errors import record_disputed, recorded_disputed, with_disputed
from digitlib.refine.parameters import Refinement, ReviewFilter
from digitlib.refine.review import (
    Review,
    accuracy_by,
    accuracy_over_time,
    daily_counts,
    filtered,
    labels_and_predictions,
    row_captions,
    row_images,
    submissions_headline,
    submissions_table,
)
from digitlib.refine.selection import select

__all__ = [
    "Refinement",
    "Review",
    "ReviewFilter",
    "accuracy_by",
    "accuracy_over_time",
    "augmented",
    "challenger_metrics",
    "changed_predictions",
    "compare_on_new_visits",
    "compare_on_original",
    "complete_model",
    "cross_validate",
    "daily_counts",
    "decide_promotion",
    "filtered",
    "fine_tune",
    "labels_and_predictions",
    "promote_if_better",
    "record_disputed",
    "recorded_disputed",
    "refined_card",
    "row_captions",
    "row_images",
    "select",
    "submissions_headline",
    "submissions_table",
    "validation_summary",
    "with_disputed",
    "write_refined",
]
