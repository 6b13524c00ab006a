"""Ablations: variants of a recipe, trained, compared and reported; resumable."""

from digitlib.experiments.ablations import (
    GOALS,
    HELD_OUT,
    AblationStudy,
    Budget,
    architecture_variants,
    goal_variants,
    overfitting_variants,
    without_early_stopping,
)
from digitlib.experiments.plots import accuracy_dots, cost_curves, overfitting_curves
from digitlib.experiments.report import (
    cost_sentence,
    diagnoses,
    final_epochs,
    overfitting_summary,
    smallest_table,
    variants_table,
    winner_sentence,
)

__all__ = [
    "GOALS",
    "HELD_OUT",
    "AblationStudy",
    "Budget",
    "accuracy_dots",
    "architecture_variants",
    "cost_curves",
    "cost_sentence",
    "diagnoses",
    "final_epochs",
    "goal_variants",
    "overfitting_curves",
    "overfitting_summary",
    "overfitting_variants",
    "smallest_table",
    "variants_table",
    "winner_sentence",
    "without_early_stopping",
]
