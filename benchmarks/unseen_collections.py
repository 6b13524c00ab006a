"""How well are pen digits read whose whole collection, tablet and writers alike, was never seen?

For each collection in turn a model is trained on MNIST, on the sketches of all the others and on
non-digits, as the bundled model is but for fewer epochs, and then reads the one left out, once: as
images, and as the dashboard does, with the stroke model too. Also printed: how many are wrong
without a doubt and how many are doubted, by a threshold that doubts 1 % of the held-out writers'
digits; and ones with a flag and uncrossed sevens, by how steeply the first line rises. Takes about
two hours on 1 core.

Usage: python benchmarks/unseen_collections.py [--epochs 8] [--ensemble 1] [--seed 0] [--limit 0]
       [--without-sketches] [--collections apb app apa ced uqb pendigits]
"""

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import datasets, evaluation, training
from digitlib.datasets import Digits, Writers
from digitlib.strokes import Sketch, Strokes
from digitlib.training import Recipe, StrokeModel

LEFT_OUT = ("apb", "app", "apa", "ced", "uqb", "pendigits")


def mixed(
    train: Digits, validation: Digits, writers: Writers, recipe: Recipe
) -> tuple[Digits, Digits]:
    """MNIST digits, the writers' sketches and non-digits, as the notebook mixes them."""
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
    """The writers who have nothing in a collection, split as the notebook splits them."""
    unseen = {datasets.writer_of(sketch) for sketch in sketches if sketch.source == source}
    others = [sketch for sketch in sketches if datasets.writer_of(sketch) not in unseen]
    return datasets.split_by_writer(others, recipe.validation_fraction, recipe.seed)


def trained_stroke_model(writers: Writers, recipe: Recipe) -> StrokeModel:
    """A stroke model of these writers."""
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "pen.pt"
        for epoch in training.fit_stroke_model(recipe, writers, checkpoint):
            print(f"  strokes, {epoch}", flush=True)
        return training.fitted_stroke_model(recipe, writers, checkpoint)


def probabilities(
    network: training.Network, digits: Digits, temperature: float
) -> NDArray[np.floating]:
    """Calibrated probabilities (n, 10) of the digits' images."""
    device = next(network.parameters()).device
    logits = training.predict_logits(network, digits.images.to(device)).cpu().numpy()
    return training.probabilities(logits, temperature)


def read(network: training.Network, digits: Digits, recipe: Recipe) -> evaluation.Accuracy:
    """The accuracy of a network on the digits' images."""
    images = digits.images.to(training.choose_device(recipe.device))
    predicted = training.predict_logits(network, images).argmax(dim=1)
    return evaluation.accuracy(digits.labels.numpy(), predicted.cpu().numpy())


class Unseen(NamedTuple):
    """Probabilities (n, 10) of a collection that was left out, and the threshold of both."""

    sketches: list[Sketch]
    images: NDArray[np.floating]
    both: NDArray[np.floating]
    threshold: float


def read_without(source: str, recipe: Recipe) -> Unseen:
    """A collection as read by networks that never saw it nor its writers."""
    sketches = datasets.load_sketches()
    mnist, _ = datasets.load_mnist()
    parts = datasets.split(
        datasets.first(mnist, recipe.limit), recipe.validation_fraction, recipe.seed
    )
    writers = writers_without(source, sketches, recipe)
    train, validation = mixed(*parts, writers, recipe)
    network = trained(train, validation, recipe, f"without {source}")
    logits = np.log(probabilities(network, validation, 1.0).clip(1e-12))
    temperature = training.fitted_temperature(logits, validation.labels.numpy())
    unseen = [sketch for sketch in sketches if sketch.source == source]
    read, known = (
        probabilities(network, datasets.rasterised(part), temperature)
        for part in (unseen, writers.validation)
    )
    if not recipe.stroke_model:
        return Unseen(unseen, read, read, training.rejection_threshold(known))
    strokes = trained_stroke_model(writers, recipe)
    threshold = training.rejection_threshold(strokes.joining(known, writers.validation))
    return Unseen(unseen, read, strokes.joining(read, unseen), threshold)


