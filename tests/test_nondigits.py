"""Letters, scribbles and numbers look like none of the digits, and teach a network to doubt."""

import numpy as np
import pytest
import torch

from digitlib import datasets, evaluation, models, nondigits, training
from digitlib.datasets import NO_DIGIT
from digitlib.recipe import Recipe
from digitlib.settings import notebook_defaults


def test_drawings_are_no_digits_and_differ_and_some_are_next_to_nothing():
    images, labels = nondigits.drawings(300, seed=0)
    assert images.shape == (300, 28, 28)
    assert set(labels.tolist()) == {NO_DIGIT}
    ink = images.float().mean(dim=(1, 2))
    assert (ink == 0).any()
    assert 0.02 < (ink < 10).float().mean() < 0.1
    drawn = images[ink >= 10].flatten(1)
    assert len(torch.unique(drawn, dim=0)) == len(drawn) > 270


def test_the_same_seed_draws_the_same():
    first, again, other = (nondigits.drawings(20, seed).images for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_share_of_the_training_digits_are_then_none(drawn):
    mixed = nondigits.with_nondigits(drawn, 0.25, seed=0)
    assert (mixed.labels == NO_DIGIT).sum() == 100
    assert len(mixed.labels) == len(drawn.labels) + 100
    assert datasets.captions(torch.tensor([7, NO_DIGIT])) == ["7", "no digit"]


@pytest.fixture(scope="module")
def doubts() -> dict[float, tuple[float, float]]:
    """By share of non-digits: the accuracy on digits, and the share of strangers doubted."""
    digits, tested = datasets.load_synthetic(6000, 0), datasets.load_synthetic(1000, 1)
    strangers = nondigits.drawings(500, seed=9).images
    found = {}
    for share in (0.0, 0.1):
        parameters = {**notebook_defaults("train"), "preset": "fast", "epochs": 3, "seed": 0}
        recipe = Recipe.checked(parameters, by_hand=["epochs"])
        train = nondigits.with_nondigits(digits, share, seed=0)
        training.prepare(recipe)
        network = models.build(recipe.architecture)
        list(training.fit(network, train, tested, recipe))
        logits, unknown = (
            training.predict_logits(network.cpu(), images).numpy()
            for images in (tested.images, strangers)
        )
        threshold = evaluation.rejection_threshold(evaluation.probabilities(logits))
        confidence = evaluation.probabilities(unknown).max(axis=1)
        right = np.mean(logits.argmax(axis=1) == tested.labels.numpy())
        found[share] = float(right), float(np.mean(confidence < threshold))
    return found


def test_a_network_that_saw_some_doubts_more_of_others(doubts):
    assert doubts[0.1][1] > doubts[0.0][1] + 0.15


def test_and_reads_digits_as_well(doubts):
    assert doubts[0.1][0] > doubts[0.0][0] - 0.01
