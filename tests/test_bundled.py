"""The model that comes with the project is as good, as honest and as small as README says."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from digitlib import evaluation, examination
from digitlib.datasets import load_mnist
from digitlib.examination import Exam
from digitlib.nondigits import drawings
from digitlib.reading import Model
from digitlib.recogniser import BUNDLED, MODEL_FILES, PEN_FILES, Recogniser

BUNDLED_MODEL = Model(Recogniser(BUNDLED), BUNDLED, 0)
CARD = BUNDLED_MODEL.recogniser.card
THRESHOLD = CARD["rejection_threshold"]  # of images


def test_it_is_small():
    assert sum((BUNDLED / name).stat().st_size for name in MODEL_FILES + PEN_FILES) < 3_000_000
    weights = [*load_file(BUNDLED / "model.safetensors").values()]
    weights += load_file(BUNDLED / "pen.safetensors").values()
    assert sum(array.size for array in weights) < 1_000_000


def test_it_reads_mnist_and_unseen_hands_as_its_card_says(mnist, pens):
    unseen = examination.pen_digits(CARD)
    exams = [Exam("MNIST", load_mnist()[1]), unseen]
    digits, hands = examination.sat(BUNDLED_MODEL.recogniser, exams)
    assert digits.accuracy.value == pytest.approx(CARD["metrics"]["test_accuracy"], abs=2e-4)
    assert digits.accuracy.value > 0.9965
    found = CARD["metrics"]["sketch_accuracy_with_pen"]
    assert hands.accuracy.value == pytest.approx(found, abs=3e-3)
    assert hands.accuracy.value > 0.99
    for result, most, threshold in (
        (digits, 0.01, THRESHOLD),
        (hands, 0.02, CARD["pen"]["rejection_threshold"]),
    ):
        assert evaluation.calibration_error(result.probability, result.labels) < most
        assert np.mean(result.probability.max(axis=1) < threshold) < 0.03


def test_its_images_alone_read_unseen_hands_too(pens):
    exam = examination.pen_digits(CARD)
    read = BUNDLED_MODEL.recogniser.predict(exam.digits.images.numpy()).argmax(axis=1)
    assert np.mean(read == exam.digits.labels.numpy()) > 0.985


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
