"""Nearest neighbours by pixels: outliers, ambiguous labels, and duplicates between two sets.

Images are (n, 28, 28) uint8, ink 255 on 0, and labels (n,) integers 0 to 9. A distance is the root
mean square of the difference over all pixels, 0 to 1.

scikit-learn is imported when it is used: importing it takes as long as importing torch, and every
program that trains imports this room.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]
COMPONENTS = 40  # principal components in which large sets are searched
_FITTED = 5000  # images of each set that the components are fitted to
_CHUNK = 5000  # images that are floats at a time


class Neighbours(NamedTuple):
    """The k nearest neighbours of each of n images."""

    indices: NDArray[np.int64]  # (n, k), nearest first
    distances: Floats  # (n, k)


def nearest_neighbours(images: Images, count: int) -> Neighbours:
    """The `count` nearest other images of the same set to each image."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(_flat(images))
    distances, indices = search.kneighbors()  # of the fitted images, without themselves
    return Neighbours(indices, distances / 28)


def neighbour_labels(labels: Labels, neighbours: Neighbours) -> NDArray[np.int64]:
    """How many of each image's neighbours have each label: (n, 10)."""
    return (labels[neighbours.indices][:, :, None] == np.arange(10)).sum(axis=1)


class NeighbourErrors(NamedTuple):
    """The errors of a k-nearest-neighbour classifier."""

    rate: float
    label: int  # of the most frequent confusion
    predicted: int  # instead of that label
    times: int  # that it occurs

    def __str__(self) -> str:
        return (
            f"A 10-nearest-neighbour classifier gets {100 * self.rate:.1f} % wrong, most often a "
            f"{self.label} taken for a {self.predicted} ({self.times} times)."
        )


def neighbour_errors(labels: Labels, counts: NDArray[np.int64]) -> NeighbourErrors:
    """The errors of predicting the most frequent of the `neighbour_labels` (n, 10)."""
    predicted = counts.argmax(axis=1)
    confusion = np.bincount(labels * 10 + predicted, minlength=100).reshape(10, 10)
    np.fill_diagonal(confusion, 0)
    label, instead = np.unravel_index(confusion.argmax(), confusion.shape)
    rate = float((predicted != labels).mean())
    return NeighbourErrors(rate, int(label), int(instead), int(confusion.max()))


class Duplicates(NamedTuple):
    """The images of a second set that are equal or close to one of a first set."""

    equal: int  # images of the second set that are in the first, pixel for pixel
    nearest: NDArray[np.int64]  # (n,) index in the first set for each image of the second
    distances: Floats  # (n,)


def duplicates(first: Images, second: Images) -> Duplicates:
    """The nearest image of the first set to each image of the second.

    Approximate: searches in 40 principal components. The distances are exact.
    """
    from sklearn.decomposition import PCA
    from sklearn.neighbors import NearestNeighbors

    known = {image.tobytes() for image in first}
    equal = sum(image.tobytes() in known for image in second)
    sample = np.concatenate([first[:_FITTED], second[:_FITTED]])
    pca = PCA(COMPONENTS, svd_solver="covariance_eigh").fit(_flat(sample))
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(_components(pca, first))
    nearest = search.kneighbors(_components(pca, second), return_distance=False)[:, 0]
    differences = _flat(second) - _flat(first[nearest])
    return Duplicates(equal, nearest, np.sqrt((differences**2).mean(axis=1)))


def nearest_pairs(labels: Labels, found: Duplicates) -> NDArray[np.int64]:
    """The index, for each digit of the second set, of its image nearest to the first set."""
    indices = [np.flatnonzero(labels == digit) for digit in np.unique(labels)]
    return np.array([index[found.distances[index].argmin()] for index in indices])


def principal_components(images: Images) -> Floats:
    """The first 40 principal components (n, 40) of the images."""
    from sklearn.decomposition import PCA

    return PCA(COMPONENTS, svd_solver="covariance_eigh").fit_transform(_flat(images))


def _components(pca: "PCA", images: Images) -> Floats:
    """The principal components (n, 40) of many images."""
    chunks = [images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)]
    return np.concatenate([pca.transform(_flat(chunk)) for chunk in chunks])


def _flat(images: Images) -> Floats:
    """Images as rows (n, 784) of float32 in 0 to 1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
