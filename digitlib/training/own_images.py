"""People's own images among the training data."""

from typing import Any, NamedTuple

from digitlib import datasets, photos
from digitlib.datasets import Digits
from digitlib.training.recipe import Recipe


class WithOwnImages(NamedTuple):
    """Training and validation digits with own images among them, and own images for the test."""

    train: Digits
    validation: Digits
    test: Digits
    provenance: dict[str, Any]  # for the card
    description: str  # Markdown: sizes, and what was left out


def add_own_images(recipe: Recipe, train: Digits, validation: Digits) -> WithOwnImages:
    """Mix the images of the data folder into training and validation digits.

    Raises DataUnavailable without images, and ValueError for too few to split.
    """
    own = datasets.load_images(photos.single_digit)
    parts = datasets.split_images(own, recipe.validation_fraction, recipe.seed)
    mixed = datasets.mix_images(train, validation, parts, recipe.image_share, recipe.seed)
    facts = datasets.image_provenance(own, parts)
    return WithOwnImages(*mixed, parts.test, facts, datasets.describe_images(own, parts))
