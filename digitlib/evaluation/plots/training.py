"""Figures of `notebooks/train.ipynb`."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from digitlib.evaluation.plots.style import ACCENT, GREY, WIDTH, sentence, style_axes

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
