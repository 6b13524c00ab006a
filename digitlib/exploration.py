"""What is in a set of digits, in numbers: ink, spread, odd and ambiguous images, duplicates.

Images are (n, 28, 28) uint8, ink 255 on 0, and labels (n,) integers 0 to 9.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]

LEVELS = (1, 32, 64, 128, 192, 224, 253, 256)  # where the classes of grey of `grey_levels` begin
_CHUNK = 500  # images compared with all others at a time


def ink_widths(images: Images) -> Floats:
    """The mean width (n,) of each image's ink in px: twice its area by its outline's length.

    So for a line much longer than wide. The area is the sum of the ink, the outline's length its
    total variation (the coarea formula: the lengths of the level lines, averaged over the levels),
    so that greys count and nothing is thinned to a skeleton. Images without ink have width 0.
    """
    widths = np.zeros(len(images))
    for start in range(0, len(images), _CHUNK):
        ink = np.pad(images[start : start + _CHUNK] / 255.0, ((0, 0), (1, 1), (1, 1)))
        right, down = np.diff(ink, axis=2), np.diff(ink, axis=1)
        across = (right[:, 1:] + right[:, :-1]) / 2  # at the pixels' corners
        along = (down[:, :, 1:] + down[:, :, :-1]) / 2
        outline = np.hypot(across, along).sum(axis=(1, 2))
        area = ink.sum(axis=(1, 2))
        widths[start : start + _CHUNK] = np.divide(2 * area, outline, where=area > 0, out=area)
    return widths


def grey_levels(images: Images) -> Floats:
    """The shares (7,) of the inked pixels in the classes of grey that begin at `LEVELS`."""
    shares = np.add.reduceat(_histogram(images), LEVELS[:-1]).astype(np.float64)
    return shares / max(shares.sum(), 1)


def _histogram(images: Images) -> NDArray[np.int64]:
    """How many pixels (256,) have each level."""
    # In chunks, because bincount makes an int64 of every byte.
    chunks = [images[i : i + _CHUNK].ravel() for i in range(0, len(images), _CHUNK)]
    return sum((np.bincount(chunk, minlength=256) for chunk in chunks), np.zeros(256, np.int64))


class Pixels(NamedTuple):
    """How a set of images uses its pixels; intensities from 0 to 1."""

    mean: float
    deviation: float
    inked: float  # share of all pixels with any ink
    never: int  # pixels of the 784 without ink in every image


def pixel_statistics(images: Images) -> Pixels:
    """Mean and standard deviation as used for normalisation, and how much is ever inked."""
    levels = _histogram(images) / max(images.size, 1)
    values = np.arange(256) / 255
    mean = float(levels @ values)
    deviation = float(np.sqrt(levels @ values**2 - mean**2))
    return Pixels(mean, deviation, 1 - float(levels[0]), int((images.max(axis=0) == 0).sum()))


def class_shares(labels: Labels) -> Floats:
    """The share (10,) of each digit among the labels."""
    return np.bincount(labels, minlength=10) / max(len(labels), 1)


def class_means(images: Images, labels: Labels) -> Floats:
    """The mean image of each digit: (10, 28, 28) in 0 to 1; zeros for a digit that isn't there."""
    return np.stack([_mean(images[labels == digit]) for digit in range(10)])


def class_deviations(images: Images, labels: Labels) -> Floats:
    """The standard deviation of each pixel within each digit: (10, 28, 28) in 0 to 0.5."""
    squares = np.stack([_mean(images[labels == digit], power=2) for digit in range(10)])
    return np.sqrt(np.maximum(squares - class_means(images, labels) ** 2, 0))


def _mean(images: Images, power: int = 1) -> Floats:
    """The mean (28, 28) of a power of the intensities, with no copy of all images as floats."""
    total = np.zeros((28, 28))
    for start in range(0, len(images), _CHUNK):
        total += ((images[start : start + _CHUNK] / 255.0) ** power).sum(axis=0)
    return total / max(len(images), 1)


