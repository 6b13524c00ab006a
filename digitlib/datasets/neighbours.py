"""How alike images are, by plain pixels: neighbours, what they vote for, and duplicates.

Images are (n, 28, 28) uint8, ink 255 on 0, and labels (n,) integers 0 to 9.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]
_CHUNK = 500  # images compared with all others at a time


class Neighbours(NamedTuple):
    """The nearest of m images to each of n, by pixels."""

    places: NDArray[np.int64]  # (n, k) among the m, nearest first
    distances: Floats  # (n, k) root mean square over pixels, 0 to 1


def nearest_neighbours(images: Images, count: int) -> Neighbours:
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


def votes(labels: Labels, near: Neighbours) -> NDArray[np.int64]:
    """How many of each image's neighbours, in the same set, carry each label: (n, 10)."""
    return (labels[near.places][:, :, None] == np.arange(10)).sum(axis=1)


class Outvoted(NamedTuple):
    """Images whose neighbours mostly carry another label."""

    share: float
    label: int  # the commonest (label, majority among the neighbours) among them
    majority: int
    times: int

    def __str__(self) -> str:
        return (
            f"{100 * self.share:.1f} % are outvoted by their neighbours, most often a "
            f"{self.label} among {self.majority}s ({self.times} times): a reader by ten neighbours "
            "would get these wrong. With more images to be near to there are fewer; a network has "
            "to do better still."
        )


def outvoted(labels: Labels, counted: NDArray[np.int64]) -> Outvoted:
    """How often the `votes` (n, 10) go against the label, and for which digits above all."""
    majorities = counted.argmax(axis=1)
    pairs = np.bincount(labels * 10 + majorities, minlength=100).reshape(10, 10)
    np.fill_diagonal(pairs, 0)
    label, majority = np.unravel_index(pairs.argmax(), pairs.shape)
    share = float((majorities != labels).mean())
    return Outvoted(share, int(label), int(majority), int(pairs.max()))


class Duplicates(NamedTuple):
    """What of a second set is in a first one too, equal or nearly so."""

    equal: int  # images of the second set that are in the first, pixel for pixel
    partners: NDArray[np.int64]  # (n,) for each image of the second, its like in the first
    distances: Floats  # (n,) root mean square over pixels, 0 to 1


def duplicates(first: Images, second: Images) -> Duplicates:
    """Images of the second set that are in the first, and the likeliest partner of each.

    A partner is the nearest in the first 40 principal components, so that one may be missed which
    only all 784 pixels would find; its distance is of all pixels.
    """
    known = {image.tobytes() for image in first}
    equal = sum(image.tobytes() in known for image in second)
    axes = principal_axes(np.concatenate([first[:5000], second[:5000]]), 40)
    shadows = projected(first, axes)
    partners = np.empty(len(second), np.int64)
    distances = np.empty(len(second))
    for start in range(0, len(second), _CHUNK):
        part = slice(start, start + _CHUNK)
        apart = _squared_distances(projected(second[part], axes), shadows)
        partners[part] = apart.argmin(axis=1)
        differences = _flat(second[part]) - _flat(first[partners[part]])
        distances[part] = np.sqrt((differences**2).mean(axis=1))
    return Duplicates(equal, partners, distances)


def nearest_pairs(labels: Labels, found: Duplicates) -> NDArray[np.int64]:
    """For each digit of the second set, the place there of the image nearest to the first set."""
    places = [np.flatnonzero(labels == digit) for digit in np.unique(labels)]
    return np.array([place[found.distances[place].argmin()] for place in places])


def principal_axes(images: Images, count: int) -> Floats:
    """The `count` directions (784, count) along which the images vary most, the strongest first."""
    pixels = _flat(images)
    pixels -= pixels.mean(axis=0)
    _, vectors = np.linalg.eigh(pixels.T @ pixels)  # by rising eigenvalue
    return np.ascontiguousarray(vectors[:, ::-1][:, :count])


def projected(images: Images, axes: Floats) -> Floats:
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
