"""Ablations: variants of a recipe, trained with several seeds, compared and reported.

Trials are kept in the table of runs, so that a comparison can be resumed.
"""

from digitlib import settings

settings.require("train")

from digitlib.experiments.ablations import HELD_OUT, AblationStudy
from digitlib.experiments.plots import accuracy_dots, cost_curves, overfitting_curves
from digitlib.experiments.report import (
    conclusion,
    diagnoses,
    overfitting_summary,
    smallest_table,
    variants_table,
)
from digitlib.experiments.variants import (
    GOALS,
    Budget,
    goal_variants,
    option_variants,
    overfitting_variants,
    without_early_stopping,
)

__all__ = [
    "GOALS",
    "HELD_OUT",
    "AblationStudy",
    "Budget",
    "accuracy_dots",
    "conclusion",
    "cost_curves",
    "diagnoses",
    "goal_variants",
    "option_variants",
    "overfitting_curves",
    "overfitting_summary",
    "overfitting_variants",
    "smallest_table",
    "variants_table",
    "without_early_stopping",
]
