"""The temperature calibrates, and few digits without a mistake don't make a network certain."""

import numpy as np
import pytest

from digitlib.training import fitted_temperature, probabilities


def logits_of(labels: np.ndarray, margin: float) -> np.ndarray:
    """Logits (n, 10) whose label has this margin."""
    return margin * np.eye(10)[labels]


@pytest.mark.parametrize("count", [10, 20, 500])
def test_without_a_mistake_confidence_is_what_so_few_digits_support(count):
    """n digits without a mistake support (n + 1) / (n + 2): the rule of succession."""
    labels = np.arange(count) % 10
    logits = logits_of(labels, 5.0)
    temperature = fitted_temperature(logits, labels)
    confidence = probabilities(logits, temperature).max(axis=1).mean()
    assert confidence == pytest.approx((count + 1) / (count + 2), abs=1e-6)


def test_with_mistakes_the_temperature_has_the_least_log_loss():
    """One in ten wrong, all with one margin: the confidence that fits best is 90 %."""
    labels = np.arange(1000) % 10
    predicted = np.where(np.arange(1000) % 100 < 10, (labels + 1) % 10, labels)
    temperature = fitted_temperature(logits_of(predicted, 8.0), labels)
    confidence = probabilities(logits_of(predicted, 8.0), temperature).max(axis=1)
    assert confidence.mean() == pytest.approx(0.9, abs=0.01)
