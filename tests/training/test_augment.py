"""Augmentation is random, repeatable, bounded, and none at strength 0."""

import pytest
import torch

from digitlib.training.augment import Ranges, augmented

NOTHING = Ranges(rotation=0, scale=0, shear=0, shift=0, elastic=0, ink=0)


@pytest.fixture
def images(drawn):
    return drawn.images[:64].float().div(255).unsqueeze(1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_strength_zero_changes_nothing(images):
    assert torch.equal(augmented(images, 0.0, seeded()), images)


def test_amounts_of_zero_change_nothing(images):
    torch.testing.assert_close(augmented(images, 1.0, seeded(), NOTHING), images, atol=1e-4, rtol=0)


def test_the_same_seed_gives_the_same_images_and_another_does_not(images):
    assert torch.equal(augmented(images, 1.0, seeded()), augmented(images, 1.0, seeded()))
    assert not torch.equal(augmented(images, 1.0, seeded()), augmented(images, 1.0, seeded(1)))


def test_each_image_gets_its_own_amounts(images):
    copies = images[:1].expand(8, -1, -1, -1)
    results = augmented(copies, 1.0, seeded())
    assert len({tuple(result.flatten().tolist()) for result in results}) == 8


def test_ink_stays_between_none_and_full(images):
    result = augmented(images, 3.0, seeded())
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6
    assert result.shape == images.shape


def test_a_shift_moves_the_centre_of_mass_by_at_most_its_amount(images):
    at = torch.arange(28.0)

    def centres(batch):
        mass = batch.sum(dim=(1, 2, 3))
        return (batch.sum(dim=(1, 3)) @ at / mass, batch.sum(dim=(1, 2)) @ at / mass)

    moved = centres(augmented(images, 1.0, seeded(), NOTHING._replace(shift=2.0)))
    for before, after in zip(centres(images), moved, strict=True):
        shifts = (after - before).abs()
        assert shifts.max() <= 2.05
        assert shifts.mean() > 0.5  # uniform in ±2: 1 on average


def test_some_strokes_become_thicker_and_some_thinner(images):
    ratios = augmented(images, 1.0, seeded(), NOTHING._replace(ink=0.5)).sum((1, 2, 3))
    ratios = ratios / images.sum((1, 2, 3))
    assert ratios.min() < 0.9
    assert ratios.max() > 1.1
