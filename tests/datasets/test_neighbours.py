"""Nearest neighbours and duplicates, on images with known answers."""

import numpy as np
import pytest

from digitlib.datasets import neighbours
from digitlib.strokes.synthesis import draw_images


@pytest.fixture(scope="module")
def digits():
    return draw_images(400, seed=0)


def test_neighbours_are_the_nearest_other_images(digits):
    images, labels = digits
    found = neighbours.nearest_neighbours(images, 5)
    pixels = images.reshape(400, -1) / 255
    distances = np.sqrt(((pixels[7] - pixels) ** 2).mean(axis=1))
    distances[7] = np.inf
    assert found.indices[7].tolist() == np.argsort(distances)[:5].tolist()
    assert found.distances[7] == pytest.approx(np.sort(distances)[:5], rel=1e-3)
    counts = neighbours.neighbour_labels(labels, found)
    assert counts[7].tolist() == np.bincount(labels[found.indices[7]], minlength=10).tolist()


def test_the_most_frequent_confusion_is_named():
    labels, predicted = np.array([4, 4, 4, 7, 1]), np.array([9, 9, 4, 1, 1])
    found = neighbours.neighbour_errors(labels, np.eye(10, dtype=np.int64)[predicted])
    assert found == neighbours.NeighbourErrors(0.6, label=4, predicted=9, times=2)
    assert "a 4 taken for a 9 (2 times)" in str(found)


def test_a_planted_duplicate_is_found(digits):
    images, _ = digits
    first, second = images[:300], images[300:].copy()
    second[40] = first[123]
    second[41] = np.where(first[200] > 250, 240, first[200])
    found = neighbours.duplicates(first, second)
    assert found.equal == 1
    assert found.nearest[[40, 41]].tolist() == [123, 200]
    assert np.argsort(found.distances)[:2].tolist() == [40, 41]
    assert found.distances[40] == 0 < found.distances[41]


def test_the_closest_pair_of_each_digit_is_found():
    found = neighbours.Duplicates(0, np.zeros(4, np.int64), np.array([0.3, 0.1, 0.2, 0.4]))
    assert neighbours.nearest_pairs(np.array([5, 5, 7, 7]), found).tolist() == [1, 2]
