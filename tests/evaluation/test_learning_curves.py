"""Learning curves are diagnosed as a person would."""

import numpy as np
import pytest

from digitlib.evaluation import learning_curves

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("training", "validation", "verdict", "advice"),
    [
        ([0.5, 0.1, 0.03, 0.01], [0.5, 0.12, 0.09, 0.14], "overfitting", "turned at epoch 3"),
        ([0.3, 0.01, 0.005], [0.3, 0.08, 0.08], "overfitting", "augment"),
        ([1.2, 0.9, 0.8], [1.2, 0.9, 0.85], "underfitting", "epochs"),
        ([0.3, 0.2, 0.1], [0.3, 0.2, 0.11], "unfinished", "Raise `epochs`"),
        ([0.1, 0.05, 0.04, 0.04], [0.1, 0.05, 0.045, 0.045], "balanced", "architecture"),
        ([0.1], [0.1], "unfinished", "one epoch shows no trend"),
        # The validation loss has hardly risen.
        ([0.05, 0.04], [0.0500, 0.0501], "balanced", "architecture"),
        # Ten images: the training loss plunges, the validation loss is flat.
        ([2.3, 1.0, 0.1, 0.01], [2.3, 2.31, 2.31, 2.32], "overfitting", "more data"),
        # The loss rises on both.
        ([0.5, 0.1, 2.3], [0.5, 0.1, 2.3], "diverged", "learning_rate"),
    ],
)
def test_curves_are_diagnosed(training, validation, verdict, advice):
    found = learning_curves.diagnose(training, validation)
    assert found.verdict == verdict
    assert advice in found.sentence
    best = int(np.argmin(validation))
    assert found.gap == pytest.approx(validation[best] - training[best])


@pytest.mark.parametrize(
    ("training", "validation"),
    [([NAN, NAN], [NAN, NAN]), ([0.5, NAN], [0.5, NAN]), ([0.5, 0.4], [0.5, INF])],
)
def test_a_loss_that_is_no_number_is_no_good_fit(training, validation):
    found = learning_curves.diagnose(training, validation)
    assert found.verdict == "diverged" and "learning_rate" in found.sentence


def test_no_curves_are_refused():
    with pytest.raises(ValueError, match="each epoch"):
        learning_curves.diagnose([], [])
