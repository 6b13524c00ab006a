"""The model that comes with the project is as good, as honest and as small as README says."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from digitlib.datasets.mnist import load_mnist
from digitlib.datasets.nondigits import nondigit_images
from digitlib.evaluation import calibration, evaluation_sets
from digitlib.evaluation.evaluation_sets import EvaluationSet
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import MODEL_FILES, STROKE_MODEL_FILES, Recogniser
from digitlib.recogniser.prediction import LoadedModel

BUNDLED_MODEL = LoadedModel(Recogniser(BUNDLED), BUNDLED, 0)
FILES = MODEL_FILES + STROKE_MODEL_FILES
CARD = BUNDLED_MODEL.recogniser.card
THRESHOLD = CARD["rejection_threshold"]  # of images


def test_it_is_small():
    assert (
        sum((BUNDLED / name).stat().st_size for name in MODEL_FILES + STROKE_MODEL_FILES)
        < 3_000_000
    )
    weights = [*load_file(BUNDLED / "model.safetensors").values()]
    weights += load_file(BUNDLED / "pen.safetensors").values()
    assert sum(array.size for array in weights) < 1_000_000


def test_it_reads_mnist_and_unseen_hands_as_its_card_says(mnist, pens):
    unseen = evaluation_sets.pen_test_set(CARD)
    exams = [EvaluationSet("MNIST", load_mnist()[1]), unseen]
    digits, hands = evaluation_sets.evaluate(BUNDLED_MODEL.recogniser, exams)
    assert digits.accuracy.value == pytest.approx(CARD["metrics"]["test_accuracy"], abs=2e-4)
    assert digits.accuracy.value > 0.9965
    found = CARD["metrics"]["sketch_accuracy_with_pen"]
    assert hands.accuracy.value == pytest.approx(found, abs=3e-3)
    assert hands.accuracy.value > 0.99
    for result, most, threshold in (
        (digits, 0.01, THRESHOLD),
        (hands, 0.02, CARD["pen"]["rejection_threshold"]),
    ):
        assert calibration.calibration_error(result.probability, result.labels) < most
        assert np.mean(result.probability.max(axis=1) < threshold) < 0.03


def test_its_images_alone_read_unseen_hands_too(pens):
    exam = evaluation_sets.pen_test_set(CARD)
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
    strangers = nondigit_images(500, seed=99).images.numpy()  # others than it saw
    assert (BUNDLED_MODEL.recogniser.predict(strangers).max(axis=1) < THRESHOLD).mean() > 0.9
