"""A refined model takes the old one's place only where it is better, and no worse elsewhere."""

import numpy as np
import pytest

from digitlib.evaluation import significance
from digitlib.refine import gate
from digitlib.training import temperature

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
        (BETTER, pair("originals", range(10), range(3, 123, 10)), "pushed below 90 %"),
        (BETTER, pair("originals", range(10), range(10), sureness=0.8), "no worse, beyond"),
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


@pytest.mark.parametrize("before, now, allowed", [(0, 1, True), (1, 6, False), (6, 6, True)])
def test_thirty_sketches_of_a_digit_are_few_but_not_nothing(before, now, allowed):
    """Of 30 sketches of a 7 the old model reads some wrong, and the new one those and more."""
    old, new = (np.tile(np.eye(10)[7], (30, 1)) for _ in range(2))
    old[:before], new[:now] = np.eye(10)[1], np.eye(10)[1]
    sevens = gate.Pair("sketches", BETTER.images[:30], np.full(30, 7), old, new)
    floor = decide(sevens, SAME, floor=0.97).checks[2]
    assert floor.name == "no digit of sketches is pushed below 97 %"
    assert floor.passed is allowed
    assert ("no worse beyond chance: 7" if allowed else "pushed: 7") in floor.found
    assert "fewer than 20 to judge by: 0, 1, 2, 3" in floor.found


def equally_good(generator: np.random.Generator, sharper: float) -> gate.Pair:
    """300 sketches of 30 visits as two models see them that differ by noise, and in sureness."""
    labels, hands = generator.integers(0, 10, 300), np.repeat(np.arange(30), 10)
    alike = 9.0 * np.eye(10)[labels] + generator.normal(0, 2, (300, 10))
    alike += generator.normal(0, 1, (30, 10))[hands]  # one hand's sketches are hard alike
    old, new = (alike + generator.normal(0, 0.7, (300, 10)) for _ in range(2))
    shares = (temperature.probabilities(old), temperature.probabilities(sharper * new))
    images = np.zeros((300, 28, 28), np.uint8)
    return gate.Pair("sketches", images, labels, *shares, visits=[str(hand) for hand in hands])


def test_a_model_that_is_only_surer_passes_no_more_often_than_the_risk():
    generator = np.random.default_rng(3)
    passed = [
        gate.improvement(equally_good(generator, sharper=1.5), risk=0.1).passed for _ in range(200)
    ]
    assert np.mean(passed) <= 0.1 + 0.04  # two standard errors


def test_a_surprise_that_falls_counts_where_as_many_are_read_right_but_not_in_one_visit_alone():
    sketches = equally_good(np.random.default_rng(0), sharper=1.0)
    right = np.eye(10)[sketches.labels]
    is_hit = sketches.old.argmax(axis=1) == sketches.labels
    new = np.where(is_hit[:, None], (sketches.old + right) / 2, sketches.old)
    clearer = sketches._replace(new=new)
    assert clearer.comparison.fixed == clearer.comparison.broken == 0
    assert decide(clearer, SAME, floor=0.0).checks[0].passed
    one_visit = clearer._replace(visits=["one"] * 300)
    assert not decide(one_visit, SAME, floor=0.0).checks[0].passed


def test_six_fixed_and_none_broken_is_enough_and_the_figures_are_told():
    check = decide(pair("sketches", range(16), range(10)), SAME).checks[0]
    assert check.passed
    for figure in ("of 1,000", "95 % interval", "p = 0.008", "surprise"):
        assert figure in check.found


def test_what_one_visit_alone_gains_from_is_chance():
    better = pair("sketches", range(16), range(10))
    alone = better._replace(visits=["one" if i < 20 else str(i) for i in range(1000)])
    check = decide(alone, SAME).checks[0]
    assert not check.passed
    assert "p = 0.250" in check.found
    assert "by visit" in check.found


def test_a_digit_is_not_pushed_down_by_one_visit_alone():
    threes = range(3, 123, 10)
    worse = pair("sketches", range(10), threes)
    alone = worse._replace(visits=["one" if i in threes else str(i) for i in range(1000)])
    for asked, passed, said in ((worse, False, "pushed: 3"), (alone, True, "no worse beyond")):
        floor = next(c for c in decide(asked, SAME).checks if "digit of sketches" in c.name)
        assert floor.passed is passed
        assert said in floor.found


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
    found = significance.compare(labels, old, new)
    assert (found.fixed, found.broken, found.n) == (6, 1, 100)
    assert found.difference == pytest.approx(0.05)
    assert found.chance == pytest.approx((1 + 7 / 2) / 2**7)  # all 7; half of "6 of 7"
    assert found.low < 0.05 < found.high
    with pytest.raises(ValueError, match="nothing to compare"):
        significance.compare(labels[:0], old[:0], new[:0])
