"""How few parameters read 99 % and 99.4 % of MNIST's test set, and how far no convolutions get.

Each network of `experiments.GOALS` is trained with several seeds on MNIST's training set less its
last 10,000 images, by which its recipe was chosen, and by which the epoch that is kept is chosen
here; then it reads the test set, once. An hour on one core.

Usage: python benchmarks/goals.py [--seeds 5] [--held-out] [NAME …]
`--held-out` reads the 10,000 images instead of the test set: to change a recipe by.
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
    parser = argparse.ArgumentParser(description="MNIST with few parameters, or no convolutions.")
    parser.add_argument("names", nargs="*", metavar="NAME", default=["tiny", "small", "mlp"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--held-out", action="store_true", help="don't read the test set")
    options = parser.parse_args()
    mnist, test = datasets.load_mnist()
    learnt, held_out = datasets.hold_out_last(mnist, HELD_OUT)
    asked = held_out if options.held_out else test
    print("| network | parameters | right, mean | of the seeds | training, s |")
    print("|---|---|---|---|---|")
    for name in options.names:
        changes = experiments.goal_variants([name], GOALS[name]["epochs"], images=0)[name]
        recipes = [Recipe.checked({**changes, "seed": seed}) for seed in range(options.seeds)]
        started = time.perf_counter()
        networks = [trained(learnt, held_out, recipe, name) for recipe in recipes]
        seconds = (time.perf_counter() - started) / len(recipes)
        right = [read(network, asked, recipes[0]).value for network in networks]
        count = training.parameter_count(networks[0])
        print(
            f"| {name} | {count:,} | {statistics.mean(right):.2%} "
            f"| {min(right):.2%} to {max(right):.2%} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
