"""How good a model is: metrics with intervals, calibration, robustness, drift, comparison, report.

Numbers here, figures in `evaluation.plots`.
"""

from digitlib import settings

settings.require("train")

from digitlib.evaluation.calibration import (
    MINIMUM_DIGITS,
    calibration_error,
    confidence_bins,
    confidence_text,
    confident_mistakes,
    rejection_curve,
    reliability,
    unconfident_hits,
)
from digitlib.evaluation.drift import (
    EXPECTED,
    DriftReference,
    by_group,
    drift_reference,
    drift_sentence,
    trained_submission_ids,
)
from digitlib.evaluation.evaluation_sets import (
    EvaluationSet,
    MissingSet,
    describe_test_sets,
    not_trained_on,
    original_test_sets,
    pen_test_set,
    qmnist_test_set,
    row_strokes,
    submission_test_set,
    undisputed,
)
from digitlib.evaluation.findings import (
    calibration_sentence,
    confusion_sentence,
    flawless_groups,
    rejection_sentence,
)
from digitlib.evaluation.learning_curves import diagnose
from digitlib.evaluation.metrics import Accuracy, accuracy, confusion, per_digit
from digitlib.evaluation.parameters import EvaluationParameters, model_names
from digitlib.evaluation.report import (
    Evaluation,
    hardest_writers,
    record_run,
    write_report,
)
from digitlib.evaluation.results import compare_results, evaluate, results_by_group
from digitlib.evaluation.robustness import disturbed_examples, evenly_spaced, robustness_curves
from digitlib.evaluation.significance import Comparison, compare
from digitlib.evaluation.verdict import (
    comparison_table,
    results_table,
    robustness_table,
    verdict_headline,
)

__all__ = [
    "EXPECTED",
    "MINIMUM_DIGITS",
    "Accuracy",
    "Comparison",
    "DriftReference",
    "Evaluation",
    "EvaluationParameters",
    "EvaluationSet",
    "MissingSet",
    "accuracy",
    "by_group",
    "calibration_error",
    "calibration_sentence",
    "compare",
    "compare_results",
    "comparison_table",
    "confidence_bins",
    "confidence_text",
    "confident_mistakes",
    "confusion",
    "confusion_sentence",
    "describe_test_sets",
    "diagnose",
    "disturbed_examples",
    "drift_reference",
    "drift_sentence",
    "evaluate",
    "evenly_spaced",
    "flawless_groups",
    "hardest_writers",
    "model_names",
    "not_trained_on",
    "original_test_sets",
    "pen_test_set",
    "per_digit",
    "qmnist_test_set",
    "record_run",
    "rejection_curve",
    "rejection_sentence",
    "reliability",
    "results_by_group",
    "results_table",
    "robustness_curves",
    "robustness_table",
    "row_strokes",
    "submission_test_set",
    "trained_submission_ids",
    "unconfident_hits",
    "undisputed",
    "verdict_headline",
    "write_report",
]
