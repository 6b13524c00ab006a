"""The bundled model is as accurate, as well calibrated and as small as the README says."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from digitlib.datasets.mnist import load_mnist
from digitlib.datasets.nondigits import nondigit_images
from digitlib.evaluation import calibration, evaluation_sets, results
from digitlib.evaluation.evaluation_sets import EvaluationSet
from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import MODEL_FILES, STROKE_MODEL_FILES, Recogniser

BUNDLED_MODEL = LoadedModel(Recogniser(BUNDLED), BUNDLED, 0)
FILES = MODEL_FILES + STROKE_MODEL_FILES
CARD = BUNDLED_MODEL.recogniser.card
THRESHOLD = CARD["rejection_threshold"]  # for images


@pytest.fixture(scope="module")
def unseen_writers(pens) -> EvaluationSet:
    """Pen digits by writers that the model was not trained on."""
    return evaluation_sets.pen_test_set(CARD)


def test_it_is_small():
    assert sum((BUNDLED / name).stat().st_size for name in FILES) < 3_000_000
    weights = [*load_file(BUNDLED / "model.safetensors").values()]
    weights += load_file(BUNDLED / "pen.safetensors").values()
    assert sum(array.size for array in weights) < 1_000_000


def test_mnist_and_unseen_writers_are_read_as_its_card_says(mnist, unseen_writers):
    sets = [EvaluationSet("MNIST", load_mnist()[1]), unseen_writers]
    digits, writers = results.evaluate(BUNDLED_MODEL.recogniser, sets)
    assert digits.accuracy.value == pytest.approx(CARD["metrics"]["test_accuracy"], abs=2e-4)
    assert digits.accuracy.value > 0.9965
    expected = CARD["metrics"]["sketch_accuracy_with_pen"]
    assert writers.accuracy.value == pytest.approx(expected, abs=3e-3)
    assert writers.accuracy.value > 0.99
    for result, error, threshold in (
        (digits, 0.01, THRESHOLD),
        (writers, 0.02, CARD["pen"]["rejection_threshold"]),
    ):
        assert calibration.calibration_error(result.probability, result.labels) < error
        assert np.mean(result.probability.max(axis=1) < threshold) < 0.03


def test_images_of_unseen_writers_are_enough(unseen_writers):
    predicted = BUNDLED_MODEL.recogniser.predict(unseen_writers.digits.images).argmax(axis=1)
    assert np.mean(predicted == unseen_writers.digits.labels.numpy()) > 0.985


def test_images_without_a_digit_are_rejected():
    images = np.zeros((30, 28, 28), np.uint8)
    images[np.arange(1, 15), 2 * np.arange(14), 14] = 255
    images[15:] = np.random.default_rng(0).integers(0, 26, (15, 28, 28))
    assert BUNDLED_MODEL.recogniser.predict(images).max() < THRESHOLD


def test_taps_letters_and_scribbles_are_rejected():
    assert BUNDLED_MODEL.read([[(0.2, 0.3)], [(0.7, 0.8)]]).digit is None
    unseen = nondigit_images(200, seed=99).images  # a seed that training did not use
    assert (BUNDLED_MODEL.recogniser.predict(unseen).max(axis=1) < THRESHOLD).mean() > 0.9
