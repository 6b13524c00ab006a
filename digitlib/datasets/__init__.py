"""Labelled digits as uint8 tensors: MNIST and its like, pen digits, own images, non-digits.

Also splits by writer, and the statistics and nearest neighbours that `explore.ipynb` shows.
"""

from digitlib import settings

settings.require("train")

from digitlib.datasets.digits import (
    NO_DIGIT,
    DataUnavailable,
    Digits,
    captions,
    concatenate,
    describe_data,
    first,
    hold_out_last,
    provenance,
    split,
)
from digitlib.datasets.loading import (
    DatasetName,
    load_dataset,
    load_sketches,
    load_synthetic,
    rasterised,
)
from digitlib.datasets.mnist import find_mnist, load_mnist
from digitlib.datasets.neighbours import (
    duplicates,
    nearest_neighbours,
    nearest_pairs,
    neighbour_errors,
    neighbour_labels,
    principal_components,
)
from digitlib.datasets.nondigits import mix_nondigits, nondigit_drawings, nondigit_images
from digitlib.datasets.other_sets import load_emnist, load_usps
from digitlib.datasets.own_images import (
    OwnImages,
    OwnParts,
    describe_images,
    image_provenance,
    load_images,
    mix_images,
    split_images,
)
from digitlib.datasets.pen_digits import (
    augmented_drawings,
    augmented_examples,
    augmented_images,
    examples,
    mix_sketches,
)
from digitlib.datasets.qmnist import load_qmnist
from digitlib.datasets.splits import (
    Writers,
    describe_sketches,
    sketch_provenance,
    split_as_trained,
    split_by_writer,
    trained_submissions,
    writer_of,
)
from digitlib.datasets.statistics import (
    LEVELS,
    Exploration,
    class_deviations,
    class_means,
    class_shares,
    conclusions,
    distances_to_mean,
    grey_levels,
    ink_widths,
    pixel_statistics,
    summary,
)

__all__ = [
    "LEVELS",
    "NO_DIGIT",
    "DataUnavailable",
    "DatasetName",
    "Digits",
    "Exploration",
    "OwnImages",
    "OwnParts",
    "Writers",
    "augmented_drawings",
    "augmented_examples",
    "augmented_images",
    "captions",
    "class_deviations",
    "class_means",
    "class_shares",
    "concatenate",
    "conclusions",
    "describe_data",
    "describe_images",
    "describe_sketches",
    "distances_to_mean",
    "duplicates",
    "examples",
    "find_mnist",
    "first",
    "grey_levels",
    "hold_out_last",
    "image_provenance",
    "ink_widths",
    "load_dataset",
    "load_emnist",
    "load_images",
    "load_mnist",
    "load_qmnist",
    "load_sketches",
    "load_synthetic",
    "load_usps",
    "mix_images",
    "mix_nondigits",
    "mix_sketches",
    "nearest_neighbours",
    "nearest_pairs",
    "neighbour_errors",
    "neighbour_labels",
    "nondigit_drawings",
    "nondigit_images",
    "pixel_statistics",
    "principal_components",
    "provenance",
    "rasterised",
    "sketch_provenance",
    "split",
    "split_as_trained",
    "split_by_writer",
    "split_images",
    "summary",
    "trained_submissions",
    "writer_of",
]
