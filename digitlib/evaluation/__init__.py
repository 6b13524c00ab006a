"""How good a model is: metrics with intervals, calibration, robustness, drift, comparison, report.

Numbers here, figures in `evaluation.plots`.
"""

from digitlib.evaluation.calibration import (
    FEWEST_DIGITS,
    calibration_error,
    confidence_text,
    confident_mistakes,
    doubtful_hits,
    rejection_curve,
    reliability,
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
    compare_results,
    describe_test_sets,
    evaluate,
    not_trained_on,
    original_test_sets,
    pen_test_set,
    qmnist_test_set,
    results_by_group,
    submission_test_set,
    undisputed,
)
from digitlib.evaluation.learning_curves import diagnose
from digitlib.evaluation.metrics import Accuracy, accuracy, confusion, per_digit
from digitlib.evaluation.report import (
    Found,
    calibration_in_words,
    checked_parameters,
    comparison_table,
    hardest_writers,
    model_names,
    report_figures,
    report_summary,
    write_report,
    writers_in_words,
)
from digitlib.evaluation.robustness import evenly_spaced, robustness_curves
from digitlib.evaluation.significance import Comparison, compare
from digitlib.evaluation.verdict import verdict_text

__all__ = [
    "EXPECTED",
    "FEWEST_DIGITS",
    "Accuracy",
    "Comparison",
    "DriftReference",
    "EvaluationSet",
    "Found",
    "accuracy",
    "by_group",
    "calibration_error",
    "calibration_in_words",
    "checked_parameters",
    "compare",
    "compare_results",
    "comparison_table",
    "confidence_text",
    "confident_mistakes",
    "confusion",
    "describe_test_sets",
    "diagnose",
    "doubtful_hits",
    "drift_reference",
    "drift_sentence",
    "evaluate",
    "evenly_spaced",
    "hardest_writers",
    "model_names",
    "not_trained_on",
    "original_test_sets",
    "pen_test_set",
    "per_digit",
    "qmnist_test_set",
    "rejection_curve",
    "reliability",
    "report_figures",
    "report_summary",
    "results_by_group",
    "robustness_curves",
    "submission_test_set",
    "trained_submission_ids",
    "undisputed",
    "verdict_text",
    "write_report",
    "writers_in_words",
]
