"""What is in the data, in numbers: checked on images whose answers are known."""

import numpy as np
import pytest

from digitlib import exploration
from digitlib.strokes import rasterise
from digitlib.synthesis import draw_images


@pytest.fixture(scope="module")
def digits():
    return draw_images(400, seed=0)


@pytest.mark.parametrize("ink_width", [1.8, 2.4, 3.6])
def test_the_ink_width_of_a_line_is_what_it_was_drawn_with(ink_width):
    circle = np.linspace(0, 2 * np.pi, 60)
    drawn = rasterise([np.stack([np.cos(circle), np.sin(circle)], axis=1)], ink_width)
    assert exploration.ink_widths(drawn[None])[0] == pytest.approx(ink_width, rel=0.06)


def test_an_image_without_ink_has_width_zero():
    assert exploration.ink_widths(np.zeros((2, 28, 28), np.uint8)).tolist() == [0, 0]


def test_grey_levels_are_shares_of_the_inked_pixels():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 0, :4] = 255, 255, 1, 128
    assert exploration.grey_levels(image).tolist() == [0.25, 0, 0, 0.25, 0, 0, 0.5]


def test_pixel_statistics_are_those_of_numpy(digits):
    images, _ = digits
    pixels = exploration.pixel_statistics(images)
    assert pixels.mean == pytest.approx((images / 255).mean())
    assert pixels.deviation == pytest.approx((images / 255).std())
    assert pixels.inked == pytest.approx((images > 0).mean())
    assert pixels.never == 784 - (images > 0).any(axis=0).sum()


def test_class_statistics_are_those_of_numpy(digits):
    images, labels = digits
    threes = images[labels == 3] / 255
    assert exploration.class_shares(labels).sum() == pytest.approx(1)
    assert exploration.class_means(images, labels)[3] == pytest.approx(threes.mean(axis=0))
    assert exploration.class_deviations(images, labels)[3] == pytest.approx(threes.std(axis=0))
    apart = np.sqrt(((threes - threes.mean(axis=0)) ** 2).mean(axis=(1, 2)))
    measured = exploration.distances_to_mean(images, labels)[labels == 3]
    assert measured == pytest.approx(apart, rel=1e-4)


def test_neighbours_are_the_nearest_others(digits):
    images, labels = digits
    near = exploration.neighbours(images, 5)
    pixels = images.reshape(400, -1) / 255
    apart = np.sqrt(((pixels[7] - pixels) ** 2).mean(axis=1))
    apart[7] = np.inf
    assert near.places[7].tolist() == np.argsort(apart)[:5].tolist()
    assert near.distances[7] == pytest.approx(np.sort(apart)[:5], rel=1e-3)
    share = exploration.agreement(labels, near)
    assert share[7] == (labels[near.places[7]] == labels[7]).mean()


def test_a_planted_duplicate_is_found(digits):
    images, _ = digits
    first, second = images[:300], images[300:].copy()
    second[40] = first[123]
    second[41] = np.where(first[200] > 250, 240, first[200])
    found = exploration.duplicates(first, second, count=3)
    assert found.equal == 1
    assert found.pairs[:2].tolist() == [[123, 40], [200, 41]]
    assert found.distances[0] == 0 < found.distances[1] < found.distances[2]
