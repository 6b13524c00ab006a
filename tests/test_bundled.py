"""The model that comes with the project is as good, as honest and as small as README says."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from digitlib import evaluation, examination
from digitlib.datasets import load_mnist
from digitlib.examination import Exam
from digitlib.nondigits import drawings
from digitlib.reading import Model
from digitlib.recogniser import BUNDLED, MODEL_FILES, Recogniser

BUNDLED_MODEL = Model(Recogniser(BUNDLED), BUNDLED, 0)
THRESHOLD = BUNDLED_MODEL.recogniser.card["rejection_threshold"]


def test_it_is_small():
    assert sum((BUNDLED / name).stat().st_size for name in MODEL_FILES) < 3_000_000
    weights = load_file(BUNDLED / "model.safetensors")
    assert sum(array.size for array in weights.values()) < 1_000_000


def test_it_reads_mnist_and_unseen_hands_as_its_card_says(mnist, pens):
    card = BUNDLED_MODEL.recogniser.card["metrics"]
    unseen = examination.pen_digits(BUNDLED_MODEL.recogniser.card)
    exams = [Exam("MNIST", load_mnist()[1]), unseen]
    digits, hands = examination.sat(BUNDLED_MODEL.recogniser, exams)
    assert digits.accuracy.value == pytest.approx(card["test_accuracy"], abs=2e-4)
    assert digits.accuracy.value > 0.996
    assert hands.accuracy.value == pytest.approx(card["sketch_accuracy"], abs=3e-3)
    assert hands.accuracy.value > 0.985
    for result, most in ((digits, 0.01), (hands, 0.02)):
        assert evaluation.calibration_error(result.probability, result.labels) < most
        assert np.mean(result.probability.max(axis=1) < THRESHOLD) < 0.03


def test_it_takes_nothing_for_a_digit_where_nothing_is():
    images = np.zeros((30, 28, 28), np.uint8)
    images[np.arange(1, 15), 2 * np.arange(14), 14] = 255
    images[15:] = np.random.default_rng(0).integers(0, 26, (15, 28, 28))
    assert BUNDLED_MODEL.recogniser.predict(images).max() < THRESHOLD


def test_it_doubts_taps_letters_and_scribbles():
    taps = [((0.2, 0.3),), ((0.7, 0.8),)]
    assert BUNDLED_MODEL.read(tuple(taps)).digit is None
    strangers = drawings(500, seed=99).images.numpy()  # others than it saw
    assert (BUNDLED_MODEL.recogniser.predict(strangers).max(axis=1) < THRESHOLD).mean() > 0.9
