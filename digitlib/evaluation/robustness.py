"""Robustness: accuracy on disturbed digits.

Images are (n, 28, 28) uint8, ink 255 on 0. The disturbances follow MNIST-C (Mu and Gilmer 2019),
each at several levels; the first level changes nothing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from digitlib.evaluation import metrics
from digitlib.evaluation.metrics import Accuracy
from digitlib.recogniser import Recogniser

Images = NDArray[np.uint8]
Variant = TypeVar("Variant")
_CENTRE = 13.5  # px


class Disturbance(NamedTuple):
    """A way to disturb images, at several levels."""

    name: str
    unit: str
    levels: tuple[float, ...]
    apply: Callable[[Images, float], Images]


class Curve(NamedTuple):
    """A model's accuracy at each level of a disturbance."""

    disturbance: Disturbance
    accuracy: tuple[Accuracy, ...]

    def holds_to(self, kept: float) -> float:
        """The highest level up to which this share of the undisturbed accuracy is kept."""
        within = self.disturbance.levels[0]
        for level, found in zip(self.disturbance.levels, self.accuracy, strict=True):
            if found.value < kept * self.accuracy[0].value:
                break
            within = level
        return within


def _alternating(
    images: Images, variants: Sequence[Variant], changed: Callable[[Images, Variant], Images]
) -> Images:
    """Images changed by each of several variants in turn."""
    result = np.empty_like(images)
    for number, variant in enumerate(variants):
        result[number :: len(variants)] = changed(images[number :: len(variants)], variant)
    return result


def shifted(images: Images, px: float) -> Images:
    """Shifted towards each of the four corners in turn."""
    corners = [(0, px, px), (0, px, -px), (0, -px, px), (0, -px, -px)]
    return _alternating(images, corners, lambda some, by: ndimage.shift(some, by, order=1))


def rotated(images: Images, degrees: float) -> Images:
    """Rotated, anticlockwise and clockwise in turn."""
    return _alternating(
        images,
        (degrees, -degrees),
        lambda some, angle: ndimage.rotate(some, angle, axes=(2, 1), reshape=False, order=1),
    )


def shrunk(images: Images, percent: float) -> Images:
    """Scaled down about the centre."""
    return _zoomed(images, 1 - percent / 100)


def enlarged(images: Images, percent: float) -> Images:
    """Scaled up about the centre; what leaves the image is lost."""
    return _zoomed(images, 1 + percent / 100)


def _zoomed(images: Images, factor: float) -> Images:
    matrix = np.diag([1, 1 / factor, 1 / factor])
    offset = np.array([0, 1, 1]) * _CENTRE * (1 - 1 / factor)
    return ndimage.affine_transform(images, matrix, offset, order=1)


def thickened(images: Images, px: float) -> Images:
    """Ink wider by so much; between even numbers, a blend of two dilations."""
    wide = images.astype(np.float32)
    whole = int(px // 2)
    for _ in range(whole):
        wide = ndimage.grey_dilation(wide, size=(1, 3, 3))
    more = ndimage.grey_dilation(wide, size=(1, 3, 3))
    return np.rint(wide + (more - wide) * (px / 2 - whole)).astype(np.uint8)


def thinned(images: Images, px: float) -> Images:
    """Ink narrower by so much, up to 2 px."""
    thin = ndimage.grey_erosion(images, size=(1, 3, 3)).astype(np.float32)
    return np.rint(images + (thin - images) * px / 2).astype(np.uint8)


def noisy(images: Images, percent: float) -> Images:
    """Gaussian noise with a standard deviation in per cent of full ink."""
    noise = np.random.default_rng(0).normal(0, 2.55 * percent, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def blurred(images: Images, px: float) -> Images:
    """Gaussian blur with a standard deviation in px."""
    return ndimage.gaussian_filter(images, (0, px, px)) if px else images


def occluded(images: Images, px: float) -> Images:
    """A square of this side erased somewhere in the middle 20×20 of each image."""
    side, covered = int(px), images.copy()
    corners = np.random.default_rng(0).integers(4, 25 - side, (len(images), 2))
    for image, (y, x) in zip(covered, corners, strict=True):
        image[y : y + side, x : x + side] = 0
    return covered


def evenly_spaced(count: int, wanted: int) -> NDArray[np.intp]:
    """Indices of up to `wanted` of `count` digits, evenly spaced: files may be sorted."""
    return np.unique(np.linspace(0, count - 1, wanted).astype(np.intp))


class Example(NamedTuple):
    """One digit at each level of a disturbance, and what a model reads."""

    disturbance: Disturbance
    label: int
    images: Images  # (levels, 28, 28)
    predicted: NDArray[np.int64]  # (levels,)


DISTURBANCES = (
    Disturbance("shift", "px, to a corner", (0, 1, 2, 3, 4, 5), shifted),
    Disturbance("rotation", "° in either direction", (0, 10, 20, 30, 40, 50), rotated),
    Disturbance("smaller", "%", (0, 10, 20, 30, 40, 50), shrunk),
    Disturbance("larger", "%", (0, 10, 20, 30, 40, 50), enlarged),
    Disturbance("thicker ink", "px", (0, 1, 2, 3, 4, 5), thickened),
    Disturbance("thinner ink", "px", (0, 0.5, 1, 1.5, 2), thinned),
    Disturbance("noise", "% of full ink", (0, 5, 10, 15, 20, 30, 40, 50), noisy),
    Disturbance("blur", "px", (0, 0.5, 1, 1.5, 2, 2.5), blurred),
    Disturbance("occlusion", "px, side of a square", (0, 3, 5, 7, 9, 11), occluded),
)


def robustness_curves(
    recogniser: Recogniser,
    images: Images,
    labels: NDArray[np.integer],
    disturbances: Sequence[Disturbance] = DISTURBANCES,
) -> list[Curve]:
    """The accuracy on the images (n, 28, 28) under each disturbance, level by level."""
    curves = []
    for disturbance in disturbances:
        predicted = [
            recogniser.predict(disturbance.apply(images, level)).argmax(axis=1)
            for level in disturbance.levels
        ]
        found = tuple(metrics.accuracy(labels, digits) for digits in predicted)
        curves.append(Curve(disturbance, found))
    return curves


def disturbed_examples(
    recogniser: Recogniser,
    images: Images,
    labels: NDArray[np.integer],
    disturbances: Sequence[Disturbance] = DISTURBANCES,
) -> list[Example]:
    """A digit for each disturbance, the images (n, 28, 28) in turn, and how it is read."""
    examples = []
    for number, disturbance in enumerate(disturbances):
        place = number % len(labels)
        image = images[place : place + 1]
        shown = np.concatenate([disturbance.apply(image, level) for level in disturbance.levels])
        predicted = recogniser.predict(shown).argmax(axis=1)
        examples.append(Example(disturbance, int(labels[place]), shown, predicted))
    return examples
