"""Which recipe for the stroke model adds most to the network for images?

One network for images is trained as in `recipes.py`, then a stroke model in each variant. Measured
is the accuracy, together and alone, on four whole collections held out for this choice. Loss is
that of the two together, in nats. No test set is used.

Usage: python benchmarks/research/stroke_model.py [--epochs 6] [--seed 0] [VARIANT …]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from recipes import BUNDLED, HELD_OUT, LEARNT, STRANGE
from unseen_collections import mixed, probabilities, trained

from digitlib import datasets, evaluation, training
from digitlib.datasets import Digits, Writers
from digitlib.training import Recipe, StrokeModel

VARIANTS: dict[str, dict[str, Any]] = {  # of the augmentation, and of the recipe
    "bundled model's": {},
    "augmented as for images": {"strength": 0.45},
    "augmented more": {"strength": 1.2},
    "no distortions": {"distorted_share": 0.0},
    "more distortions": {"distorted_share": 0.6},
    "no unusual strokes": {"unusual": 0.0},
    "unusual strokes 5 %": {"unusual": 0.05},
    "4 copies": {"copies": 4, "epochs": 20},
    "5 epochs": {"epochs": 5},
    "20 epochs": {"epochs": 20},
    "no non-digits": {"nondigit_share": 0.0},
    "non-digits 5 %": {"nondigit_share": 0.05},
    "weight decay 0.2": {"weight_decay": 0.2},
}
AUGMENTATION = ("copies", "strength", "distorted_share", "unusual")


def fitted(writers: Writers, recipe: Recipe, changes: dict[str, Any]) -> StrokeModel:
    """A stroke model trained with these changes."""
    augmentation = {name: value for name, value in changes.items() if name in AUGMENTATION}
    asked = {name: value for name, value in changes.items() if name not in AUGMENTATION}
    own = replace(training.stroke_recipe(recipe), **asked, limit=0)
    train = training.training_trajectories(writers.train, own, **augmentation)
    validation = training.sketch_trajectories(writers.validation)
    training.prepare(own)
    network = training.build_stroke_network()
    for _ in training.fit(network, train, validation, replace(own, patience=own.epochs)):
        pass
    return training.calibrate(network, writers.validation)


def main() -> None:
    """Train each variant and print its line."""
    parser = argparse.ArgumentParser(description="Variants of the stroke model.")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", default=[])
    parser.add_argument("--epochs", type=int, default=6, help="of the network for images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    asked = {"epochs": options.epochs, "seed": options.seed, "patience": options.epochs}
    recipe = Recipe.checked({**BUNDLED, **asked})
    mnist, _ = datasets.load_mnist()
    held_out = datasets.hold_out_last(mnist, HELD_OUT)[1]
    sketches = datasets.load_sketches()
    writers = datasets.split_by_writer(
        [sketch for sketch in sketches if sketch.source not in STRANGE], 0.1, options.seed
    )
    strange = [sketch for sketch in sketches if sketch.source in STRANGE]
    digits = datasets.rasterised(strange)
    few = Digits(held_out.images[:1000], held_out.labels[:1000])  # watched, not chosen by
    train, _ = mixed(datasets.first(mnist, LEARNT), few, writers, recipe)
    network = trained(train, few, recipe, "images")
    known = datasets.concatenate(held_out, datasets.rasterised(writers.validation))
    logits = np.log(probabilities(network, known, 1.0).clip(1e-12))
    temperature = training.fitted_temperature(logits, known.labels.numpy())
    seen, labels = probabilities(network, digits, temperature), digits.labels.numpy()
    people = [datasets.writer_of(sketch) for sketch in strange]
    print(f"images alone: {evaluation.accuracy(labels, seen.argmax(axis=1), people)}", flush=True)
    print("| variant | strokes alone | both | loss |\n|---|---|---|---|", flush=True)
    for name in options.variants or VARIANTS:
        strokes = fitted(writers, recipe, VARIANTS[name])
        alone, both = strokes.predict(strange), strokes.joining(seen, strange)
        right = [np.mean(chances.argmax(axis=1) == labels) for chances in (alone, both)]
        loss = -np.mean(np.log(both[np.arange(len(labels)), labels].clip(1e-12)))
        print(f"| {name} | {right[0]:.2%} | {right[1]:.2%} | {loss:.4f} |", flush=True)


if __name__ == "__main__":
    main()
