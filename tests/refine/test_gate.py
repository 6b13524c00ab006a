"""A challenger replaces the champion only where it is better, and no worse elsewhere."""

import numpy as np
import pytest

from digitlib.refine import gate, paired
from digitlib.refine.paired import Paired
from digitlib.training import probabilities

LABELS = np.tile(np.arange(10), 100)
IMAGES = np.zeros((len(LABELS), 28, 28), np.uint8)


def pair(name: str, champion_wrong, challenger_wrong, confidence: float = 0.99) -> Paired:
    """1,000 digits; each model gets those at the given places wrong."""

    def predicted(wrong, confidence: float) -> np.ndarray:
        digits = LABELS.copy()
        digits[list(wrong)] = (digits[list(wrong)] + 1) % 10
        shares = np.full((len(digits), 10), (1 - confidence) / 9)
        shares[np.arange(len(digits)), digits] = confidence
        return shares

    return Paired(
        name,
        IMAGES,
        LABELS,
        predicted(champion_wrong, 0.99),
        predicted(challenger_wrong, confidence),
    )


def decide(people: Paired, original: Paired, **changed) -> gate.Decision:
    asked = {"best_before": 0.99, "tolerance": 0.001, "floor": 0.9, "risk": 0.1, **changed}
    return gate.decide(people, original, **asked)


SAME = pair("originals", range(10), range(10))
BETTER = pair("sketches", range(30), range(10))


def test_a_better_model_that_is_no_worse_elsewhere_is_promoted():
    decision = decide(BETTER, SAME, disputed=12)
    assert decision.promote
    assert decision.sentence == (
        "**The challenger is better.** Left out: 12 submissions with a disputed label."
    )
    assert decision.table.count("✓") == len(decision.checks)


@pytest.mark.parametrize(
    "people, original, reason",
    [
        (pair("sketches", range(30), range(30)), SAME, "better on"),
        (pair("sketches", range(30), range(1, 30)), SAME, "better on"),  # 1 of 1: may be chance
        (pair("sketches", range(10), range(30)), SAME, "better on"),
        (BETTER, pair("originals", range(10), range(13)), "below the best"),
        (
            BETTER,
            pair("originals", range(10), range(3, 123, 10)),
            "falls significantly to below 90 %",
        ),
        (BETTER, pair("originals", range(10), range(10), confidence=0.8), "no worse"),
    ],
)
def test_a_model_that_is_not_better_or_worse_elsewhere_is_not_promoted(people, original, reason):
    decision = decide(people, original)
    assert not decision.promote
    assert "The champion stays" in decision.sentence
    assert reason in decision.sentence
    assert reason in "".join(check.name for check in decision.checks if check.passed is False)
    assert decision.table.count("✗") >= 1


def test_small_falls_do_not_add_up():
    fallen = pair("originals", range(10), range(11))
    assert decide(BETTER, fallen).promote
    assert not decide(BETTER, fallen, best_before=0.9905).promote


def test_a_digit_that_was_already_low_does_not_block_a_promotion():
    low = pair("originals", range(3, 203, 10), range(3, 203, 10))
    assert decide(BETTER, low, best_before=0.98).promote
    one_less = pair("originals", range(3, 203, 10), range(3, 213, 10))  # may be chance
    assert decide(BETTER, one_less, best_before=0.98).promote
    far_less = pair("originals", range(3, 203, 10), range(3, 303, 10))
    assert not decide(BETTER, far_less, best_before=0.97).promote


@pytest.mark.parametrize("before, now, allowed", [(0, 1, True), (1, 6, False), (6, 6, True)])
def test_thirty_sketches_of_a_digit_are_enough_to_test_it(before, now, allowed):
    """Of 30 sketches of a 7 the champion gets some wrong, the challenger those and more."""
    old, new = (np.tile(np.eye(10)[7], (30, 1)) for _ in range(2))
    old[:before], new[:now] = np.eye(10)[1], np.eye(10)[1]
    sevens = Paired("sketches", IMAGES[:30], np.full(30, 7), old, new)
    floor = decide(sevens, SAME, floor=0.97).checks[2]
    assert floor.name == "no digit of sketches falls significantly to below 97 %"
    assert floor.passed is allowed
    assert f"7: {100 * (30 - before) / 30:.1f} % → {100 * (30 - now) / 30:.1f} %" in floor.found
    assert "fewer than 20 images, not tested: 0, 1, 2, 3" in floor.found


def test_what_could_not_be_tested_is_neither_passed_nor_hidden():
    """19 sketches of each digit by three visits: too few for any digit and for calibration."""
    few = Paired(
        "sketches",
        *(part[:190] for part in BETTER[1:5]),
        [f"visit {number % 3}" for number in range(190)],
    )
    improved, _, floor, _, calibration, _ = decide(few, SAME).checks
    assert floor.passed is None and calibration.passed is None
    decision = gate.Decision((improved._replace(passed=True), floor, calibration))
    assert decision.promote
    assert decision.table.count("not tested") >= 2 and decision.table.count("✓") == 1
    assert f"Not tested, for lack of data: {floor.name}; {calibration.name}." in decision.sentence
    untested = gate.Decision((improved._replace(passed=None), floor))
    assert not untested.promote