def first_line_rise(strokes: Strokes) -> float | None:
    """By how many degrees the line before the corner of a 1 or 7 rises to the right.

    None where there is more than one stroke, or no line before a corner: the point farthest from
    the straight way between both ends.
    """
    if len(strokes) != 1 or len(strokes[0]) < 3:
        return None
    stroke = strokes[0]
    way = stroke[-1] - stroke[0]
    length = float(np.hypot(*way)) or 1.0
    offset = np.abs((stroke - stroke[0]) @ np.array([-way[1], way[0]])) / length
    corner = stroke[int(offset.argmax())]
    across, up = (corner - stroke[0]) * (1, -1)
    stem = float(np.hypot(*(stroke[-1] - corner)))
    if across <= 0 or offset.max() < 0.06 or np.hypot(across, up) < 0.12 * stem:
        return None
    return float(np.degrees(np.arctan2(up, across)))


class Confused(NamedTuple):
    """Ones and sevens whose first line rises so steeply, and which of them are read as the other.

    `sure` are those read without a doubt.
    """

    n: int
    confused: int
    sure: int

    def __str__(self) -> str:
        return f"{self.confused} of {self.n}, {self.sure} without a doubt"


def confused(found: Unseen, label: int, other: int, low: float, high: float) -> Confused:
    """Digits of a label, without a crossbar, whose first line rises by `low` to `high` degrees."""
    rises = [first_line_rise(s.strokes) if s.label == label else None for s in found.sketches]
    chosen = np.array([rise is not None and low <= rise < high for rise in rises])
    as_other = found.both[chosen].argmax(axis=1) == other
    sure = as_other & (found.both[chosen].max(axis=1) >= found.threshold)
    return Confused(int(chosen.sum()), int(as_other.sum()), int(sure.sum()))


def report(source: str, found: Unseen) -> str:
    """What was read of a collection, in a few lines."""
    labels = np.array([sketch.label for sketch in found.sketches])
    whose = [datasets.writer_of(sketch) for sketch in found.sketches]
    wrong = found.both.argmax(axis=1) != labels
    sure = found.both.max(axis=1) >= found.threshold
    images, both = (
        evaluation.accuracy(labels, read.argmax(axis=1), whose)
        for read in (found.images, found.both)
    )
    lines = [
        f"{source} unseen, images: {images}",
        f"{source} unseen, images and strokes: {both}; wrong without a doubt "
        f"{np.mean(wrong & sure):.2%}, doubted {np.mean(~sure):.2%}",
        f"  ones that rise by 20 to 49°, read as 7: {confused(found, 1, 7, 20, 50)}",
        f"  uncrossed sevens, read as 1: {confused(found, 7, 1, -90, 90)}",
    ]
    return "\n".join(lines)


def main() -> None:
    """Train once for each collection left out; print what is read of each, and the mean."""
    parser = argparse.ArgumentParser(description="Reading pen digits of unseen collections.")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--ensemble", type=int, default=1, help="networks, averaged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0, help="MNIST images; 0: all")
    parser.add_argument("--without-sketches", action="store_true", help="train on MNIST alone")
    parser.add_argument("--collections", nargs="+", choices=LEFT_OUT, default=LEFT_OUT)
    options = parser.parse_args()
    asked = {
        "epochs": options.epochs,
        "ensemble": options.ensemble,
        "seed": options.seed,
        "limit": options.limit,
        "sketches": not options.without_sketches,
        "stroke_model": not options.without_sketches,
        "patience": options.epochs,
    }
    recipe = Recipe.checked({"preset": "people", **asked})
    accuracies = []
    for source in options.collections:
        found = read_without(source, recipe)
        print(report(source, found), flush=True)
        labels = np.array([sketch.label for sketch in found.sketches])
        accuracies.append(float(np.mean(found.both.argmax(axis=1) == labels)))
    print(f"mean of the {len(accuracies)} unseen collections: {statistics.mean(accuracies):.2%}")


if __name__ == "__main__":
    main()
