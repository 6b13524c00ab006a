"""What counts as images, and that the bundled model's numbers don't change."""

import numpy as np
import pytest
import torch

from digitlib.datasets.mnist import load_mnist
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser

ONES = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser(BUNDLED)


def test_mnists_tensors_are_images(recogniser: Recogniser, mnist: object) -> None:
    images = load_mnist()[1].images[:2]
    expected = recogniser.predict(images.numpy())
    np.testing.assert_array_equal(recogniser.predict(images), expected)
    assert list(recogniser.activations(images[0])) == ["block1", "block2", "block3", "block4"]


@pytest.mark.parametrize(
    "images",
    [torch.from_numpy(ONES), ONES.tolist(), ONES.astype(np.int64), torch.from_numpy(ONES).long()],
    ids=["tensor", "list", "int64", "int64 tensor"],
)
def test_whatever_holds_whole_numbers_is_read_alike(recogniser: Recogniser, images: object) -> None:
    np.testing.assert_array_equal(recogniser.predict(images), recogniser.predict(ONES))
    np.testing.assert_array_equal(recogniser.features(images), recogniser.features(ONES))


@pytest.mark.parametrize(
    "images",
    [
        ONES[0],
        ONES[:, :27],
        ONES / 255,
        ONES > 100,
        ONES.astype(int) + 1,
        -ONES.astype(int),
        [],
        None,
        "a",
    ],
    ids=["one", "27 rows", "floats", "bools", "256", "negative", "empty list", "none", "text"],
)
def test_anything_else_is_refused_with_what_it_is(recogniser: Recogniser, images: object) -> None:
    with pytest.raises(ValueError, match=r"Images are \(n, 28, 28\) .* got \("):
        recogniser.predict(images)


def test_no_image_has_no_row(recogniser: Recogniser) -> None:
    assert recogniser.predict(ONES[:0]).shape == (0, 10)
    assert recogniser.features(ONES[:0]).shape == (0, recogniser.features(ONES).shape[1])
    assert recogniser.read([]).shape == (0, 10)
