"""Fine-tuning: the champion's networks are trained on submissions and replayed original data."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from digitlib import datasets, training
from digitlib.datasets import Digits, concatenate
from digitlib.recogniser import Recogniser
from digitlib.refine.parameters import Refinement
from digitlib.refine.selection import Split
from digitlib.refine.submissions import Submission, digits_of, sketches_of
from digitlib.training import (
    Network,
    Progress,
    Recipe,
    Replay,
    ServedNetwork,
    StrokeModel,
)

Watch = Callable[[Progress], None]


class Refined(NamedTuple):
    """Fine-tuned networks, calibrated, with their rejection thresholds."""

    network: Network
    temperature: float
    rejection_threshold: float  # for images alone
    stroke_model: StrokeModel | None = None  # None where the champion has none
    pair_threshold: float | None = None  # for image and strokes together

    @torch.no_grad()
    def predict(self, images: Tensor) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of images (n, 28, 28) uint8, as served."""
        device = next(self.network.parameters()).device
        served = ServedNetwork(self.network, self.temperature).eval()
        batches = images.to(device).split(training.EVALUATION_BATCH)
        return torch.cat([served(batch)[0].softmax(dim=1) for batch in batches]).cpu().numpy()

    def read(self, submissions: Sequence[Submission]) -> NDArray[np.float32]:
        """Probabilities (n, 10), by the image, and by the strokes where there are any."""
        probabilities = self.predict(digits_of(submissions).images)
        drawn = np.flatnonzero([bool(s.strokes) for s in submissions])
        if self.stroke_model is not None and len(drawn):
            sketches = sketches_of(submissions)
            probabilities[drawn] = self.stroke_model.joining(probabilities[drawn], sketches)
        return probabilities


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
            "scheduler": "",
            "run_name": asked.run_name,
            "resume": False,
            "promote": asked.promote,
        }
    )


def augmented(submissions: Sequence[Submission], count: int, seed: int) -> Digits:
    """`count` training images of submissions: strokes are augmented, plain images repeated.

    The images without strokes get their share of `count`; training augments them as images.
    """
    images = digits_of([s for s in submissions if not s.strokes])
    repeated = round(count * len(images.labels) / len(submissions))
    places = torch.arange(repeated) % max(1, len(images.labels))
    plain = Digits(images.images[places], images.labels[places])
    if repeated == count:
        return plain
    drawn = datasets.augmented_images(sketches_of(submissions), count - repeated, seed)
    return concatenate(drawn, plain)


def training_mix(
    replay: Replay, split: Split, asked: Refinement, recipe: Recipe
) -> tuple[Digits, Digits]:
    """Training and validation digits: original data with submissions, and with non-digits."""
    count = _count(len(replay.train.labels), asked.submission_share)
    images, labels = concatenate(replay.train, augmented(split.train, count, asked.seed))
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(asked.seed))
    train = Digits(images[order], labels[order])
    if recipe.nondigit_share:
        train = datasets.mix_nondigits(train, recipe.nondigit_share, asked.seed)
    return train, concatenate(replay.validation, digits_of(split.validation))


def _count(original: int, share: float) -> int:
    """How many submissions to add to `original` digits, to be a `share` of all."""
    return round(original * share / (1 - share))


def fine_tune(
    champion: Recogniser,
    replay: Replay,
    split: Split,
    asked: Refinement,
    watch: Watch = lambda progress: None,
) -> Refined:
    """Train a copy of the champion's networks further; prints a line an epoch.

    Temperatures and rejection thresholds are fitted anew on the validation digits.
    """
    recipe = refining_recipe(champion.card, asked)
    device = training.prepare(recipe)
    network = training.read_model(champion.folder)
    train, validation = training_mix(replay, split, asked, recipe)
    for epoch in training.fit(network, train, validation, recipe, watch=watch):
        print(epoch)
    logits = training.predict_logits(network, validation.images.to(device)).cpu().numpy()
    temperature = training.fitted_temperature(logits, validation.labels.numpy())
    probabilities = training.probabilities(logits, temperature)
    refined = Refined(network, temperature, training.rejection_threshold(probabilities))
    if not champion.has_stroke_model:
        return refined
    return _with_stroke_model(refined, champion, replay, split, asked, watch)


def _with_stroke_model(
    refined: Refined,
    champion: Recogniser,
    replay: Replay,
    split: Split,
    asked: Refinement,
    watch: Watch,
) -> Refined:
    """The refined image network with a stroke model that was trained further as well.

    Without the original sketches to replay the stroke model would forget them, and without
    submitted strokes it has nothing to learn: it then stays the champion's.
    """
    model, threshold = training.read_stroke_model(champion.folder), champion.threshold
    original, drawn = replay.writers, sketches_of(split.train)
    held_out = [*original.validation, *sketches_of(split.validation)]
    if original.train and drawn:
        recipe = training.stroke_recipe(refining_recipe(champion.card, asked))
        recipe = replace(recipe, epochs=asked.epochs, patience=asked.epochs)
        order = np.random.default_rng(asked.seed).permutation(len(original.train))
        replayed = [original.train[place] for place in order[: asked.replay]]
        copies = math.ceil(_count(len(replayed), asked.submission_share) / len(drawn))
        parts = [
            training.training_trajectories(replayed, recipe, copies=1),
            training.training_trajectories(drawn, recipe, copies=copies),
        ]
        train, validation = reduce(concatenate, parts), training.sketch_trajectories(held_out)
        for epoch in training.fit(model.network, train, validation, recipe, watch=watch):
            print(f"stroke model: {epoch}")
        model = training.calibrate(model.network, held_out)
    else:
        print("stroke model: unchanged, for lack of original sketches or submitted strokes")
    if original.validation:
        images = refined.predict(datasets.rasterised(held_out).images)
        threshold = training.rejection_threshold(model.joining(images, held_out))
    return refined._replace(stroke_model=model, pair_threshold=threshold)
