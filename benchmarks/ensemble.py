"""How much of MNIST's test set does an ensemble read, network by network?

Each network follows the recipe of `notebooks/train.ipynb`, alike but for its seed, on the split
that `-p ensemble N` has. After each, the test set is read by it alone and by all so far together,
by the mean of their probabilities; seconds are those of training. The aim: 99.80 % with at most 15
networks and an hour on 2 cores. Nothing is chosen by these figures. Takes an hour on 2 cores.

Usage: python benchmarks/ensemble.py [--networks 15] [--epochs 10] [--seed 0] [--limit 0]
"""

import argparse
import time

from unseen_collections import read, trained

from digitlib import datasets, models
from digitlib.recipe import Recipe
from digitlib.settings import notebook_defaults


def main() -> None:
    """Train one network after another and print a row after each."""
    defaults = notebook_defaults("train")
    parser = argparse.ArgumentParser(description="MNIST's test set, read by an ensemble.")
    parser.add_argument("--networks", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=defaults["epochs"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="training images; 0: all")
    options = parser.parse_args()
    asked = {"epochs": options.epochs, "limit": options.limit}
    mnist, test = datasets.load_mnist()
    share = defaults["validation_fraction"]
    parts = datasets.split(datasets.first(mnist, options.limit), share, options.seed)
    networks: list[models.Network] = []
    seconds = 0.0
    rows = ["| networks | the last alone | all together | training, s |", "|---|---|---|---|"]
    for seed in range(options.seed, options.seed + options.networks):
        recipe = Recipe.checked({**defaults, **asked, "seed": seed})
        started = time.perf_counter()
        networks.append(trained(*parts, recipe, f"network {len(networks) + 1}"))
        seconds += time.perf_counter() - started
        alone, together = (
            read(network, test, recipe) for network in (networks[-1], models.ensemble(networks))
        )
        rows.append(f"| {len(networks)} | {alone.value:.2%} | {together} | {seconds:.0f} |")
        print(rows[-1], flush=True)
    print("\n".join(rows))


if __name__ == "__main__":
    main()
