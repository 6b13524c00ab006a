"""Figures of the data can be drawn with few or unbalanced digits."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from digitlib.datasets import neighbours, statistics
from digitlib.evaluation.plots import data
from digitlib.strokes.synthesis import draw_images


@pytest.fixture(scope="module")
def sets():
    images, labels = draw_images(60, seed=0)
    few = labels < 3  # a set that lacks most of the digits
    return {"all": (images, labels), "few": (images[few], labels[few])}


def drawn(figure: Figure) -> bool:
    """Whether the figure can be rendered, and has something in each panel."""
    figure.canvas.draw()
    return all(panel.has_data() for panel in figure.axes)


def test_pictures_of_unbalanced_sets(sets):
    images, labels = sets["few"]
    assert drawn(data.samples(sets, columns=8, seed=0))
    apart = statistics.distances_to_mean(images, labels)
    assert drawn(data.typical_to_odd(images, labels, apart))
    means = {name: statistics.class_means(*part) for name, part in sets.items()}
    assert drawn(data.class_means(means, means))


def test_graphs_of_unbalanced_sets(sets):
    labels = {name: part[1] for name, part in sets.items()}
    shares = {name: statistics.class_shares(of) for name, of in labels.items()}
    widths = {name: statistics.ink_widths(part[0]) for name, part in sets.items()}
    levels = {name: statistics.grey_levels(part[0]) for name, part in sets.items()}
    apart = {name: statistics.distances_to_mean(*part) for name, part in sets.items()}
    assert drawn(data.class_shares(shares))
    figure = data.ink(widths, levels, statistics.LEVELS)
    assert drawn(figure)
    for panel in figure.axes:
        assert {text.get_text() for text in panel.texts} == {"all", "few"}
    assert figure.axes[0].get_ylabel() == "density (per px)"
    assert drawn(data.spread(apart, labels))


def test_numerals_on_a_map_do_not_overlap(sets):
    images, labels = sets["all"]
    points = neighbours.principal_components(images)[:, :2]
    figure = data.image_map({"all": points}, {"all": labels})
    assert drawn(figure)
    places = np.array([text.get_position() for text in figure.axes[0].texts])
    gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert len(places) == len(np.unique(labels))
    assert gaps[np.triu_indices(len(places), 1)].min() > 0
