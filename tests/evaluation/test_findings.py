"""Sentences below figures say what the digits show, and not more."""

import numpy as np
import pytest
import torch

from digitlib.datasets.digits import Digits
from digitlib.evaluation import findings, metrics
from digitlib.evaluation.evaluation_sets import EvaluationSet
from digitlib.evaluation.results import Result


def counts(**confused: int) -> np.ndarray:
    """100 of each digit right; `d4_9=5` adds five 4s read as 9."""
    found = 100 * np.eye(10, dtype=np.int64)
    for name, number in confused.items():
        found[int(name[1]), int(name[3])] = number
    return found


def result(n: int, wrong: int, confidence: float, doubt: float = 0.5) -> Result:
    """Digits with one confidence, of which the first `wrong` are misread with more doubt."""
    labels = np.arange(n) % 10
    probability = np.full((n, 10), (1 - confidence) / 9, np.float32)
    probability[np.arange(n), labels] = confidence
    probability[:wrong] = np.roll(probability[:wrong], 1, axis=1) * (1 - doubt) + doubt / 10
    digits = Digits(torch.zeros(n, 28, 28, dtype=torch.uint8), torch.from_numpy(labels))
    return Result(EvaluationSet("digits", digits), probability)


def test_the_most_frequent_confusion_is_named():
    said = findings.confusion_sentence(counts(d4_9=5, d7_1=2))
    assert said == (
        "**7 of 1,007 digits are misread.** The most frequent confusion: 4 read as 9, 5 times."
    )


def test_single_errors_are_no_pattern():
    said = findings.confusion_sentence(counts(d4_9=2, d7_1=2))
    assert said.startswith("**4 of 1,004") and said.endswith("too few for a pattern by pairs.")


@pytest.mark.parametrize(
    ("confidence", "verdict"),
    [
        (0.983, "but up to 1 % a model counts"),
        (0.99, "this may be chance"),
        (0.6, "hardly chance."),
    ],
)
def test_a_calibration_error_is_compared_with_chance(confidence, verdict):
    assert verdict in findings.calibration_sentence(result(1000, 10, confidence, doubt=0))


def test_how_much_to_reject_is_said_and_when_it_is_not_enough():
    assert "rejecting 1.00 % leaves" in findings.rejection_sentence(result(1000, 10, 0.99))
    assert "not enough" in findings.rejection_sentence(result(1000, 300, 0.99))
    assert "without rejecting" in findings.rejection_sentence(result(1000, 0, 0.99))
    assert "too few digits" in findings.rejection_sentence(result(50, 1, 0.99))


def test_groups_without_errors_are_counted():
    right, wrong = (metrics.accuracy(np.zeros(30), np.arange(30) < few) for few in (0, 3))
    groups = {"slant": {"left": right, "right": wrong, "upright": right}, "shape": {"wide": wrong}}
    assert findings.flawless_groups(groups) == (
        "- By slant: no errors in 2 of 3 groups (60 digits).\n"
        "- By shape: no errors in 0 of 1 groups (0 digits)."
    )
    assert findings.flawless_groups({}) == ""
