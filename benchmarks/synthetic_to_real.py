"""How well does a network that was trained on synthetic digits only read real ones?

The project's own training, on digits from `strokes.synthesis`; then MNIST's test set and the pen
sketches are read once for each seed. Glyphs and augmentation were chosen by looking at mistakes on
MNIST's training images and on pen writers whose name has a CRC-32 that is a multiple of 3. The
other writers and MNIST's test set were not looked at, so they are reported separately.

Usage: python benchmarks/synthetic_to_real.py [--seeds 3] [--digits 30000] [--epochs 4]
"""

import argparse
import statistics
import zlib

import torch

from digitlib import datasets, training
from digitlib.datasets import Digits
from digitlib.strokes import Sketch
from digitlib.training import Recipe


def of_other_writers(sketches: list[Sketch]) -> list[Sketch]:
    """The sketches of the writers whose mistakes were not looked at."""
    return [s for s in sketches if zlib.crc32(f"{s.source}/{s.writer}".encode()) % 3 != 0]


def accuracy(network: torch.nn.Module, digits: Digits, device: torch.device) -> float:
    """The accuracy on these digits, in percent."""
    logits = training.predict_logits(network, digits.images.to(device)).cpu()
    return 100 * (logits.argmax(dim=1) == digits.labels).float().mean().item()


def main() -> None:
    """Train once for each seed and print a table of accuracies."""
    parser = argparse.ArgumentParser(description="Train on synthetic digits, read real ones.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--digits", type=int, default=30_000, help="synthetic digits to train on")
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    sketches = datasets.load_sketches()
    asked = {
        "MNIST test": datasets.load_mnist()[1],
        "pen, other writers": datasets.rasterised(of_other_writers(sketches)),
        "pen, all": datasets.rasterised(sketches),
    }
    rows = [table_row(seed, options.digits, options.epochs, asked) for seed in range(options.seeds)]
    for name, column in zip(asked, zip(*rows, strict=True), strict=True):
        spread = f", {min(column):.2f} to {max(column):.2f}" if len(column) > 1 else ""
        print(f"{name}: mean {statistics.mean(column):.2f} %{spread} ({len(column)} seeds)")


def table_row(seed: int, count: int, epochs: int, asked: dict[str, Digits]) -> list[float]:
    """Train with one seed; print and return the accuracies in percent."""
    changed = {"dataset": "synthetic", "epochs": epochs, "seed": seed}
    recipe = Recipe.checked(changed)
    device = training.prepare(recipe)
    train, validation = datasets.split(
        datasets.load_synthetic(count, seed), recipe.validation_fraction, seed
    )
    network = training.build(recipe.architecture)
    for epoch in training.fit(network, train, validation, recipe):
        print(f"  seed {seed}: {epoch}", flush=True)
    accuracies = [accuracy(network, digits, device) for digits in asked.values()]
    named = zip(asked, accuracies, strict=True)
    print(f"seed {seed}: " + ", ".join(f"{name} {share:.2f} %" for name, share in named))
    return accuracies


if __name__ == "__main__":
    main()
