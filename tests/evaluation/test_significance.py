"""Two models are told apart by people, not by digits, and never by more than the data show."""

import itertools
import tracemalloc

import numpy as np
import pytest

from digitlib.evaluation import significance


def test_a_writers_digits_do_not_decide_between_two_models():
    labels, old = np.zeros(400, int), np.zeros(400, int)
    writers = np.repeat(["ann", "ben", "cy", "dee"], 100)
    old[:30] = 1  # all by one writer
    independent = significance.compare(labels, old, labels)
    clustered = significance.compare(labels, old, labels, writers)
    assert independent.p_two_sided < 0.001
    assert clustered.p_two_sided == 0.5  # one writer of one
    assert clustered.low < 0 < independent.low and clustered[:3] == independent[:3]


def test_with_a_writer_for_each_digit_the_permutation_test_is_mcnemars():
    generator = np.random.default_rng(1)
    labels = np.zeros(500, int)
    old, new = (generator.random((2, 500)) < [[0.04], [0.02]]).astype(int)
    exact = significance.compare(labels, old, new).p_value
    assert significance.compare(labels, old, new, np.arange(500)).p_value == pytest.approx(exact)


@pytest.mark.parametrize("totals", [[3], [1, 1, -2], [4, -1, 2, 2, 0, -3, 1, 5]])
def test_the_p_value_is_that_of_all_sign_flips(totals):
    changed = np.array([total for total in totals if total])
    flips = np.array(list(itertools.product((-1, 1), repeat=len(changed)))) @ changed
    wanted = np.mean(flips > changed.sum()) + np.mean(flips == changed.sum()) / 2
    assert significance.sign_flip_p(np.array(totals)) == pytest.approx(wanted)


def test_a_p_value_is_never_0_nor_above_1():
    for count in (1, 30, 5000):
        best, worst = (significance.sign_flip_p(np.full(count, sign)) for sign in (1, -1))
        assert 0 < best < 0.5 < worst <= 1
    assert significance.sign_flip_p(np.zeros(3, int)) == 0.5


def test_ten_thousand_changed_visits_are_compared_in_little_memory():
    totals = np.random.default_rng(0).integers(-9, 10, 10_000)
    tracemalloc.start()
    significance.sign_flip_p(totals)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


@pytest.mark.parametrize("people", [2, 3, 5, 10, 30])
def test_95_of_100_intervals_hold_the_difference_and_chance_seldom_passes(people):
    """Two models of accuracies 0.97 and 0.95; each person's differ about them, alike for both."""
    generator, repeats, digits = np.random.default_rng(people), 300, 15
    clusters, labels = np.arange(digits * people) % people, np.zeros(digits * people, int)
    hard = generator.beta(0.5, 4.5, (repeats, people))  # 0.1 in the mean, correlation 1 / 6
    errors = generator.random((3, repeats, digits, people))
    better, worse, equal = (
        (errors[i] < share * hard[:, None]).reshape(repeats, -1).astype(int)
        for i, share in enumerate((0.3, 0.5, 0.5))
    )
    found = [
        significance.compare(labels, old, new, clusters)
        for old, new in zip(worse, better, strict=True)
    ]
    assert np.mean([c.low <= 0.02 <= c.high for c in found]) >= 0.93
    null = [
        significance.compare(labels, old, new, clusters).p_value
        for old, new in zip(worse, equal, strict=True)
    ]
    assert np.mean(np.array(null) <= 0.05) <= 0.05 + 0.03


def test_one_person_gives_no_interval_of_a_difference():
    found = significance.compare(np.zeros(9, int), np.ones(9, int), np.zeros(9, int), ["ann"] * 9)
    assert (found.low, found.high, found.p_value) == (-1, 1, 0.25)
