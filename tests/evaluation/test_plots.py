"""Figures can be read: colours in print, axes at their ends, labels that don't overlap."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from digitlib.evaluation import metrics, plots, robustness
from digitlib.evaluation.plots import style, submissions

COLOURS = (style.INK, style.GREY, style.ACCENT)


@pytest.mark.parametrize("one, other", list(combinations(COLOURS, 2)))
def test_colours_differ_in_grey_print(one, other):
    luminances = [255 * np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) for colour in (one, other)]
    assert abs(np.subtract(*luminances)) >= 30


@pytest.mark.parametrize("colour", COLOURS)
def test_text_in_each_colour_is_legible_on_white(colour):
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5 to 1."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05) >= 4.5


def curves(losses, accuracies, rates):
    figure = style.learning_curves(losses, losses, accuracies, rates, kept=1, title="")
    figure.draw_without_rendering()
    return figure.axes


def test_one_epoch_is_a_sentence_and_no_curve():
    (axes,) = curves([0.2], [0.9915], [1.2e-6])
    assert not axes.axison
    assert "validation loss 0.2000, validation accuracy 99.15 %" in axes.texts[0].get_text()


def test_curves_end_at_100_per_cent_without_a_power_of_ten_beside_the_axis():
    _, accuracy, rate = curves([0.2, 0.1], [0.9915, 0.9999], [1.2e-6, 1.1e-6])
    assert accuracy.get_ylim()[1] <= 100
    assert [text.get_text() for text in accuracy.texts] == ["99.99 %"]
    assert accuracy.get_title(loc="left").endswith("(%)")
    ticks = [label.get_text() for label in accuracy.get_yticklabels()]
    assert len({len(tick.partition(".")[2]) for tick in ticks}) == 1  # as many decimals each
    assert accuracy.yaxis.get_offset_text().get_text() == ""
    assert rate.yaxis.get_offset_text().get_text() == ""


def test_losses_that_are_close_together_have_ticks_to_read_them_off():
    losses, *_ = curves([0.2067, 0.1681], [0.95, 0.96], [0.02, 0])
    low, high = losses.get_ylim()
    ticks = [float(label.get_text()) for label in losses.get_yticklabels() if label.get_text()]
    assert len([tick for tick in ticks if low <= tick <= high]) >= 4
    assert not any(label.get_text() for label in losses.get_yticklabels(minor=True))


def test_the_label_of_the_kept_epoch_does_not_overlap_the_axis():
    *_, rate = curves([0.2, 0.1, 0.05], [0.97, 0.98, 0.99], [0.001, 0.002, 0.0001])
    (mark,) = rate.texts[-1:]
    assert mark.get_text() == "kept"
    assert mark.get_window_extent().x0 > rate.get_window_extent().x0


def test_labels_of_curves_that_meet_do_not_overlap():
    losses, *_ = curves([0.2, 0.1], [0.9, 0.91], [0.01, 0])
    one, other = (text.get_window_extent() for text in losses.texts)
    assert abs(one.y0 - other.y0) > 0.7 * one.height


def test_a_grid_without_images_says_so():
    figure = style.digit_grid(np.zeros((0, 28, 28), np.uint8), [], title="0 of 0: wrong")
    assert not figure.axes[0].axison
    assert [text.get_text() for text in figure.axes[0].texts] == ["No images."]


def share(hits, n):
    return metrics.accuracy(np.ones(n), np.arange(n) < hits)


def test_a_models_name_is_below_the_title_and_no_tick_above_100():
    figure = submissions.over_time({"people-cnn": {"2025-03-03": share(12, 12)}})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.texts[0].get_window_extent().y1 < axes.bbox.y1
    assert max(axes.get_yticks()) == 100


def test_sketches_are_counted_on_named_axes_in_whole_numbers():
    figure = submissions.by_day_and_digit(["2025-03-03"], np.eye(10, dtype=int)[:1])
    for axes, name in zip(figure.axes, ("day", "digit"), strict=True):
        assert (axes.get_xlabel(), axes.get_ylabel()) == (name, "sketches")
        assert all(tick == round(tick) for tick in axes.get_yticks())


def test_a_day_without_outliers_is_not_cut_off():
    (axes,) = submissions.drift({"2025-03-03": share(0, 30)}, 0.05).axes
    assert not any(line.get_clip_on() for line in axes.lines if line.get_marker() == "o")
    assert axes.get_title(loc="right").startswith("dashed line: 5 %")


def test_one_person_has_a_point_but_no_interval():
    one, two = (
        metrics.accuracy(np.ones(8), np.arange(8) > 0, np.arange(8) % people) for people in (1, 2)
    )
    for figure in (
        style.accuracies({"one": one, "two": two}, ""),
        submissions.drift({"2025-03-03": one, "2025-03-04": two}, 0.05),
        submissions.over_time({"model": {"2025-03-03": one}, "next": {"2025-03-04": two}}),
    ):
        lines = [line.get_xydata() for line in figure.axes[0].lines]
        assert sum(len(line) == 1 for line in lines) == 2
        spans = [round(float(np.ptp(line, axis=0).max()), 6) for line in lines]
        assert round(100 * (two.high - two.low), 6) in spans and 100 not in spans


def test_a_misread_digit_is_named_below_its_picture():
    kind = robustness.DISTURBANCES[0]
    images = np.zeros((len(kind.levels), 28, 28), np.uint8)
    read = np.array([7, 7, 7, 1, 1, 1])
    figure = plots.disturbed_digits([robustness.Example(kind, 7, images, read)])
    shown = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert shown[1:4] == ["0", "1", "2"] and shown[4] == "3: read 1"
