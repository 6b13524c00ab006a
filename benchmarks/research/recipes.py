"""Which recipe reads both MNIST and people's pens best, and doubts what is no digit?

Each variant changes one thing of the bundled model's recipe, trains on half of MNIST's training
images and most writers' sketches for a few epochs, and is measured on what was held out to choose
by: MNIST's last 10,000 training images, the sketches of some writers, and those of four whole
collections. No test set is looked at. Loss is cross-entropy in nats, after the temperature is
fitted on the first two.

Usage: python benchmarks/research/recipes.py [--epochs 6] [--seed 0] [VARIANT …]
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from unseen_collections import mixed, trained

from digitlib import datasets, evaluation, training
from digitlib.datasets import Digits, Writers
from digitlib.training import PRESETS, Recipe

LEARNT, HELD_OUT = 30_000, 10_000  # of MNIST's training images: the first, and the last
# One network is enough for a comparison; `stroke_model.py` compares stroke models.
BUNDLED = {**PRESETS["people"], "ensemble": 1, "stroke_model": False, "limit": LEARNT}
VARIANTS: dict[str, dict[str, object]] = {
    "bundled model's": {},
    "no sketches": {"sketches": False},
    "sketches 15 %": {"sketch_share": 0.15},
    "sketches 50 %": {"sketch_share": 0.5},
    "no non-digits": {"nondigit_share": 0.0},
    "non-digits 10 %": {"nondigit_share": 0.1},
    "weaker warps": {"augment": 0.6},
    "stronger warps": {"augment": 1.4},
    "no weight averaging": {"ema": 0.0},  # the cheap ensemble into one network
    "two as one": {"ensemble": 2},
    "three as one": {"ensemble": 3},  # what a network distilled from them could reach at best
    "lenet5": {"architecture": "lenet5"},
    "mlp": {"architecture": "mlp"},
    "fast": {"architecture": "fast"},
    "drawn digits too": {},  # as many again as sketches, from `digitlib.synthesis`
    "sketches as they are": {},  # not augmented
    "one ink width": {},
    "each hand as often": {},
    "each sketch as often": {},
    "no allographs": {},  # slashes, bars, flags and feet
    "neither": {},
    "few drawn digits": {},
}
INKED: dict[str, dict[str, Any]] = {
    "sketches as they are": {"redraw": False, "allograph_share": 0.0},
    "one ink width": {"width_spread": 0.0},
    "each hand as often": {"balance": 1.0},
    "each sketch as often": {"balance": 0.0},
    "no allographs": {"allograph_share": 0.0},
    "neither": {"balance": 0.0, "allograph_share": 0.0},
}
DRAWN = {"drawn digits too": 1.0, "few drawn digits": 0.15}  # for each sketch
# Whole collections to choose by: others than those that `unseen_collections.py` tests on.
STRANGE = ("aga", "art", "imp", "syn")


class Measured(NamedTuple):
    """What a variant reached on the digits held out, and on drawings that are none."""

    mnist: evaluation.Accuracy
    mnist_loss: float
    pens: evaluation.Accuracy
    pen_loss: float
    strange: evaluation.Accuracy
    strange_loss: float
    refused: float  # share of the drawings, at 1 % of the digits


def parts_of(name: str, train: Digits, writers: Writers, recipe: Recipe) -> Digits:
    """What a variant learns from."""
    count = round(len(train.labels) * recipe.sketch_share / (1 - recipe.sketch_share))
    if name in DRAWN:
        drawn = datasets.load_synthetic(round(DRAWN[name] * count), recipe.seed)
        train = datasets.concatenate(train, drawn)
    if name in INKED:
        inked = datasets.augmented_images(writers.train, count, recipe.seed, **INKED[name])
        train = datasets.concatenate(train, inked)
        recipe = replace(recipe, sketches=False)
    return mixed(train, train, writers, recipe)[0]


def measured(
    network: training.Network, mnist: Digits, pens: Digits, strange: Digits, nondigits: Digits
) -> Measured:
    """The figures of a trained network."""
    device = next(network.parameters()).device
    parts = {"mnist": mnist, "pens": pens, "strange": strange, "nondigits": nondigits}
    logits = {
        kind: training.predict_logits(network, digits.images.to(device)).cpu().numpy()
        for kind, digits in parts.items()
    }
    known = np.concatenate([logits["mnist"], logits["pens"]])
    labels = np.concatenate([mnist.labels.numpy(), pens.labels.numpy()])
    temperature = training.fitted_temperature(known, labels)
    threshold = training.rejection_threshold(training.probabilities(known, temperature))
    confidence = training.probabilities(logits["nondigits"], temperature).max(axis=1)
    refused = float(np.mean(confidence < threshold))
    return Measured(
        evaluation.accuracy(mnist.labels.numpy(), logits["mnist"].argmax(axis=1)),
        training.log_loss(logits["mnist"], mnist.labels.numpy(), temperature),
        evaluation.accuracy(pens.labels.numpy(), logits["pens"].argmax(axis=1)),
        training.log_loss(logits["pens"], pens.labels.numpy(), temperature),
        evaluation.accuracy(strange.labels.numpy(), logits["strange"].argmax(axis=1)),
        training.log_loss(logits["strange"], strange.labels.numpy(), temperature),
        refused,
    )


def main() -> None:
    """Train each variant and print its line."""
    parser = argparse.ArgumentParser(description="Variants of the bundled model's recipe.")
    parser.add_argument("variants", nargs="*", metavar="VARIANT", default=[])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    mnist, _ = datasets.load_mnist()
    learnt, held_out = datasets.first(mnist, LEARNT), datasets.hold_out_last(mnist, HELD_OUT)[1]
    sketches = datasets.load_sketches()
    writers = datasets.split_by_writer(
        [sketch for sketch in sketches if sketch.source not in STRANGE], 0.1, options.seed
    )
    strange = datasets.rasterised([s for s in sketches if s.source in STRANGE])
    pens = datasets.rasterised(writers.validation)
    nondigits = datasets.nondigit_images(4000, options.seed + 1)
    print("| variant | MNIST | loss | pens | loss | other collections | loss | refused |")
    print("|---|---|---|---|---|---|---|---|")
    few = Digits(held_out.images[:1000], held_out.labels[:1000])  # watched, not chosen by
    for name in options.variants or VARIANTS:
        asked = {"epochs": options.epochs, "seed": options.seed, "patience": options.epochs}
        parameters = {**BUNDLED, **asked, **VARIANTS[name]}
        recipe = Recipe.checked(parameters)
        network = trained(parts_of(name, learnt, writers, recipe), few, recipe, name)
        found = measured(network, held_out, pens, strange, nondigits)
        print(
            f"| {name} | {found.mnist.value:.2%} | {found.mnist_loss:.4f} | {found.pens.value:.2%} "
            f"| {found.pen_loss:.4f} | {found.strange.value:.2%} | {found.strange_loss:.4f} "
            f"| {found.refused:.1%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
