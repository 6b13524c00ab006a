"""The accuracy of an ensemble on MNIST's test set, by the number of its networks.

The networks follow the default recipe with different seeds and are trained as `-p ensemble N` does:
as many at a time as there are cores. Each network is then evaluated alone, and together with those
before it by the mean of their probabilities. The goal: 99.80 % with at most 15 networks and an hour
on 2 cores. Nothing is chosen by these figures.

Usage: python benchmarks/ensemble.py [--networks 15] [--epochs 10] [--architecture cnn]
    [--augment 0.7] [--seed 0] [--limit 0]
"""

import argparse
import time

from unseen_collections import read, trained_networks

from digitlib import datasets, training
from digitlib.training import Recipe


def main() -> None:
    """Train all networks, then print a row for each."""
    defaults = Recipe()
    parser = argparse.ArgumentParser(description="An ensemble on MNIST's test set.")
    parser.add_argument("--networks", dest="ensemble", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=defaults.epochs)
    parser.add_argument("--architecture", default=defaults.architecture)
    parser.add_argument("--augment", type=float, default=defaults.augment)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="training images; 0: all")
    options = parser.parse_args()
    recipe = Recipe.checked(vars(options))
    mnist, test = datasets.load_mnist()
    parts = datasets.split(
        datasets.first(mnist, recipe.limit), recipe.validation_fraction, recipe.seed
    )
    started = time.perf_counter()
    networks = trained_networks(*parts, recipe, "ensemble")
    print(f"training: {(time.perf_counter() - started) / 60:.1f} minutes in all")
    print("| networks | the last alone | together |\n|---|---|---|")
    for number, network in enumerate(networks, start=1):
        together = training.as_ensemble(networks[:number])
        figures = [str(read(one, test, recipe)) for one in (network, together)]
        print(f"| {number} | {figures[0]} | {figures[1]} |", flush=True)


if __name__ == "__main__":
    main()
