"""Train the small networks that say whether a part of connected ink is exactly one digit.

Digits of training writers and of MNIST's training images are written beside each other, so that
they touch, overlap a little or stand apart, and cut as `digitlib.photos` cuts them. A part that is
one digit has its label, any other part has none (LeCun et al. 1998, section V). Where no cut parts
two digits well, the best part there is counts as its digit: better than half of a digit of two. Of
the other parts, more are shown that the judge of today takes for digits. Held-out writers and
images, and all test images, are left out. The networks' probabilities are averaged; `parts.onnx` is
written. Takes about two hours on one core.

The bundled judge averages two networks: one of 12, 24 and 40 channels, written by an earlier form
of this script (commit 5f00be1, UNIPEN alone), and one as below, of 12,000 numbers and 5 epochs.

Usage: python benchmarks/research/parts.py [--numbers 12000] [--epochs 5] [--networks 2] [--seed 0]
       [--out FILE]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from part_network import Judges, train

sys.path.insert(0, str(Path(__file__).parents[1]))
from pages import Source, image_source, pen_source, touching

from digitlib import datasets, training
from digitlib.photos.components import binarise, find_components
from digitlib.photos.layout import groups
from digitlib.photos.parts import SIDE, judge, views
from digitlib.photos.pieces import Boundary, Group, between, boundaries, cut_out, levelled
from digitlib.photos.weighing import may_be_digit
from digitlib.recogniser import BUNDLED, Recogniser
from digitlib.training.export import export

NONE = 10  # the label of what is no whole digit
WHOLE, BROKEN = 0.88, 0.78  # of a digit's ink, by the union with a part's: one digit, and none
POSSIBLE = 0.7  # of it: with less, no part is that digit
PARTS, POOL = 24, 40  # of each number, at most; and those that are no digit, to choose from
HARD = 7  # of these, the ones most like a digit


class Written(NamedTuple):
    """A number: its ink (h, w), 0 to 1, its labels, and which digit each px belongs to, from 1."""

    ink: NDArray[np.float32]
    labels: list[int]
    owner: NDArray[np.int32]


def write(source: Source, generator: np.random.Generator) -> Written:
    """One to four digits beside each other, most of them touching, a little blurred and noisy."""
    size = float(np.exp(generator.uniform(np.log(22), np.log(110))))
    pen = max(1.3, size * generator.uniform(0.05, 0.16))
    shape = (int(1.9 * size) + 8, int(5 * size) + 8)
    ink, owner = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
    labels: list[int] = []
    right = 4
    for position in range(int(generator.choice([1, 2, 3, 4], p=[0.1, 0.35, 0.4, 0.15]))):
        glyph = source(generator, size * generator.uniform(0.85, 1.15), pen)
        height, width = glyph.ink.shape
        top = int(4 + 0.4 * size + 0.5 * (size - height) + generator.normal(0, 0.04) * size)
        left = right
        if position and generator.random() < 0.8:
            overlap = int(generator.uniform(0, 0.04) * size)
            left = touching(ink, glyph, right, top, overlap)
        elif position:
            left += int(generator.uniform(0, 0.3) * size)
        place = (slice(top, top + height), slice(left, left + width))
        if top < 0 or left < 0 or ink[place].shape != glyph.ink.shape:
            break
        owner[place] = np.where(glyph.ink > np.maximum(ink[place], 0.3), position + 1, owner[place])
        ink[place] = np.maximum(ink[place], glyph.ink)
        labels.append(glyph.label)
        right = left + width + 1
    turn = cv2.getRotationMatrix2D((right / 2, size), generator.normal(0, 2), 1)
    turn[0, 1] += generator.normal(0, 0.04)
    at = (shape[1], shape[0])
    ink = cv2.warpAffine(ink, turn, at, flags=cv2.INTER_LINEAR)
    owner = cv2.warpAffine(owner.astype(np.float32), turn, at, flags=cv2.INTER_NEAREST)
    for _ in range(4):  # blur makes ink a little wider
        owner = np.where(owner > 0, owner, cv2.dilate(owner, np.ones((3, 3), np.uint8)))
    ink = cv2.GaussianBlur(ink, (0, 0), generator.uniform(0.3, 0.3 + 0.02 * size))
    return Written(ink, labels, owner.astype(np.int32))


def parts(
    written: Written, generator: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Views (n, 2, 32, 32) of parts and labels (n,), of each group of a number."""
    contrast = generator.uniform(0.3, 0.9)
    noise = generator.uniform(0.002, 0.02)
    ink = written.ink * contrast + generator.normal(0, noise, written.ink.shape)
    ink = np.clip(cv2.GaussianBlur(ink.astype(np.float32), (0, 0), 0.7), 0, 1)
    found = find_components(binarise(ink, noise), ink, np.zeros(ink.shape, np.uint8))
    for components in groups(found.found, found.height):
        group = levelled(cut_out(ink, found.labels, components, found.height))
        pairs, labels = _labelled(group, _owners(group, written.owner), written.labels)
        chosen = []
        for place in _mixed(labels, generator):
            inside = between(*pairs[place])
            if inside is not None and may_be_digit(inside):
                chosen.append((inside, labels[place]))
        if chosen:
            seen = views(group, [inside for inside, _ in chosen])
            digits = np.array([digit for _, digit in chosen])
            kept = _hard(seen, digits, generator)
            yield seen[kept], digits[kept]


