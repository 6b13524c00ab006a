"""How few parameters read 99 % and 99.4 % of MNIST's test set, and how far no convolutions get.

Each network of `experiments.GOALS` is trained with several seeds on MNIST's training set less its
last 10,000 images, by which its recipe was chosen, and by which the epoch that is kept is chosen
here; then it reads the test set, once. Some 40 minutes on 2 cores.

Usage: python benchmarks/goals.py [--seeds 5] [--held-out] [NAME …]
`--held-out` reads the 10,000 images instead of the test set: to change a recipe by.
"""

import argparse
import statistics
import time

from digitlib import datasets, models, training
from digitlib.datasets import Digits
from digitlib.experiments import GOALS, HELD_OUT
from digitlib.recipe import Recipe
from digitlib.settings import notebook_defaults


def percent_read(recipe: Recipe, learnt: Digits, held_out: Digits, asked: Digits) -> float:
    """Train one network; how many of the digits asked it reads, in percent."""
    device = training.prepare(recipe)
    network = models.build(recipe.architecture)
    for _ in training.fit(network, learnt, held_out, recipe):
        pass
    logits = training.predict_logits(network.to(device), asked.images.to(device)).cpu()
    return 100 * (logits.argmax(dim=1) == asked.labels).float().mean().item()


def main() -> None:
    """Train each network with each seed and print a row for each network."""
    parser = argparse.ArgumentParser(description="MNIST with few parameters, or no convolutions.")
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(GOALS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--held-out", action="store_true", help="don't read the test set")
    options = parser.parse_args()
    mnist, test = datasets.load_mnist()
    learnt, held_out = (Digits(*(part[piece] for part in mnist)) for piece in PARTS)
    asked = held_out if options.held_out else test
    print("| network | parameters | right, mean | of the seeds | training, s |")
    print("|---|---|---|---|---|")
    for name in options.names:
        changes = {**GOALS[name], "patience": GOALS[name]["epochs"]}
        recipes = [
            Recipe.checked({**notebook_defaults("train"), **changes, "seed": seed})
            for seed in range(options.seeds)
        ]
        started = time.perf_counter()
        read = [percent_read(recipe, learnt, held_out, asked) for recipe in recipes]
        seconds = (time.perf_counter() - started) / len(recipes)
        count = models.parameter_count(models.build(recipes[0].architecture))
        print(
            f"| {name} | {count:,} | {statistics.mean(read):.2f} % "
            f"| {min(read):.2f} to {max(read):.2f} % | {seconds:.0f} |",
            flush=True,
        )


PARTS = (slice(None, -HELD_OUT), slice(-HELD_OUT, None))

if __name__ == "__main__":
    main()
