"""Doubt beside mistakes, and what refusing gains, against counts made by hand."""

import numpy as np
import pytest

from digitlib.evaluation import calibration, metrics
from digitlib.evaluation.plots import evaluation


def made(doubts: list[float], wrong: list[bool]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 10) that read a 0 with these doubts, and labels."""
    rest = np.array(doubts)[:, None] / 9
    probability = np.repeat(rest, 10, axis=1)
    probability[:, 0] = 1 - np.array(doubts)
    return probability, np.where(wrong, 1, 0)


def test_mistakes_are_counted_among_digits_that_are_doubted_alike():
    doubts = [0.0005] * 100 + [0.03] * 50 + [0.4] * 20 + [0.15] * 3
    wrong = [False] * 100 + [True] * 5 + [False] * 45 + [True] * 10 + [False] * 10 + [True] * 3
    probability, labels = made(doubts, wrong)
    found = calibration.reliability(probability, labels)
    assert found.size.tolist() == [100, 53, 20]  # the three mistakes are too few for a bin
    np.testing.assert_allclose(found.doubt, [0.0005, (50 * 0.03 + 3 * 0.15) / 53, 0.4], rtol=1e-6)
    np.testing.assert_allclose(found.mistakes, [0, 8 / 53, 0.5])
    assert (found.low <= found.mistakes).all() and (found.mistakes < found.high).all()
    assert len(calibration.reliability(probability[:104], labels[:104]).doubt) == 0  # four mistakes


def test_chance_explains_an_error_of_few_digits_but_not_of_many():
    few, labels = made([0.1] * 3, [False] * 3)
    assert calibration.calibration_error(few, labels) <= calibration.chance_error(few)
    many, labels = made([0.1] * 1000, [False] * 1000)
    assert calibration.calibration_error(many, labels) > calibration.chance_error(many)


def test_captions_never_say_100_per_cent():
    assert [calibration.confidence_text(sure) for sure in (0.514, 0.99342, 0.99997)] == [
        "51 %",
        "99.3 %",
        "99.9 %",
    ]


def test_refusing_the_doubtful_first_leaves_the_right():
    probability, labels = made([0.01] * 95 + [0.5] * 5, [False] * 95 + [True] * 5)
    curve = calibration.rejection_curve(probability, labels, most=0.1, steps=11)
    assert curve.accuracy[0] == pytest.approx(0.95)
    assert curve.accuracy[-1] == 1
    assert (np.diff(curve.accuracy) >= 0).all()
    assert calibration.perfect_from(curve, 1.0) == pytest.approx(0.05)
    assert (
        calibration.perfect_from(calibration.rejection_curve(probability, 1 - labels), 0.999)
        is None
    )


def test_the_least_sure_hits_come_first():
    probability, labels = made([0.1, 0.3, 0.2, 0.4], [False, False, False, True])
    assert calibration.doubtful_hits(probability, labels, 2).tolist() == [1, 2]


def test_recall_and_precision():
    counts = np.zeros((10, 10), int)
    counts[3, 3], counts[3, 5], counts[5, 5] = 8, 2, 4
    recall, precision = metrics.per_digit(counts)
    assert (recall[3], recall[5]) == (0.8, 1.0)
    assert (precision[3], precision[5]) == (1.0, pytest.approx(4 / 6))
    assert np.isnan(recall[0]) and np.isnan(precision[0])


def test_refusals_are_drawn_even_where_no_exam_is_large_enough():
    assert evaluation.refusals({}).axes[0].get_lines() == []


def curve(share: float) -> calibration.RejectionCurve:
    return calibration.RejectionCurve(np.array([0, 0.1]), np.array([share, share]))


def test_no_exam_is_left_out_and_five_look_different():
    figure = evaluation.refusals({f"exam {n}": curve(0.9 + n / 100) for n in range(7)})
    lines = figure.axes[0].get_lines()
    assert len(lines) == len(figure.axes[0].texts) == 7
    assert len({(line.get_linestyle(), line.get_color()) for line in lines[:5]}) == 5


def test_the_lowest_panel_of_each_column_has_its_doubts_named():
    probability, labels = made([0.0005] * 100 + [0.4] * 20, [False] * 110 + [True] * 10)
    curves = {f"exam {n}": calibration.reliability(probability, labels) for n in range(5)}
    figure = evaluation.calibration(curves)
    figure.draw_without_rendering()
    named = [any(label.get_visible() for label in axes.get_xticklabels()) for axes in figure.axes]
    assert named[:5] == [False, False, True, True, True]


@pytest.mark.parametrize("lowest", [0.9885, 0.99, 0.997, 0.999, 0.9995])
def test_a_digit_that_is_always_read_stands_at_a_tick(lowest):
    shares = np.array([lowest] + [1.0] * 9)
    (axes,) = evaluation.per_digit(shares, shares, "").axes
    assert max(axes.get_yticks()) == 100