def equally_good(
    generator: np.random.Generator, temperature: float = 1.0, visits: int = 30, style: float = 1.0
) -> Paired:
    """300 sketches and two models that differ by noise; sketches of a visit are similarly hard.

    `temperature` is the challenger's, times that at which it is well calibrated; `style` is how
    much better or worse than another it handles a visit.
    """
    labels, visit = generator.integers(0, 10, 300), np.arange(300) % visits
    common = 9.0 * np.eye(10)[labels] + generator.normal(0, 2, (300, 10))
    common += generator.normal(0, 1, (visits, 10))[visit]

    def model() -> np.ndarray:
        by_visit = generator.normal(0, style, (visits, 10))[visit]
        return common + by_visit + generator.normal(0, 0.7, (300, 10))

    shares = (probabilities(model(), 0.7), probabilities(model(), 0.7 * temperature))
    return Paired("sketches", IMAGES[:300], labels, *shares, [f"visit {n}" for n in visit])


def test_a_model_that_is_only_more_confident_passes_no_more_often_than_the_risk():
    generator = np.random.default_rng(3)
    passed = [
        gate.improvement(equally_good(generator, temperature=1 / 1.5), risk=0.1).passed
        for _ in range(150)
    ]
    assert np.mean(passed) <= 0.1 + 0.05  # two standard errors


def test_the_calibration_check_fails_an_equally_calibrated_model_in_2_5_percent():
    """Of 400 simulations. Resampling digits instead of visits failed 16 % of these."""
    generator = np.random.default_rng(1)
    changes = [
        paired.calibration_change(equally_good(generator, visits=10, style=2.5)) for _ in range(400)
    ]
    failed = np.mean([change.p_value <= gate._CALIBRATION_LEVEL for change in changes])
    assert failed <= 0.025 + 0.023  # three standard errors
    assert min(change.p_value for change in changes) > 0


def test_a_badly_calibrated_model_fails_the_calibration_check():
    generator = np.random.default_rng(2)
    for _ in range(20):
        check = gate._calibration(equally_good(generator, temperature=3))
        assert check.passed is False


@pytest.mark.parametrize("temperature", [0.3, 0.83, 1.0, 1.7])
def test_the_same_network_at_another_temperature_is_not_better(temperature):
    for seed in range(5):
        sketches = equally_good(np.random.default_rng(seed))
        logits = np.log(sketches.champion)
        again = probabilities(logits, temperature).astype(np.float32)
        same = sketches._replace(challenger=again)
        assert same.comparison.fixed == same.comparison.broken == 0
        assert gate.improvement(same, risk=0.5).passed is False


def test_a_lower_log_loss_counts_where_no_fewer_are_correct_but_not_in_one_visit_alone():
    sketches = equally_good(np.random.default_rng(0))
    correct = sketches.champion.argmax(axis=1) == sketches.labels
    nearer = (sketches.champion + np.eye(10)[sketches.labels]) / 2
    clearer = sketches._replace(challenger=np.where(correct[:, None], nearer, sketches.champion))
    assert clearer.comparison.fixed == clearer.comparison.broken == 0
    assert gate.improvement(clearer, risk=0.1).passed
    one_visit = clearer._replace(visits=["one"] * 300)
    assert not gate.improvement(one_visit, risk=0.1).passed


def test_six_newly_right_and_none_newly_wrong_is_enough_and_the_figures_are_shown():
    check = decide(pair("sketches", range(16), range(10)), SAME).checks[0]
    assert check.passed
    for figure in ("of 1,000", "95 % interval", "p = 0.008", "log loss"):
        assert figure in check.found


def test_a_gain_in_one_visit_alone_is_not_significant():
    better = pair("sketches", range(16), range(10))
    alone = better._replace(visits=["one" if i < 20 else str(i) for i in range(1000)])
    check = decide(alone, SAME).checks[0]
    assert not check.passed
    assert "p = 0.250" in check.found
    assert "by visit" in check.found


def test_a_fall_in_one_visit_alone_does_not_block_a_promotion():
    threes = range(3, 123, 10)
    worse = pair("sketches", range(10), threes)
    alone = worse._replace(visits=["one" if i in threes else str(i) for i in range(1000)])
    for people, passed in ((worse, False), (alone, True)):
        floor = next(c for c in decide(people, SAME).checks if "digit of sketches" in c.name)
        assert floor.passed is passed
        assert "3: " in floor.found


def test_permutation_p_values_are_exact_where_visits_are_few_and_never_zero():
    better = pair("sketches", range(300), range(10))
    for visits in (1, 2, 3, 5):
        split = better._replace(visits=[str(i % visits) for i in range(1000)])
        clusters = len(np.unique(split.clusters))
        change = paired.log_loss_change(split)
        assert change.p_value == pytest.approx(paired.smallest_p_value(split))
        assert change.p_value == pytest.approx(0.5**clusters)
    assert paired.log_loss_change(better).p_value == pytest.approx(1 / 1001)


def test_changed_predictions_can_be_listed():
    mixed = pair("sketches", [1, 2, 3], [3, 4])
    assert mixed.newly(right=True).tolist() == [1, 2]
    assert mixed.newly(right=False).tolist() == [4]
    assert (mixed.comparison.fixed, mixed.comparison.broken) == (2, 1)
