"""Accuracy's interval holds the truth as often as it says, also where people write many digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlib.evaluation import metrics
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


@given(st.integers(1, 500), st.integers(1, 9), st.data())
def test_the_interval_holds_the_value_and_stays_within_bounds(count, people, data):
    hits = data.draw(st.integers(0, count))
    predicted = (np.arange(count) >= hits).astype(int)
    for clusters in ((), np.arange(count) % people):
        found = metrics.accuracy(np.zeros(count, int), predicted, clusters)
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1


@pytest.mark.parametrize("people", [2, 3, 5, 10, 30])
@pytest.mark.parametrize(("share", "correlation", "digits"), [(0.9, 0.1, 15), (0.98, 0.05, 40)])
def test_95_of_100_intervals_hold_the_truth_however_few_people_write(
    people, share, correlation, digits
):
    """Each person's accuracy is drawn from a beta distribution about the true one."""
    generator = np.random.default_rng(people)
    strength = 1 / correlation - 1
    ability = generator.beta(share * strength, (1 - share) * strength, (400, people))
    wrong = (generator.random((400, digits, people)) > ability[:, None]).reshape(400, -1)
    clusters, labels = np.arange(digits * people) % people, np.zeros(digits * people, int)
    found = [metrics.accuracy(labels, row.astype(int), clusters) for row in wrong]
    covered = np.mean([accuracy.low <= share <= accuracy.high for accuracy in found])
    assert covered >= 0.935  # 0.95 less 1.4 standard errors
    assert people < 30 or covered <= 0.985  # few people: wider than needed, never too narrow


def test_one_person_gives_no_interval_and_the_text_says_so():
    found = metrics.accuracy(np.zeros(50, int), np.zeros(50, int), ["ann"] * 50)
    assert not found.has_interval
    assert (found.low, found.high) == (0, 1)
    assert str(found) == "100.00 % (n = 50 by one person: no interval)"


def test_without_an_error_the_interval_rests_on_the_writers_not_on_the_digits():
    labels = np.zeros(363, int)
    few, many = (
        metrics.accuracy(labels, labels, np.arange(363) * people // 363) for people in (23, 363)
    )
    independent = metrics.accuracy(labels, labels)
    assert few.low < 0.985 < many.low <= independent.low
    assert str(few) == "100.00 % (95 % interval 97.98 to 100.00 %, n = 363 by 23 people)"


def test_digits_of_one_writer_are_alike_and_widen_the_interval():
    writers = np.repeat([f"writer {n}" for n in range(20)], 50)
    labels = np.zeros(1000, int)
    one_writer_fails = np.where(writers == "writer 3", 1, 0)
    spread_evenly = np.where(np.arange(1000) % 20 == 3, 1, 0)
    independent = metrics.accuracy(labels, one_writer_fails)
    clustered = metrics.accuracy(labels, one_writer_fails, writers)
    even = metrics.accuracy(labels, spread_evenly, writers)
    assert clustered.value == independent.value == even.value == 0.95
    assert (clustered.n, clustered.clusters) == (1000, 20)
    assert clustered.low < 0.8 < even.low < independent.low


def test_no_digits_are_refused():
    with pytest.raises(ValueError, match="no digits"):
        metrics.accuracy(np.zeros(0, int), np.zeros(0, int))


def test_the_rejection_threshold_rejects_the_share_it_is_asked_for():
    confidence = np.random.default_rng(0).uniform(0.5, 1, 10_000)
    probabilities = np.column_stack([confidence, 1 - confidence, np.zeros((10_000, 8))])
    rejected = np.mean(confidence < temperature.rejection_threshold(probabilities))
    assert rejected == pytest.approx(0.01, abs=1e-3)


def test_confusion_counts_rows_as_truth():
    counts = metrics.confusion(np.array([7, 7, 1]), np.array([7, 1, 1]))
    assert (counts[7, 7], counts[7, 1], counts[1, 1], counts.sum()) == (1, 1, 1, 3)


def test_recall_and_precision():
    counts = np.zeros((10, 10), int)
    counts[3, 3], counts[3, 5], counts[5, 5] = 8, 2, 4
    recall, precision = metrics.per_digit(counts)
    assert (recall[3], recall[5]) == (0.8, 1.0)
    assert (precision[3], precision[5]) == (1.0, pytest.approx(4 / 6))
    assert np.isnan(recall[0]) and np.isnan(precision[0])
