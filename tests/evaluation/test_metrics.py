"""Figures against values worked out another way, and curves read as a person would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlib.evaluation import calibration, learning_curves, metrics, significance
from digitlib.training import temperature


def test_wilsons_interval_of_a_published_example():
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I, method 3)."""
    labels = np.zeros(263, int)
    predicted = (np.arange(263) >= 81).astype(int)
    found = metrics.accuracy(labels, predicted)
    assert (found.value, found.n) == (pytest.approx(81 / 263), 263)
    assert (found.low, found.high) == (
        pytest.approx(0.2553, abs=1e-4),
        pytest.approx(0.3662, abs=1e-4),
    )


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_value_and_stays_within_bounds(count, data):
    hits = data.draw(st.integers(0, count))
    found = metrics.accuracy(np.zeros(count, int), (np.arange(count) >= hits).astype(int))
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1


def test_the_rejection_threshold_refuses_the_share_it_is_asked_for():
    sure = np.random.default_rng(0).uniform(0.5, 1, 10_000)
    chances = np.column_stack([sure, 1 - sure, np.zeros((10_000, 8))])
    assert np.mean(sure < temperature.rejection_threshold(chances)) == pytest.approx(0.01, abs=1e-3)


def test_confusion_counts_rows_as_truth():
    counts = metrics.confusion(np.array([7, 7, 1]), np.array([7, 1, 1]))
    assert (counts[7, 7], counts[7, 1], counts[1, 1], counts.sum()) == (1, 1, 1, 3)


def test_the_fitted_temperature_undoes_a_known_one():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 10)) * 2
    chances = temperature.probabilities(logits)
    labels = np.array([generator.choice(10, p=chance) for chance in chances])
    assert temperature.fitted_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)
    assert calibration.calibration_error(chances, labels) < 0.012
    assert calibration.calibration_error(temperature.probabilities(logits * 3), labels) > 0.1


def test_the_surest_mistakes_come_first():
    probability = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    assert calibration.confident_mistakes(probability, np.array([1, 0, 1]), 5).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("training", "validation", "verdict", "advice"),
    [
        ([0.5, 0.1, 0.03, 0.01], [0.5, 0.12, 0.09, 0.14], "overfitting", "turned at epoch 3"),
        ([0.3, 0.01, 0.005], [0.3, 0.08, 0.08], "overfitting", "augment"),
        ([1.2, 0.9, 0.8], [1.2, 0.9, 0.85], "underfitting", "epochs"),
        ([0.3, 0.2, 0.1], [0.3, 0.2, 0.11], "unfinished", "Raise `epochs`"),
        ([0.1, 0.05, 0.04, 0.04], [0.1, 0.05, 0.045, 0.045], "balanced", "architecture"),
        ([0.1], [0.1], "unfinished", "one epoch shows no trend"),
    ],
)
def test_curves_are_read(training, validation, verdict, advice):
    reading = learning_curves.diagnose(training, validation)
    assert reading.verdict == verdict
    assert advice in reading.sentence
    best = int(np.argmin(validation))
    assert reading.gap == pytest.approx(validation[best] - training[best])


def test_no_curves_are_refused():
    with pytest.raises(ValueError, match="each epoch"):
        learning_curves.diagnose([], [])


def test_a_hands_digits_are_alike_and_widen_the_interval():
    hands = np.repeat([f"hand {n}" for n in range(20)], 50)
    labels = np.zeros(1000, int)
    one_hand_fails = np.where(hands == "hand 3", 1, 0)
    spread_evenly = np.where(np.arange(1000) % 20 == 3, 1, 0)
    alone = metrics.accuracy(labels, one_hand_fails)
    by_hand = metrics.accuracy(labels, one_hand_fails, hands)
    assert by_hand.value == alone.value == 0.95 and by_hand.n == 1000
    assert by_hand.low < 0.8 < 0.93 < alone.low
    assert metrics.accuracy(labels, spread_evenly, hands) == alone
    assert metrics.accuracy(labels, labels, hands) == metrics.accuracy(labels, labels)


def test_a_hands_digits_do_not_decide_between_two_models():
    labels, old = np.zeros(400, int), np.zeros(400, int)
    hands = np.repeat(["ann", "ben", "cy", "dee"], 100)
    old[:30] = 1  # all of one hand
    single = significance.compare(labels, old, labels)
    by_hand = significance.compare(labels, old, labels, hands)
    assert single.either_way < 0.001
    assert by_hand.either_way == pytest.approx(0.5, abs=0.02)  # a hand more or less
    assert by_hand.low < 0 < single.low and by_hand[:3] == single[:3]


def test_by_hand_mcnemars_test_is_what_is_left_where_each_digit_has_its_own():
    generator = np.random.default_rng(1)
    labels = np.zeros(500, int)
    old, new = (generator.random((2, 500)) < [[0.04], [0.02]]).astype(int)
    of_their_own = [str(n) for n in range(500)]
    exact = significance.compare(labels, old, new).chance
    assert significance.compare(labels, old, new, of_their_own).chance == pytest.approx(
        exact, abs=0.01
    )
