"""Fine-tuning: a copy of the champion is trained on submissions and replayed original data."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from digitlib import datasets, training
from digitlib.datasets import Digits, Writers
from digitlib.recogniser import Recogniser
from digitlib.refine.parameters import Refinement
from digitlib.training import Network, Progress, Recipe, Replay, ServedNetwork


class Refined(NamedTuple):
    """A fine-tuned network with its temperature and rejection threshold."""

    network: Network
    temperature: float
    rejection_threshold: float

    @torch.no_grad()
    def predict(self, images: Tensor) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of images (n, 28, 28) uint8, as served."""
        device = next(self.network.parameters()).device
        served = ServedNetwork(self.network, self.temperature).eval()
        batches = images.to(device).split(training.EVALUATION_BATCH)
        return torch.cat([served(batch)[0].softmax(dim=1) for batch in batches]).cpu().numpy()


def refining_recipe(card: dict[str, Any], asked: Refinement) -> Recipe:
    """The recipe that the champion's first ancestor was trained with, but shorter and gentler."""
    return Recipe.checked(
        {
            **training.recipe_parameters(card),
            "preset": "accurate",
            "epochs": asked.epochs,
            "patience": asked.epochs,
            "learning_rate": asked.learning_rate,
            "limit": 0,
            "seed": asked.seed,
            "device": asked.device,
            "run_name": asked.run_name,
            "resume": False,
            "promote": asked.promote,
        }
    )


def training_mix(
    replay: Replay, writers: Writers, asked: Refinement, recipe: Recipe
) -> tuple[Digits, Digits]:
    """Training and validation digits: original data with augmented submissions and non-digits."""
    train, validation = datasets.mix_sketches(
        replay.train, replay.validation, writers, asked.submission_share, asked.seed
    )
    if recipe.nondigit_share:
        train = datasets.mix_nondigits(train, recipe.nondigit_share, asked.seed)
    return train, validation


def fine_tune(
    champion: Recogniser,
    replay: Replay,
    writers: Writers,
    asked: Refinement,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Refined:
    """Train a copy of the champion further; prints a line an epoch.

    The temperature and the rejection threshold are fitted anew on the validation digits.
    """
    recipe = refining_recipe(champion.card, asked)
    device = training.prepare(recipe)
    network = training.read_model(champion.folder)
    train, validation = training_mix(replay, writers, asked, recipe)
    for epoch in training.fit(network, train, validation, recipe, watch=watch):
        print(epoch)
    logits = training.predict_logits(network, validation.images.to(device)).cpu().numpy()
    temperature = training.fitted_temperature(logits, validation.labels.numpy())
    probabilities = training.probabilities(logits, temperature)
    return Refined(network, temperature, training.rejection_threshold(probabilities))
