"""Figures of `notebooks/train.ipynb` and `notebooks/train_people.ipynb`."""

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from digitlib.evaluation.plots.style import ACCENT, GREY, NOTHING, WIDTH, sentence, style_axes
from digitlib.strokes import Strokes

UNSEEN = "Networks that train in parallel report whole epochs only: no curve by batch."


def loss_by_batch(batches: Sequence[int], losses: Sequence[float], title: str) -> Figure:
    """The training loss (nats) of single batches, by their number, and its running mean."""
    if not len(losses):
        return sentence(UNSEEN)
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = style_axes(figure.subplots(), title, xlabel="batch", ylabel="loss of the batch (nats)")
    axes.plot(batches, losses, ".", color=GREY, markersize=3)
    window = max(1, min(15, len(losses) // 5))
    mean = np.convolve(losses, np.full(window, 1 / window), "valid")
    axes.plot(batches[window // 2 :][: len(mean)], mean, color=ACCENT)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    return figure


def pen_paths(drawings: Sequence[Strokes]) -> Figure:
    """The pen's paths side by side, from light to dark as it went, a ring where it touched down."""
    if not len(drawings):
        return sentence(NOTHING)
    figure = Figure(figsize=(WIDTH, 1.3 * WIDTH / len(drawings)), layout="constrained")
    for axes, strokes in zip(
        np.atleast_1d(figure.subplots(1, len(drawings))), drawings, strict=True
    ):
        lines = [np.stack([stroke[:-1], stroke[1:]], axis=1) for stroke in strokes]
        way = np.linspace(0, 1, max(2, sum(map(len, lines))))
        path = LineCollection(list(np.concatenate(lines)), cmap="Greys", linewidths=2)
        path.set_array(way[: len(path.get_segments())])
        path.set_clim(-0.4, 1)  # the lightest ink is still seen
        axes.add_collection(path)
        axes.plot(*np.array([stroke[0] for stroke in strokes]).T, "o", mfc="none", color=ACCENT)
        axes.set_aspect("equal")
        axes.invert_yaxis()
        axes.axis("off")
    return figure
