"""How many non-digits does the model reject, and how many real digits?

A drawing is rejected when its confidence is below the threshold on the model's card or when it is
a dot, as on the dashboard; an image, by the threshold for images. Letters come from Hershey's
stroke fonts; those that people draw like a digit (o, l, z, …), which `strokes.letters` leaves out,
are counted separately. Pen digits are those of writers the model never saw. The second column is
what a threshold that rejects 1 % of these would reject.

Usage: python benchmarks/rejection.py [MODEL FOLDER]
"""

import argparse
import string
from collections.abc import Iterable, Iterator

import numpy as np
from HersheyFonts import HersheyFonts
from numpy.typing import NDArray

from digitlib.datasets import load_mnist, load_sketches
from digitlib.evaluation import EvaluationSet, pen_test_set
from digitlib.recogniser import LoadedModel, Prediction, Recogniser
from digitlib.strokes import LETTERS, Sketch, Strokes
from digitlib.training import rejection_threshold

FONTS = ("futural", "scripts")  # drawn with single lines, not outlines
LIKE_DIGITS = set(string.ascii_letters) - set(LETTERS)
SCRIBBLES = 1000


def letters(wanted: Iterable[str]) -> Iterator[Strokes]:
    """Each letter in each font, at the pad's size."""
    for font in FONTS:
        hershey = HersheyFonts()
        hershey.load_default_font(font)
        for letter in wanted:
            yield [np.array(s, float) / 32 for s in hershey.strokes_for_text(letter) if len(s) > 0]


def scribbles(generator: np.random.Generator) -> Iterator[Strokes]:
    """Wandering lines and zigzags."""
    for number in range(SCRIBBLES):
        if number % 2:
            yield [np.cumsum(generator.normal(size=(generator.integers(20, 120), 2)), axis=0) / 8]
        else:
            yield [generator.random((generator.integers(4, 25), 2))]


def numbers(sketches: list[Sketch], generator: np.random.Generator) -> Iterator[Strokes]:
    """Two real pen digits side by side: no single digit is right."""
    for first, second in generator.integers(0, len(sketches), (500, 2)):
        left, right = (sketches[i].strokes for i in (first, second))
        low, high = (f(np.concatenate(left), axis=0) for f in (np.min, np.max))
        begin = np.concatenate(right).min(axis=0)
        scale = np.ptp(np.concatenate(left)[:, 1]) / (np.ptp(np.concatenate(right)[:, 1]) or 1)
        shift = np.array([high[0] + 0.3 * (high - low).max(), low[1]])
        yield [*left, *((stroke - begin) * scale + shift for stroke in right)]


def dots(generator: np.random.Generator) -> Iterator[Strokes]:
    """Taps and tiny jitters."""
    for _ in range(100):
        yield [0.5 + generator.normal(0, 0.005, (generator.integers(1, 8), 2))]


def blanks(generator: np.random.Generator) -> NDArray[np.uint8]:
    """Images with nothing on them, one bright pixel, or noise of at most a tenth."""
    images = np.zeros((200, 28, 28), np.uint8)
    images[np.arange(100), *generator.integers(0, 28, (2, 100))] = 255
    images[101:] = generator.integers(0, 26, (99, 28, 28))
    return images


def mnist_test() -> NDArray[np.uint8]:
    """MNIST's test images (10,000, 28, 28)."""
    return load_mnist()[1].images.numpy()


def main() -> None:
    """Print the share that is rejected of each kind of drawing."""
    parser = argparse.ArgumentParser(description="Shares of non-digits that are rejected.")
    parser.add_argument("folder", nargs="?", help="of the model; by default the one that serves")
    recogniser = Recogniser.load(parser.parse_args().folder)
    model = LoadedModel(recogniser, recogniser.folder, 0)
    generator = np.random.default_rng(0)
    sketches = load_sketches()
    alike = sorted(LIKE_DIGITS)
    unlike = sorted(set(string.ascii_letters) - LIKE_DIGITS)
    drawings = {
        "letters unlike digits": letters(unlike),
        "letters like digits": letters(alike),
        "scribbles": scribbles(generator),
        "two digits at once": numbers(sketches, generator),
        "dots": dots(generator),
    }
    pens = pen_test_set(recogniser.card)
    if isinstance(pens, EvaluationSet):
        drawings["digits: pens unseen"] = (sketch.strokes for sketch in pens.sketches)
    predictions = {
        kind: [model.read(tuple(strokes)) for strokes in kept] for kind, kept in drawings.items()
    }
    threshold, strict = recogniser.card["rejection_threshold"], recogniser.threshold
    if "digits: pens unseen" in predictions:  # the threshold that rejects 1 % of these
        strict = rejection_threshold(
            np.stack([confidences(p) for p in predictions["digits: pens unseen"]])
        )
    print(f"{recogniser.name}, threshold {recogniser.threshold:.1%}, of images {threshold:.1%}")
    print(f"{'':32} rejected {'':8} at {strict:.1%}")
    for kind, read in predictions.items():
        rejected = np.mean([prediction.digit is None for prediction in read])
        strictly = np.mean([p.is_dot or confidences(p).max() < strict for p in read])
        print(f"{kind:24}{len(read):>8,}{rejected:>8.1%}{strictly:>16.1%}", flush=True)
    images = {"blank images, specks": blanks(generator), "digits: MNIST test set": mnist_test()}
    for kind, shown in images.items():
        rejected = np.mean(recogniser.predict(shown).max(axis=1) < threshold)
        print(f"{kind:24}{len(shown):>8,}{rejected:>8.1%}")


def confidences(prediction: Prediction) -> NDArray[np.float32]:
    """The ten probabilities of a drawing that has ink."""
    assert prediction.probabilities is not None
    return prediction.probabilities


if __name__ == "__main__":
    main()
