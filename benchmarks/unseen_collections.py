"""How well are pen digits read whose whole collection, tablet and writers alike, was never seen?

For each collection in turn the project's own training learns from MNIST, from the sketches of all
the others and from drawings that are no digits, as the bundled model's networks do but for fewer
epochs, and then reads the one left out, once: as images, and as the dashboard does, with the way of
the pen too. Takes an hour and a quarter on 1 core.

Usage: python benchmarks/unseen_collections.py [--epochs 10] [--ensemble 1] [--seed 0]
       [--without-sketches] [--collections apb app apa ced uqb]
"""

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from digitlib import datasets, evaluation, training
from digitlib.datasets import Digits, Writers
from digitlib.strokes import Sketch
from digitlib.training import Recipe, StrokeModel

LEFT_OUT = ("apb", "app", "apa", "ced", "uqb")


def mixed(
    train: Digits, validation: Digits, writers: Writers, recipe: Recipe
) -> tuple[Digits, Digits]:
    """MNIST digits, the writers' sketches and what is no digit, as the notebook mixes them."""
    if recipe.sketches:
        share, seed = recipe.sketch_share, recipe.seed
        train, validation = datasets.mix_sketches(train, validation, writers, share, seed)
    if recipe.nondigit_share:
        learnt = writers.train if recipe.sketches else []
        train = datasets.mix_nondigits(train, recipe.nondigit_share, recipe.seed, learnt)
    return train, validation


def trained(train: Digits, validation: Digits, recipe: Recipe, name: str) -> training.Network:
    """A network, or an ensemble, that followed the recipe; prints a line an epoch."""
    return training.as_ensemble(trained_networks(train, validation, recipe, name))


def trained_networks(
    train: Digits, validation: Digits, recipe: Recipe, name: str
) -> list[training.Network]:
    """The networks of such an ensemble, each by itself."""
    with TemporaryDirectory() as folder:

        def checkpoint(number: int) -> Path:
            return Path(folder) / f"{number}.pt"

        for number, epoch in training.fit_ensemble(recipe, train, validation, checkpoint):
            print(f"  {name}, network {number + 1}: {epoch}", flush=True)
        return training.fitted_networks(recipe, checkpoint)


def writers_without(source: str, sketches: list[Sketch], recipe: Recipe) -> Writers:
    """The writers who have nothing in a collection, parted as the notebook parts them."""
    unseen = {datasets.writer_of(sketch) for sketch in sketches if sketch.source == source}
    others = [sketch for sketch in sketches if datasets.writer_of(sketch) not in unseen]
    return datasets.split_by_writer(others, recipe.validation_fraction, recipe.seed)


def trained_pen_reader(writers: Writers, recipe: Recipe) -> StrokeModel:
    """A network that learnt the way of the writers' pens."""
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "pen.pt"
        for epoch in training.fit_stroke_model(recipe, writers, checkpoint):
            print(f"  the pen's way, {epoch}", flush=True)
        return training.fitted_stroke_model(recipe, writers, checkpoint)


def probabilities(
    network: training.Network, digits: Digits, temperature: float
) -> NDArray[np.floating]:
    """What a network makes of the digits' images (n, 10)."""
    device = next(network.parameters()).device
    logits = training.predict_logits(network, digits.images.to(device)).cpu().numpy()
    return training.probabilities(logits, temperature)


def read(network: training.Network, digits: Digits, recipe: Recipe) -> evaluation.Accuracy:
    """How many of the digits' images the network reads rightly."""
    images = digits.images.to(training.choose_device(recipe.device))
    predicted = training.predict_logits(network, images).argmax(dim=1)
    return evaluation.accuracy(digits.labels.numpy(), predicted.cpu().numpy())


def measured_without(source: str, recipe: Recipe) -> dict[str, evaluation.Accuracy]:
    """How a collection is read by networks that never saw it nor its writers, in either way."""
    sketches = datasets.load_sketches()
    mnist, mnist_test = datasets.load_mnist()
    parts = datasets.split(mnist, recipe.validation_fraction, recipe.seed)
    writers = writers_without(source, sketches, recipe)
    train, validation = mixed(*parts, writers, recipe)
    network = trained(train, validation, recipe, f"without {source}")
    images = validation.images.to(training.choose_device(recipe.device))
    logits = training.predict_logits(network, images).cpu().numpy()
    temperature = training.fitted_temperature(logits, validation.labels.numpy())
    unseen = [sketch for sketch in sketches if sketch.source == source]
    digits = datasets.rasterised(unseen)
    chances = {"images": probabilities(network, digits, temperature)}
    if recipe.stroke_model:
        pen = trained_pen_reader(writers, recipe)
        chances["images and the way of the pen"] = pen.joining(chances["images"], unseen)
    print(f"  without {source}, MNIST's test set: {read(network, mnist_test, recipe)}")
    labels, whose = digits.labels.numpy(), [datasets.writer_of(sketch) for sketch in unseen]
    return {
        what: evaluation.accuracy(labels, chance.argmax(axis=1), whose)
        for what, chance in chances.items()
    }


def main() -> None:
    """Train once for each collection left out, and print a line for each and their mean."""
    parser = argparse.ArgumentParser(description="Reading pen digits of unseen collections.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--ensemble", type=int, default=1, help="networks, averaged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-sketches", action="store_true", help="learn from MNIST alone")
    parser.add_argument("--collections", nargs="+", choices=LEFT_OUT, default=LEFT_OUT)
    options = parser.parse_args()
    asked = {
        "epochs": options.epochs,
        "ensemble": options.ensemble,
        "seed": options.seed,
        "sketches": not options.without_sketches,
        "stroke_model": not options.without_sketches,
        "patience": options.epochs,
    }
    recipe = Recipe.checked({"preset": "people", **asked})
    found = {}
    for source in options.collections:
        found[source] = measured_without(source, recipe)
        for what, accuracy in found[source].items():
            print(f"{source} unseen, {what}: {accuracy}", flush=True)
    for what in found[options.collections[0]]:
        mean = statistics.mean(accuracies[what].value for accuracies in found.values())
        print(f"mean of the {len(found)} unseen collections, {what}: {mean:.2%}")


if __name__ == "__main__":
    main()
