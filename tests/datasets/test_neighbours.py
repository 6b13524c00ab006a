"""How alike images are: checked on images whose answers are known."""

import numpy as np
import pytest

from digitlib.datasets import neighbours
from digitlib.strokes.synthesis import draw_images


@pytest.fixture(scope="module")
def digits():
    return draw_images(400, seed=0)


def test_neighbours_are_the_nearest_others(digits):
    images, labels = digits
    near = neighbours.nearest_neighbours(images, 5)
    pixels = images.reshape(400, -1) / 255
    apart = np.sqrt(((pixels[7] - pixels) ** 2).mean(axis=1))
    apart[7] = np.inf
    assert near.places[7].tolist() == np.argsort(apart)[:5].tolist()
    assert near.distances[7] == pytest.approx(np.sort(apart)[:5], rel=1e-3)
    votes = neighbours.votes(labels, near)
    assert votes[7].tolist() == np.bincount(labels[near.places[7]], minlength=10).tolist()


def test_the_commonest_mistake_of_neighbours_is_named():
    labels, majorities = np.array([4, 4, 4, 7, 1]), np.array([9, 9, 4, 1, 1])
    found = neighbours.outvoted(labels, np.eye(10, dtype=np.int64)[majorities])
    assert found == neighbours.Outvoted(0.6, label=4, majority=9, times=2)
    assert "a 4 among 9s (2 times)" in str(found)


def test_a_planted_duplicate_is_found(digits):
    images, _ = digits
    first, second = images[:300], images[300:].copy()
    second[40] = first[123]
    second[41] = np.where(first[200] > 250, 240, first[200])
    found = neighbours.duplicates(first, second)
    assert found.equal == 1
    assert found.partners[[40, 41]].tolist() == [123, 200]
    assert np.argsort(found.distances)[:2].tolist() == [40, 41]
    assert found.distances[40] == 0 < found.distances[41]


def test_the_most_alike_of_each_digit_is_named():
    found = neighbours.Duplicates(0, np.zeros(4, np.int64), np.array([0.3, 0.1, 0.2, 0.4]))
    assert neighbours.nearest_pairs(np.array([5, 5, 7, 7]), found).tolist() == [1, 2]


def test_principal_axes_are_orthonormal_and_keep_distances(digits):
    images, _ = digits
    axes = neighbours.principal_axes(images, 300)
    assert axes.T @ axes == pytest.approx(np.eye(300), abs=1e-4)
    kept = np.linalg.norm(np.diff(neighbours.projected(images[:2], axes), axis=0))
    assert kept == pytest.approx(np.linalg.norm(images[1] / 255 - images[0] / 255.0), rel=0.02)
