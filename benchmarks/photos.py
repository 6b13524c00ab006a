"""How well are photos of handwritten digits read, and how fast?

Pages are composed from the sketches of writers whom the model was not trained on and from MNIST's
test images (benchmarks/pages.py): paper, rules, squares, dots and specks, uneven light,
perspective, blur, noise, JPEG. Counted are digits found, digits read of those found, false digits,
and numbers of three digits that are read as one number without a mistake: found where the number
is, and, more strictly, with each digit's box where that digit is. (Which digit of a touching number
a px belongs to, a reader may see otherwise and still read it.) Then a picture of 12 megapixels with
20 digits is read on one core. Takes about ten minutes on 1 core.

Usage: python benchmarks/photos.py [--pages 60] [--seed 1] [--tuning]
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np
from pages import Box, Page, Placed, Source, compose, image_source, pen_source

from digitlib.photos import PhotoDigit, read_photo
from digitlib.recogniser import Recogniser

KINDS = ("single", "numbers", "touching")
Reader = Callable[[bytes], list[PhotoDigit]]


class Counts(NamedTuple):
    """What was counted on pages; numbers are of three digits."""

    digits: int = 0
    found: int = 0
    read: int = 0
    false: int = 0
    numbers: int = 0
    numbers_read: int = 0
    numbers_placed: int = 0  # of those, with each digit's box in its place

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*(one + two for one, two in zip(self, other, strict=True)))

    def __str__(self) -> str:
        shares = [
            f"{self.digits:,} digits",
            f"found {_percent(self.found, self.digits)}",
            f"read of these {_percent(self.read, self.found)}",
            f"false {self.false}",
        ]
        if self.numbers:
            shares.append(
                f"{self.numbers} numbers read {_percent(self.numbers_read, self.numbers)}, "
                f"each digit in its place {_percent(self.numbers_placed, self.numbers)}"
            )
        return ", ".join(shares)


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def overlap(one: Box | tuple[int, ...], other: Box) -> float:
    """The boxes' intersection by their union."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(across, 0) * max(down, 0)
    return both / (one[2] * one[3] + other[2] * other[3] - both)


def matched(truth: Sequence[Placed], read: Sequence[PhotoDigit]) -> list[PhotoDigit | None]:
    """For each digit on a page the one that was found there, with half of their boxes in common."""
    left = list(read)
    found: list[PhotoDigit | None] = []
    for placed in truth:
        best = max(left, key=lambda digit: overlap(digit.box, placed.box), default=None)
        if best is not None and overlap(best.box, placed.box) >= 0.5:
            left = [digit for digit in left if digit is not best]
            found.append(best)
        else:
            found.append(None)
    return found


def count(page: Page, read: Sequence[PhotoDigit], in_numbers: bool) -> Counts:
    """What was found and read on one page."""
    pairs = list(zip(page.digits, matched(page.digits, read), strict=True))
    found = [(placed, digit) for placed, digit in pairs if digit is not None]
    right = sum(placed.label == digit.digit for placed, digit in found)
    numbers = [
        [pair for pair in pairs if pair[0].number == number]
        for number in sorted({placed.number for placed in page.digits})
    ]
    whole = [number for number in numbers if len(number) == 3] if in_numbers else []
    return Counts(
        len(pairs),
        len(found),
        right,
        len(read) - len(found),
        len(whole),
        sum(_is_read([placed for placed, _ in number], read) for number in whole),
        sum(_is_placed(number, read) for number in whole),
    )


def _is_read(number: Sequence[Placed], read: Sequence[PhotoDigit]) -> bool:
    """Whether one number was read with half of its box in common, and just these digits."""
    together = groupby(read, key=lambda digit: digit.number)
    numbers = [list(digits) for _, digits in together]  # in reading order, so side by side
    place = _around([placed.box for placed in number])
    return any(
        overlap(_around([digit.box for digit in digits]), place) >= 0.5
        and [digit.digit for digit in digits] == [placed.label for placed in number]
        for digits in numbers
    )


def _is_placed(
    number: Sequence[tuple[Placed, PhotoDigit | None]], read: Sequence[PhotoDigit]
) -> bool:
    """Whether a number is read, and each of its digits found in its place."""
    digits = [digit for _, digit in number if digit is not None]
    in_place = len(digits) == len(number) and len({digit.number for digit in digits}) == 1
    return in_place and _is_read([placed for placed, _ in number], read)


def _around(boxes: Sequence[Box | tuple[int, ...]]) -> Box:
    """The box around all of these."""
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right = max(box[0] + box[2] for box in boxes)
    return left, top, right - left, max(box[1] + box[3] for box in boxes) - top


def pages(sources: Sequence[Source], kind: str, how_many: int, seed: int) -> Iterator[Page]:
    """Pages of a kind, the sources in turn; "empty" ones have paper, rules, specks and no digit."""
    for number in range(how_many):
        generator = np.random.default_rng([seed, number, len(kind)])
        source = sources[number % len(sources)]
        if kind == "empty":
            paper = ("ruled", "squared", "dotted", "plain")[number % 4]
            yield compose(source, generator, count=0, paper=paper)
        else:
            yield compose(source, generator, kind=kind, count=20 if kind == "single" else 18)


def measure(sources: Sequence[Source], kind: str, how_many: int, seed: int, read: Reader) -> Counts:
    """Compose and read so many pages of a kind."""
    total = Counts()
    for page in pages(sources, kind, how_many, seed):
        total = total.plus(count(page, read(page.content), kind in ("numbers", "touching")))
    return total


def held_out(recogniser: Recogniser, part: str) -> list[Source]:
    """Pen digits of writers whom the model wasn't trained on, and MNIST's images.

    `part` is "test", or "validation" for choosing by: validation writers and the images that
    training held out.
    """
    from digitlib import datasets, training

    writers = training.writers_as_trained(recogniser.card, datasets.load_sketches())
    train, test = datasets.load_mnist()
    recipe = training.recipe_parameters(recogniser.card)
    _, validation = datasets.split(train, recipe["validation_fraction"], recipe["seed"])
    images, labels = test if part == "test" else validation
    sketches = writers.test if part == "test" else writers.validation
    return [pen_source(sketches), image_source(images.numpy(), labels.numpy())]


def speed(sources: Sequence[Source], read: Reader) -> str:
    """The time and the memory that a picture of 12 megapixels with 20 digits takes."""
    cv2.setNumThreads(1)
    page = compose(sources[0], np.random.default_rng(5), count=20, paper="squared", side=4000)
    read(page.content)  # loads what is loaded once
    seconds = []
    for _ in range(5):
        begun = time.process_time()
        found = read(page.content)
        seconds.append(time.process_time() - begun)
    return f"12 megapixels, {len(found)} digits: {np.median(seconds):.2f} s of one core"


def main() -> None:
    """Print what is found and read on pages of each kind, and what a large picture takes."""
    parser = argparse.ArgumentParser(description="Reading photos of handwritten digits.")
    parser.add_argument("--pages", type=int, default=60, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tuning", action="store_true", help="validation writers and images")
    options = parser.parse_args()
    recogniser = Recogniser.load()

    def read(content: bytes) -> list[PhotoDigit]:
        return read_photo(content, recogniser)

    sources = held_out(recogniser, "validation" if options.tuning else "test")
    for kind in (*KINDS, "empty"):
        print(f"{kind}: {measure(sources, kind, options.pages, options.seed, read)}", flush=True)
    print(speed(sources, read))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"peak memory of this process, its libraries and the composing included: {peak:,.0f} MB")


if __name__ == "__main__":
    main()
