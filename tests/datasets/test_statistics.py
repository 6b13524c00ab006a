"""What is in the data, in numbers: checked on images whose answers are known."""

import numpy as np
import pytest

from digitlib.datasets import statistics
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw_images


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


def test_how_pens_differ_is_said_in_numbers():
    some = np.linspace(2, 4, 101)
    assert statistics.pens_in_words(some / 10 + 2.7, some, "MNIST") == (
        "Pens' ink: median 3.00 px, nine in ten between 2.91 and 3.09 px. It is as wide as that of "
        "MNIST digits and varies less: training had better vary it."
    )
    assert "wider than that" in statistics.pens_in_words(some * 1.2, some, "MNIST")
    assert "thinner than that" in statistics.pens_in_words(some / 1.2, some, "MNIST")
    assert statistics.pens_in_words(some * 2, some, "MNIST").endswith("varies more.")
    assert statistics.pens_in_words(some, some, "MNIST").endswith("varies as much.")


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
    assert f"{100 * pixels.inked:.1f} % of the pixels have ink" in str(pixels)
    assert pixels.never == 784 - (images > 0).any(axis=0).sum()


def test_class_statistics_are_those_of_numpy(digits):
    images, labels = digits
    threes = images[labels == 3] / 255
    assert statistics.class_shares(labels).sum() == pytest.approx(1)
    assert statistics.class_means(images, labels)[3] == pytest.approx(threes.mean(axis=0))
    assert statistics.class_deviations(images, labels)[3] == pytest.approx(threes.std(axis=0))
    apart = np.sqrt(((threes - threes.mean(axis=0)) ** 2).mean(axis=(1, 2)))
    measured = statistics.distances_to_mean(images, labels)[labels == 3]
    assert measured == pytest.approx(apart, rel=1e-4)


def test_a_scope_out_of_range_names_each_fault():
    scope = {"dataset": "auto", "seed": 0, "samples": 12, "compared": 500, "limit": 0}
    statistics.Scope(**scope, mapped=100)
    with pytest.raises(ValueError, match=r"samples=0: .* 1 to 40.\nmapped=2.5: .* 50 to 5000."):
        statistics.Scope(**scope | {"samples": 0}, mapped=2.5)
    with pytest.raises(ValueError, match="at least 100"):
        statistics.Scope(**scope | {"limit": 5}, mapped=60)


def test_the_words_say_what_the_numbers_say():
    shares = np.array([0.19] + 9 * [0.09])
    assert statistics.balance_in_words(shares).endswith("(9.0 %): the digits are unbalanced.")
    assert statistics.balance_in_words(np.full(10, 0.1)).endswith("as good as balanced.")
    assert "median 2.00 px" in statistics.widths_in_words(np.array([1.0, 2.0, 3.0]))
    words = statistics.spread_in_words(np.array([0.1, 0.2, 0.3]), np.array([4, 4, 9]))
    assert words.startswith(
        "The most uniform digit is 4 (median distance 0.150), the most varied 9"
    )