def distances_to_mean(images: Images, labels: Labels) -> Floats:
    """How far (n,) each image is from its digit's mean: root mean square over pixels, 0 to 1."""
    means = class_means(images, labels).astype(np.float32)
    distances = np.empty(len(images))
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        differences = images[part] / np.float32(255) - means[labels[part]]
        distances[part] = np.sqrt((differences**2).mean(axis=(1, 2)))
    return distances


class Neighbours(NamedTuple):
    """The nearest of m images to each of n, by pixels."""

    places: NDArray[np.int64]  # (n, k) among the m, nearest first
    distances: Floats  # (n, k) root mean square over pixels, 0 to 1


def neighbours(images: Images, count: int) -> Neighbours:
    """The `count` nearest other images of the same set to each image."""
    pixels = _flat(images)
    places = np.empty((len(pixels), count), np.int64)
    distances = np.empty((len(pixels), count))
    for start in range(0, len(pixels), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = _squared_distances(pixels[part], pixels)
        apart[np.arange(len(apart)), np.arange(start, start + len(apart))] = np.inf  # itself
        near = np.argpartition(apart, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(apart, near, axis=1), axis=1)
        places[part] = np.take_along_axis(near, order, axis=1)
        nearest = np.take_along_axis(apart, places[part], axis=1)
        distances[part] = np.sqrt(nearest / pixels.shape[1])
    return Neighbours(places, distances)


def agreement(labels: Labels, near: Neighbours) -> Floats:
    """The share (n,) of each image's neighbours, in the same set, that carry its own label."""
    return (labels[near.places] == labels[:, None]).mean(axis=1)


class Duplicates(NamedTuple):
    """What two sets share: images that are equal, and pairs that are nearly so."""

    equal: int  # images of the second set that are in the first, pixel for pixel
    pairs: NDArray[np.int64]  # (p, 2) places in the first and in the second set, most alike first
    distances: Floats  # (p,) root mean square over pixels, 0 to 1


def duplicates(first: Images, second: Images, count: int = 10) -> Duplicates:
    """Images of the second set that are in the first, and the `count` pairs most alike.

    Each image's likeliest partner is its nearest in the first 40 principal components, so a pair
    may be missed that only all 784 pixels would find; distances are of all pixels.
    """
    known = {image.tobytes() for image in first}
    equal = sum(image.tobytes() in known for image in second)
    axes = principal_axes(np.concatenate([first[:5000], second[:5000]]), 40)
    shadows = _projected(first, axes)
    partners = np.empty(len(second), np.int64)
    for start in range(0, len(second), _CHUNK):
        part = slice(start, start + _CHUNK)
        partners[part] = _squared_distances(_projected(second[part], axes), shadows).argmin(axis=1)
    distances = np.empty(len(second))
    for start in range(0, len(second), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = _flat(second[part]) - _flat(first[partners[part]])
        distances[part] = np.sqrt((apart**2).mean(axis=1))
    best = np.argsort(distances, kind="stable")[:count]
    return Duplicates(equal, np.stack([partners[best], best], axis=1), distances[best])


def principal_axes(images: Images, count: int) -> Floats:
    """The `count` directions (784, count) along which the images vary most, the strongest first."""
    pixels = _flat(images)
    pixels -= pixels.mean(axis=0)
    _, vectors = np.linalg.eigh(pixels.T @ pixels)  # by rising eigenvalue
    return np.ascontiguousarray(vectors[:, ::-1][:, :count])


def _projected(images: Images, axes: Floats) -> Floats:
    """Images along some axes: (n, k) float32, with the memory of a chunk of them as floats."""
    parts = [_flat(images[i : i + _CHUNK]) @ axes for i in range(0, len(images), _CHUNK)]
    return np.concatenate(parts)


def _flat(images: Images) -> Floats:
    """Images as rows (n, 784) of float32 in 0 to 1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _squared_distances(asked: Floats, known: Floats) -> Floats:
    """The squared distances (n, m) between rows (n, d) and rows (m, d), never below 0."""
    products = asked @ known.T
    products *= -2
    products += (known**2).sum(axis=1)
    products += (asked**2).sum(axis=1)[:, None]
    return np.maximum(products, 0, out=products)
