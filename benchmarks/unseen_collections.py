"""How well are pen digits read whose whole collection, tablet and writers alike, was never seen?

For each collection in turn the project's own training learns from MNIST, from the sketches of all
the others and from drawings that are no digits, as the bundled model's networks do but for fewer
epochs, and then reads the one left out, once. Takes an hour on 2 cores.

Usage: python benchmarks/unseen_collections.py [--epochs 14] [--ensemble 1] [--seed 0]
       [--without-sketches] [--collections apb app apa ced uqb]
"""

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from digitlib import datasets, ensembling, evaluation, hands, models, nondigits, training
from digitlib.datasets import Digits
from digitlib.hands import Writers
from digitlib.recipe import Recipe
from digitlib.settings import notebook_defaults
from digitlib.strokes import Sketch

LEFT_OUT = ("apb", "app", "apa", "ced", "uqb")


def mixed(
    train: Digits, validation: Digits, writers: Writers, recipe: Recipe
) -> tuple[Digits, Digits]:
    """MNIST digits, the writers' sketches and what is no digit, as the notebook mixes them."""
    if recipe.sketches:
        share, seed = recipe.sketch_share, recipe.seed
        train, validation = hands.with_sketches(train, validation, writers, share, seed)
    if recipe.nondigit_share:
        train = nondigits.with_nondigits(train, recipe.nondigit_share, recipe.seed)
    return train, validation


def trained(train: Digits, validation: Digits, recipe: Recipe, name: str) -> models.Network:
    """A network, or an ensemble, that followed the recipe; prints a line an epoch."""
    return models.ensemble(trained_networks(train, validation, recipe, name))


def trained_networks(
    train: Digits, validation: Digits, recipe: Recipe, name: str
) -> list[models.Network]:
    """The networks of such an ensemble, each by itself."""
    with TemporaryDirectory() as folder:

        def checkpoint(number: int) -> Path:
            return Path(folder) / f"{number}.pt"

        for number, epoch in ensembling.fit(recipe, train, validation, checkpoint):
            print(f"  {name}, network {number + 1}: {epoch}", flush=True)
        return ensembling.fitted(recipe, checkpoint)


def trained_without(source: str, sketches: list[Sketch], recipe: Recipe) -> models.Network:
    """A network that learnt from MNIST and, where asked for, the sketches of other collections."""
    mnist, _ = datasets.load_mnist()
    parts = datasets.split(mnist, recipe.validation_fraction, recipe.seed)
    unseen = {hands.hand(sketch) for sketch in sketches if sketch.source == source}
    others = [sketch for sketch in sketches if hands.hand(sketch) not in unseen]
    writers = hands.split_by_writer(others, recipe.validation_fraction, recipe.seed)
    return trained(*mixed(*parts, writers, recipe), recipe, f"without {source}")


def read(network: models.Network, digits: Digits, recipe: Recipe) -> evaluation.Accuracy:
    """How many of the digits the network reads rightly."""
    images = digits.images.to(training.choose_device(recipe.device))
    predicted = training.predict_logits(network, images).argmax(dim=1)
    return evaluation.accuracy(digits.labels.numpy(), predicted.cpu().numpy())


def main() -> None:
    """Train once for each collection left out, and print a line for each and their mean."""
    parser = argparse.ArgumentParser(description="Reading pen digits of unseen collections.")
    parser.add_argument("--epochs", type=int, default=14)
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
        "patience": options.epochs,
    }
    defaults = {**notebook_defaults("train"), "preset": "people"}
    recipe = Recipe.checked({**defaults, **asked}, by_hand=asked)
    sketches = datasets.load_sketches()
    _, mnist_test = datasets.load_mnist()
    accuracies = []
    for source in options.collections:
        network = trained_without(source, sketches, recipe)
        unseen = datasets.rasterised([sketch for sketch in sketches if sketch.source == source])
        accuracies.append(read(network, unseen, recipe).value)
        print(f"{source} unseen: {read(network, unseen, recipe)}")
        print(
            f"  the same network, MNIST's test set: {read(network, mnist_test, recipe)}", flush=True
        )
    print(f"mean of the {len(accuracies)} unseen collections: {statistics.mean(accuracies):.2%}")


if __name__ == "__main__":
    main()
