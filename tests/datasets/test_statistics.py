"""Statistics of a set of digits, on images with known answers."""

import numpy as np
import pytest

from digitlib.datasets import statistics
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw_images
from digitlib.training.recipe import validated


@pytest.fixture(scope="module")
def digits():
    return draw_images(400, seed=0)


@pytest.mark.parametrize("ink_width", [1.8, 2.4, 3.6])
def test_the_ink_width_of_a_line_is_what_it_was_drawn_with(ink_width):
    circle = np.linspace(0, 2 * np.pi, 60)
    drawn = rasterise([np.stack([np.cos(circle), np.sin(circle)], axis=1)], ink_width)
    assert statistics.ink_widths(drawn[None])[0] == pytest.approx(ink_width, rel=0.06)


def test_an_image_without_ink_has_width_zero():
    assert statistics.ink_widths(np.zeros((2, 28, 28), np.uint8)).tolist() == [0, 0]


def test_grey_levels_are_shares_of_the_inked_pixels():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 0, :4] = 255, 255, 1, 128
    assert statistics.grey_levels(image).tolist() == [0.25, 0, 0, 0.25, 0, 0, 0.5]


def test_pixel_statistics_are_those_of_numpy(digits):
    images, _ = digits
    pixels = statistics.pixel_statistics(images)
    assert pixels.mean == pytest.approx((images / 255).mean())
    assert pixels.deviation == pytest.approx((images / 255).std())
    assert pixels.inked == pytest.approx((images > 0).mean())
    assert pixels.never == 784 - (images > 0).any(axis=0).sum()


def test_class_statistics_are_those_of_numpy(digits):
    images, labels = digits
    threes = images[labels == 3] / 255
    assert statistics.class_shares(labels).sum() == pytest.approx(1)
    assert statistics.class_means(images, labels)[3] == pytest.approx(threes.mean(axis=0))
    assert statistics.class_deviations(images, labels)[3] == pytest.approx(threes.std(axis=0))
    expected = np.sqrt(((threes - threes.mean(axis=0)) ** 2).mean(axis=(1, 2)))
    measured = statistics.distances_to_mean(images, labels)[labels == 3]
    assert measured == pytest.approx(expected, rel=1e-4)


def test_parameters_out_of_range_are_named():
    assert validated(statistics.Exploration, {"limit": 100}).limit == 100
    for wrong in ({"samples": 0}, {"mapped": 20}, {"limit": 5}, {"dataset": "letters"}):
        with pytest.raises(ValueError, match=f"^Nothing was started.\n{next(iter(wrong))}="):
            validated(statistics.Exploration, wrong)


def test_the_summary_and_the_conclusions_agree_with_the_statistics(digits):
    images, _ = digits
    labels = np.arange(400) % 10
    some = labels < 5
    table = statistics.summary({"all": (images, labels), "some": (images[some], labels[some])})
    assert table["all"]["images"] == "400"
    assert table["some"]["least frequent digit"] == "5 (0.0 %)"
    median = np.median(statistics.ink_widths(images))
    assert table["all"]["ink width, median"] == f"{median:.2f} px"
    distances = np.where(labels == 4, 0.3, np.where(labels == 9, 0.1, 0.2))
    lines = "\n".join(statistics.conclusions(table, distances, labels))
    assert "The classes of the all digits are roughly balanced." in lines
    assert f"all {median:.2f} px (" in lines
    assert "The digit 9 varies least and 4 most (median distance to the mean 0.100 and" in lines
    lines = statistics.conclusions(table[["some"]], distances[some], labels[some])
    assert lines[0] == "The classes of the some digits are not balanced."
