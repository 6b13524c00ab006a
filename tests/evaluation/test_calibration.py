"""Calibration and rejection, against counts that are known."""

import numpy as np
import pytest

from digitlib.evaluation import calibration
from digitlib.evaluation.plots import evaluation
from digitlib.training import temperature


def made(uncertainty: list[float], wrong: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 10) that predict a 0 with this 1 − confidence, and labels."""
    rest = np.array(uncertainty)[:, None] / 9
    probability = np.repeat(rest, 10, axis=1)
    probability[:, 0] = 1 - np.array(uncertainty)
    return probability, np.where(wrong, 1, 0)


def test_errors_are_counted_among_digits_of_similar_confidence():
    uncertainty = [0.0005] * 100 + [0.03] * 50 + [0.4] * 20 + [0.15] * 3
    wrong = [False] * 100 + [True] * 5 + [False] * 45 + [True] * 10 + [False] * 10 + [True] * 3
    probability, labels = made(uncertainty, wrong)
    found = calibration.reliability(probability, labels)
    assert found.size.tolist() == [100, 53, 20]  # three errors are too few for a bin
    np.testing.assert_allclose(found.expected, [0.0005, (50 * 0.03 + 3 * 0.15) / 53, 0.4])
    np.testing.assert_allclose(found.error_rate, [0, 8 / 53, 0.5])
    assert (found.low <= found.error_rate).all() and (found.error_rate < found.high).all()
    four_errors = calibration.reliability(probability[:104], labels[:104])
    assert len(four_errors.expected) == 0


def test_a_reliability_diagram_shows_accuracy_in_equal_bins_of_confidence():
    probability, labels = made([0.05] * 8 + [0.35] * 2, [False] * 7 + [True] + [False, True])
    confidence, accuracy, share = calibration.confidence_bins(probability, labels)
    np.testing.assert_allclose(confidence, [0.65, 0.95])
    np.testing.assert_allclose(accuracy, [1 / 2, 7 / 8])
    np.testing.assert_allclose(share, [0.2, 0.8])
    figure = evaluation.reliability_diagram(confidence, accuracy, share, "set")
    np.testing.assert_allclose(figure.axes[0].lines[-1].get_xydata()[-1], [95, 87.5])


def test_the_calibration_error_falls_when_a_known_temperature_is_undone():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 10)) * 2
    probabilities = temperature.probabilities(logits)
    labels = (probabilities.cumsum(axis=1) < generator.random((20_000, 1))).sum(axis=1).clip(0, 9)
    assert temperature.fitted_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)
    assert calibration.calibration_error(probabilities, labels) < 0.012
    assert calibration.calibration_error(temperature.probabilities(logits * 3), labels) > 0.1


def test_chance_explains_an_error_of_few_digits_but_not_of_many():
    few, labels = made([0.1] * 3, [False] * 3)
    assert calibration.calibration_error(few, labels) <= calibration.chance_error(few)
    many, labels = made([0.1] * 1000, [False] * 1000)
    assert calibration.calibration_error(many, labels) > calibration.chance_error(many)


def test_captions_never_say_100_per_cent():
    assert [calibration.confidence_text(share) for share in (0.514, 0.99342, 0.99997)] == [
        "51 %",
        "99.3 %",
        "99.9 %",
    ]


def test_rejecting_the_least_confident_first_leaves_the_correct_ones():
    probability, labels = made([0.01] * 95 + [0.5] * 5, [False] * 95 + [True] * 5)
    curve = calibration.rejection_curve(probability, labels, most=0.1, steps=11)
    assert curve.accuracy[0] == pytest.approx(0.95)
    assert curve.accuracy[-1] == 1
    assert (np.diff(curve.accuracy) >= 0).all()
    assert calibration.rejection_needed(curve, 1.0) == pytest.approx(0.05)
    hopeless = calibration.rejection_curve(probability, 1 - labels)
    assert calibration.rejection_needed(hopeless, 0.999) is None


def test_the_most_confident_errors_and_the_least_confident_hits_come_first():
    probability, labels = made([0.1, 0.3, 0.2, 0.4], [False, False, False, True])
    assert calibration.unconfident_hits(probability, labels, 2).tolist() == [1, 2]
    assert calibration.confident_mistakes(probability, 1 - labels, 5).tolist() == [0, 2, 1]


def test_rejection_is_drawn_even_where_no_set_is_large_enough():
    assert evaluation.rejection({}).axes[0].get_lines() == []


def curve(share: float) -> calibration.RejectionCurve:
    return calibration.RejectionCurve(np.array([0, 0.1]), np.array([share, share]))


def test_no_set_is_left_out_and_five_look_different():
    figure = evaluation.rejection({f"set {n}": curve(0.9 + n / 100) for n in range(7)})
    lines = figure.axes[0].get_lines()
    assert len(lines) == len(figure.axes[0].texts) == 7
    assert len({(line.get_linestyle(), line.get_color()) for line in lines[:5]}) == 5


def test_the_lowest_panel_of_each_column_has_tick_labels():
    probability, labels = made([0.0005] * 100 + [0.4] * 20, [False] * 110 + [True] * 10)
    curves = {f"set {n}": calibration.reliability(probability, labels) for n in range(5)}
    figure = evaluation.calibration(curves)
    labelled = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes[:5]]
    assert labelled == [False, False, True, True, True]


@pytest.mark.parametrize("lowest", [0.9885, 0.99, 0.997, 0.999, 0.9995])
def test_a_digit_without_errors_stands_at_a_tick(lowest):
    shares = np.array([lowest] + [1.0] * 9)
    (axes,) = evaluation.per_digit(shares, shares, "").axes
    assert max(axes.get_yticks()) == 100
