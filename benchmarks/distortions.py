"""How well are digits read that people draw in unusual ways, and is extra ink doubted?

The digits are those of the writers held out when the model was trained: none of them was learnt
from. Each is drawn again in every way below; printed are how many are right, how many are wrong
without a doubt (confidence at or above the model's threshold), and how many are doubted. Extra ink
makes most drawings no digit: there, only a wrong digit without a doubt counts, which for a circled,
framed, underlined or ticked digit is any other digit, for all others any digit at all.

Usage: python benchmarks/distortions.py [--model NAME or FOLDER] [--digits 600] [--seed 0]
"""

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib import datasets, training
from digitlib.datasets import NO_DIGIT
from digitlib.recogniser import Recogniser
from digitlib.strokes import (
    SIGNS,
    Sketch,
    Strokes,
    beside,
    circled,
    crossed_out,
    distortions,
    drawn,
    framed,
    ticked,
    underlined,
)

Generator = np.random.Generator
WAYS: dict[str, Callable[[Strokes, Generator], Strokes]] = {
    "as drawn": lambda strokes, _: strokes,
    "all strokes joined": lambda strokes, _: distortions.joined(strokes),
    "a gap of 12 % in the longest stroke": lambda s, g: distortions.gapped(s, g, 0.12),
    "every fifth point": lambda strokes, _: distortions.every_nth(strokes, 5),
    "8 points in all": lambda strokes, _: distortions.resampled(strokes, 8),
    "turned by 20° clockwise": lambda strokes, _: distortions.turned(strokes, 20),
    "turned by 20° anticlockwise": lambda strokes, _: distortions.turned(strokes, -20),
    "slow wobble of 3 %": lambda s, g: distortions.wobbled(s, g, 0.03),
    "slow wobble of 5 %": lambda s, g: distortions.wobbled(s, g, 0.05),
    "jitter of 3 %": lambda s, g: distortions.jittered(s, g, 0.03),
    "clamped at an edge": lambda s, g: distortions.clamped(s, int(g.integers(4)), 0.1),
    "clipped at an edge": lambda s, g: distortions.clipped(s, int(g.integers(4)), 0.1),
}
AROUND: dict[str, Callable[[Strokes, Generator], Strokes]] = {
    "circled": circled,
    "framed": framed,
    "underlined": underlined,
    "ticked": ticked,
}


class Outcome(NamedTuple):
    """Shares of drawings: right, wrong without a doubt, and doubted."""

    right: float
    wrong: float
    doubted: float
    n: int


def outcome(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], threshold: float
) -> Outcome:
    """What is made of drawings whose labels (n,) are 0 to 9 or `NO_DIGIT`."""
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    sure = confidence >= threshold
    wrong = sure & (predicted != labels)
    right, doubted = predicted == labels, ~sure
    return Outcome(float(right.mean()), float(wrong.mean()), float(doubted.mean()), len(labels))


def held_out(recogniser: Recogniser, count: int, generator: Generator) -> list[Sketch]:
    """Sketches of the writers whom the model was not trained on, at most so many."""
    writers = training.writers_as_trained(recogniser.card, datasets.load_sketches())
    sketches = [*writers.validation, *writers.test]
    return [sketches[i] for i in generator.permutation(len(sketches))[:count]]


def extra_ink(
    sketches: Sequence[Sketch], generator: Generator
) -> dict[str, tuple[list[Strokes], list[int]]]:
    """By kind: drawings, and the digit that each may be read as, or `NO_DIGIT`."""
    kinds: dict[str, tuple[list[Strokes], list[int]]] = {
        name: ([change(s.strokes, generator) for s in sketches], [s.label for s in sketches])
        for name, change in AROUND.items()
    }
    ones = [sketch for sketch in sketches if sketch.label == 1]
    none = [NO_DIGIT] * len(sketches)
    shuffled = [sketches[i] for i in generator.permutation(len(sketches))]
    kinds["crossed out"] = ([crossed_out(s.strokes, generator) for s in sketches], none)
    kinds["two digits"] = (
        [
            beside(one.strokes, other.strokes, generator)
            for one, other in zip(sketches, shuffled, strict=True)
        ],
        none,
    )
    for name, left in (("1 and a digit", True), ("a digit and 1", False)):
        drawings = []
        for sketch in sketches:
            one = ones[generator.integers(len(ones))].strokes
            pair = (one, sketch.strokes) if left else (sketch.strokes, one)
            drawings.append(beside(*pair, generator))
        kinds[name] = drawings, none
    for sign in ("?", "!", ",", "smiling face", "smile", "arrow", "long arrow", "barred Z", "tick"):
        ways = SIGNS[sign]
        signs = [drawn(ways[generator.integers(len(ways))], generator) for _ in range(200)]
        kinds[sign] = signs, [NO_DIGIT] * len(signs)
    return kinds


def main() -> None:
    """Print a table of the ways of drawing and one of the kinds of extra ink."""
    parser = argparse.ArgumentParser(description="Unusual drawings and extra ink.")
    parser.add_argument("--model", default="bundled", help="a model's name or folder")
    parser.add_argument("--digits", type=int, default=600, help="held-out digits, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recogniser = Recogniser.named(options.model)
    generator = np.random.default_rng(options.seed)
    sketches = held_out(recogniser, options.digits, generator)
    print(f"{recogniser.name}, threshold {recogniser.threshold:.1%}, {len(sketches)} digits")
    print("| drawn | right | wrong without a doubt | doubted |\n|---|---|---|---|")
    labels = np.array([sketch.label for sketch in sketches])
    for name, change in WAYS.items():
        read = recogniser.read([change(sketch.strokes, generator) for sketch in sketches])
        print(f"| {name} {line(outcome(read, labels, recogniser.threshold))}", flush=True)
    print("\n| extra ink | right | wrong without a doubt | doubted |\n|---|---|---|---|")
    for name, (drawings, meant) in extra_ink(sketches, generator).items():
        read = recogniser.read(drawings)
        print(f"| {name} {line(outcome(read, np.array(meant), recogniser.threshold))}", flush=True)


def line(found: Outcome) -> str:
    """An outcome as the rest of a table's line."""
    return f"| {found.right:.1%} | {found.wrong:.1%} | {found.doubted:.1%} |"


if __name__ == "__main__":
    main()
