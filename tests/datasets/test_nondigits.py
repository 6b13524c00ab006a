"""Non-digits look like none of the digits, and teach a network to doubt."""

import numpy as np
import pytest
import torch

from digitlib.datasets import digits as datasets
from digitlib.datasets import loading, nondigits
from digitlib.datasets.digits import NO_DIGIT
from digitlib.strokes.sketches import Sketch
from digitlib.training import architectures, inference, loop, temperature
from digitlib.training.recipe import Recipe


def test_drawings_are_no_digits_and_differ_and_some_are_next_to_nothing():
    images, labels = nondigits.nondigit_images(300, seed=0)
    assert images.shape == (300, 28, 28)
    assert set(labels.tolist()) == {NO_DIGIT}
    ink = images.float().mean(dim=(1, 2))
    assert (ink == 0).any()
    assert 0.02 < (ink < 10).float().mean() < 0.1
    drawn = images[ink >= 10].flatten(1)
    assert len(torch.unique(drawn, dim=0)) == len(drawn) > 270


def test_the_same_seed_draws_the_same():
    first, again, other = (nondigits.nondigit_images(20, seed).images for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_digits_with_extra_ink_are_drawn_from_the_sketches_that_are_given():
    flat = [np.array([[0.0, 0.5], [1.0, 0.5]])]
    sketches = [Sketch("1", 1, flat, "made", "somebody")]
    source = nondigits.Source(np.random.default_rng(0), sketches, sketches)
    kept = [strokes for _, kind in nondigits.KINDS for strokes in [kind(source)]]
    assert all(np.isfinite(np.concatenate(strokes)).all() for strokes in kept)
    pairs = [nondigits.number(source) for _ in range(50)]
    assert np.mean([np.ptp(np.concatenate(pair)[:, 1]) < 0.5 for pair in pairs]) > 0.3
    with_sketches = nondigits.nondigit_images(50, 3, sketches).images
    assert not torch.equal(with_sketches, nondigits.nondigit_images(50, 3).images)


def test_a_share_of_the_training_digits_are_then_none(drawn):
    mixed = nondigits.mix_nondigits(drawn, 0.25, seed=0)
    assert (mixed.labels == NO_DIGIT).sum() == 100
    assert len(mixed.labels) == len(drawn.labels) + 100
    assert datasets.captions(torch.tensor([7, NO_DIGIT])) == ["7", "no digit"]


@pytest.fixture(scope="module")
def doubts() -> dict[float, tuple[float, float]]:
    """By share of non-digits: the accuracy on digits, and the share of non-digits doubted."""
    digits, tested = loading.load_synthetic(6000, 0), loading.load_synthetic(1000, 1)
    unseen_nondigits = nondigits.nondigit_images(500, seed=9).images
    found = {}
    for share in (0.0, 0.1):
        recipe = Recipe.checked({"preset": "fast", "epochs": 3, "seed": 0})
        train = nondigits.mix_nondigits(digits, share, seed=0)
        loop.prepare(recipe)
        network = architectures.build(recipe.architecture)
        list(loop.fit(network, train, tested, recipe))
        logits, unknown = (
            inference.predict_logits(network.cpu(), images).numpy()
            for images in (tested.images, unseen_nondigits)
        )
        threshold = temperature.rejection_threshold(temperature.probabilities(logits))
        confidence = temperature.probabilities(unknown).max(axis=1)
        right = np.mean(logits.argmax(axis=1) == tested.labels.numpy())
        found[share] = float(right), float(np.mean(confidence < threshold))
    return found


def test_a_network_that_saw_some_doubts_more_of_others(doubts):
    assert doubts[0.1][1] > doubts[0.0][1] + 0.15


def test_and_reads_digits_as_well(doubts):
    assert doubts[0.1][0] > doubts[0.0][0] - 0.01
