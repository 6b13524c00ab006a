"""A refined model takes the old one's place only where it is better, and no worse elsewhere."""

import numpy as np
import pytest

from digitlib import evaluation, gate

LABELS = np.tile(np.arange(10), 100)


def pair(name: str, old_wrong, new_wrong, sureness: float = 0.99) -> gate.Pair:
    """1,000 digits of which an old and a new model get those at some places wrong."""

    def probabilities(wrong, sure) -> np.ndarray:
        read = LABELS.copy()
        read[list(wrong)] = (read[list(wrong)] + 1) % 10
        shares = np.full((len(read), 10), (1 - sure) / 9)
        shares[np.arange(len(read)), read] = sure
        return shares

    images = np.zeros((len(LABELS), 28, 28), np.uint8)
    return gate.Pair(
        name, images, LABELS, probabilities(old_wrong, 0.99), probabilities(new_wrong, sureness)
    )


def decide(held_out: gate.Pair, original: gate.Pair, **changed) -> gate.Decision:
    asked = {"best_before": 0.99, "tolerance": 0.001, "floor": 0.9, "risk": 0.1, **changed}
    return gate.decide(held_out, original, **asked)


SAME = pair("originals", range(10), range(10))
BETTER = pair("sketches", range(30), range(10))


def test_a_better_model_that_is_no_worse_is_promoted():
    decision = decide(BETTER, SAME)
    assert decision.promote
    assert "better" in decision.sentence
    assert decision.table.count("✓") == len(decision.checks)


@pytest.mark.parametrize(
    "held_out, original, reason",
    [
        (pair("sketches", range(30), range(30)), SAME, "read better"),
        (pair("sketches", range(30), range(1, 30)), SAME, "read better"),  # 1 of 1: may be chance
        (pair("sketches", range(10), range(30)), SAME, "read better"),
        (BETTER, pair("originals", range(10), range(13)), "best so far"),
        (BETTER, pair("originals", range(10), range(3, 123, 10)), "falls below 90%"),
        (BETTER, pair("originals", range(10), range(10), sureness=0.8), "as honest"),
    ],
)
def test_what_is_not_better_or_worse_elsewhere_is_not_and_the_reason_is_said(
    held_out, original, reason
):
    decision = decide(held_out, original)
    assert not decision.promote
    assert "The old model stays" in decision.sentence
    assert reason in "".join(check.name for check in decision.checks if not check.passed)
    assert decision.table.count("✗") >= 1


def test_small_falls_do_not_add_up():
    fallen = pair("originals", range(10), range(11))
    assert decide(BETTER, fallen).promote
    assert not decide(BETTER, fallen, best_before=0.9905).promote


def test_a_digit_that_was_low_before_does_not_keep_the_old_model():
    low = pair("originals", range(3, 203, 10), range(3, 203, 10))
    assert decide(BETTER, low, best_before=0.98).promote
    one_less = pair("originals", range(3, 203, 10), range(3, 213, 10))  # may be chance
    assert decide(BETTER, one_less, best_before=0.98).promote
    far_less = pair("originals", range(3, 203, 10), range(3, 303, 10))
    assert not decide(BETTER, far_less, best_before=0.97).promote


def test_what_changed_can_be_looked_at():
    mixed = pair("sketches", [1, 2, 3], [3, 4])
    assert mixed.newly(right=True).tolist() == [1, 2]
    assert mixed.newly(right=False).tolist() == [4]
    assert (mixed.comparison.fixed, mixed.comparison.broken) == (2, 1)


def test_the_paired_test_agrees_with_counting_by_hand():
    labels = np.zeros(100, int)
    old, new = labels.copy(), labels.copy()
    old[:6], new[:2] = 1, [0, 0]
    new[50] = 1  # six fixed, one broken
    found = evaluation.compared(labels, old, new)
    assert (found.fixed, found.broken, found.n) == (6, 1, 100)
    assert found.difference == pytest.approx(0.05)
    assert found.chance == pytest.approx((1 + 7 / 2) / 2**7)  # all 7; half of "6 of 7"
    assert found.low < 0.05 < found.high
    with pytest.raises(ValueError, match="nothing to compare"):
        evaluation.compared(labels[:0], old[:0], new[:0])
