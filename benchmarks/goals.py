"""Small networks with 99 % and 99.4 % accuracy on MNIST, and a network without convolutions.

Each network of `experiments.GOALS` is trained with several seeds on MNIST's training set without
the last 10,000 images. These choose the epoch, and chose the recipe. The test set is used once.
Takes an hour on one core.

Usage: python benchmarks/goals.py [--seeds 5] [--held-out] [NAME …]
`--held-out` evaluates on the 10,000 images instead of the test set: to try other recipes.
"""

import argparse
import statistics
import time

from unseen_collections import read, trained

from digitlib import datasets, experiments, training
from digitlib.experiments import GOALS, HELD_OUT
from digitlib.training import Recipe


def main() -> None:
    """Train each network with each seed and print a row for each network."""
    parser = argparse.ArgumentParser(description="Small networks on MNIST.")
    parser.add_argument("names", nargs="*", metavar="NAME", default=["tiny", "small", "mlp"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--held-out", action="store_true", help="don't use the test set")
    options = parser.parse_args()
    mnist, test = datasets.load_mnist()
    train, held_out = datasets.hold_out_last(mnist, HELD_OUT)
    evaluated = held_out if options.held_out else test
    print("| network | parameters | accuracy, mean | range of the seeds | training, s |")
    print("|---|---|---|---|---|")
    for name in options.names:
        changes = experiments.goal_variants([name], GOALS[name]["epochs"], images=0)[name]
        recipes = [Recipe.checked({**changes, "seed": seed}) for seed in range(options.seeds)]
        started = time.perf_counter()
        networks = [trained(train, held_out, recipe, name) for recipe in recipes]
        seconds = (time.perf_counter() - started) / len(recipes)
        accuracies = [read(network, evaluated, recipes[0]).value for network in networks]
        count = training.parameter_count(networks[0])
        print(
            f"| {name} | {count:,} | {statistics.mean(accuracies):.2%} "
            f"| {min(accuracies):.2%} to {max(accuracies):.2%} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
