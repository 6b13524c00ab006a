"""Examples of pen digits: a few of each digit, and each of them varied."""

import numpy as np

from digitlib import datasets
from digitlib.strokes import Sketch


def test_examples_are_of_each_digit_and_of_different_writers(pens: list[Sketch]) -> None:
    found = datasets.examples(pens, 3, seed=1)
    assert [sketch.label for sketch in found] == 3 * list(range(10))
    assert len({datasets.writer_of(sketch) for sketch in found}) == 30
    assert found == datasets.examples(pens, 3, seed=1) != datasets.examples(pens, 3, seed=2)


def test_one_writer_gives_as_many_examples_as_there_are(pens: list[Sketch]) -> None:
    one = [sketch for sketch in pens if sketch.writer == pens[0].writer]
    few = [next(sketch for sketch in one if sketch.label == digit) for digit in (3, 5)]
    assert [sketch.label for sketch in datasets.examples(few, 3, seed=0)] == [3, 5]
    assert len(datasets.examples(one, 2, seed=0)) >= 15


def test_each_example_is_varied_in_its_own_column(pens: list[Sketch]) -> None:
    some = datasets.examples(pens, 1, seed=0)
    varied = datasets.augmented_examples(some, 3, seed=0)
    assert varied.labels.tolist() == 3 * list(range(10))
    rows = varied.images.numpy().reshape(3, 10, 28, 28)
    assert (rows > 0).any(axis=(2, 3)).all()
    assert not np.array_equal(rows[0], rows[1])