def _owners(group: Group, owner: NDArray[np.int32]) -> NDArray[np.int32]:
    """Which digit each px (h, w) of a group belongs to, from 1; 0 where there is no ink."""
    height, width = group.numbers.shape
    rows = (group.top + (np.arange(height) + 0.5) * group.scale).astype(int)
    columns = (group.left + (np.arange(width) + 0.5) * group.scale).astype(int)
    rows, columns = rows.clip(0, owner.shape[0] - 1), columns.clip(0, owner.shape[1] - 1)
    return np.where(group.numbers > 0, owner[np.ix_(rows, columns)], 0)


def _labelled(
    group: Group, owner: NDArray[np.int32], labels: Sequence[int]
) -> tuple[list[tuple[Boundary, Boundary]], NDArray[np.int64]]:
    """Every two boundaries of a group, and the digit between them or NONE."""
    edges = boundaries(group, set(range(1, int(group.numbers.max()) + 1)))
    sizes = np.bincount(owner.ravel(), minlength=len(labels) + 1)
    counts = np.array([np.bincount(owner[edge.left], minlength=len(sizes)) for edge in edges])
    shared = counts[None] - counts[:, None]  # of each digit's ink, between two boundaries
    union = sizes + shared.sum(axis=2, keepdims=True) - shared
    common = (shared / np.maximum(union, 1))[:, :, 1:]
    best, share = common.argmax(axis=2), common.max(axis=2)
    reached = common.max(axis=(0, 1))[best]  # by the best part for that digit
    others = (shared / np.maximum(sizes, 1))[:, :, 1:]
    np.put_along_axis(others, best[:, :, None], 0, axis=2)
    foreign = others.max(axis=2)
    whole = (share > WHOLE) & (foreign < 0.3)
    whole |= (share >= reached - 0.02) & (reached > POSSIBLE)
    broken = ((share < BROKEN) | (foreign > 0.4)) & (share < reached - 0.06)
    told = np.triu(whole | broken, 1)
    places = np.argwhere(told).tolist()
    pairs = [(edges[first], edges[last]) for first, last in places]
    return pairs, np.where(whole, np.array(labels)[best], NONE)[told]


def _mixed(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Places of some whole digits, and of more of the others, from which the hard ones are kept."""
    order = generator.permutation(len(labels))
    whole = order[labels[order] != NONE][: PARTS // 2]
    rest = order[labels[order] == NONE][:POOL]
    return np.concatenate([whole, rest])


def _hard(
    seen: NDArray[np.uint8], labels: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Places of all whole digits and of half of PARTS others, most of them like a digit."""
    rest = np.flatnonzero(labels == NONE)
    if len(rest) > PARTS // 2:
        order = rest[np.argsort(judge(seen[rest])[:, NONE])]
        others = generator.permutation(order[HARD:])[: PARTS // 2 - HARD]
        rest = np.concatenate([order[:HARD], others])
    return np.concatenate([np.flatnonzero(labels != NONE), rest])


def examples(
    sources: Sequence[Source], count: int, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Views and labels of parts of `count` numbers, the sources in turn."""
    generator = np.random.default_rng(seed)
    seen, labels = [], []
    for number in range(count):
        written = write(sources[number % len(sources)], generator)
        for some, digits in parts(written, generator):
            seen.append(some)
            labels.append(digits)
    return np.concatenate(seen), np.concatenate(labels)


def training_sources() -> list[Source]:
    """Sketches of the bundled model's training writers, and images that it was trained on."""
    card = Recogniser(BUNDLED).card
    writers = training.writers_as_trained(card, datasets.load_sketches())
    train, _ = datasets.load_mnist()
    recipe = training.recipe_parameters(card)
    images, _ = datasets.split(train, recipe["validation_fraction"], recipe["seed"])
    return [pen_source(writers.train), image_source(images.images.numpy(), images.labels.numpy())]


def main() -> None:
    """Compose, train and write the network."""
    parser = argparse.ArgumentParser(description="Training the judge of parts.")
    parser.add_argument("--numbers", type=int, default=12_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=BUNDLED / "parts.onnx")
    options = parser.parse_args()
    sources = training_sources()
    networks = []
    for seed in range(options.seed, options.seed + options.networks):
        seen, labels = examples(sources, options.numbers, seed)
        print(f"{len(labels)} parts, {np.mean(labels == NONE):.0%} of them no digit", flush=True)
        networks.append(train(seen, labels, options.epochs, seed))
    views_of_two = torch.zeros(2, 2, SIDE, SIDE, dtype=torch.uint8)
    export(Judges(networks), {"views": views_of_two}, ["logits"], options.out)


if __name__ == "__main__":
    main()
