"""Figures of what people have submitted; data in, figure out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digitlib.evaluation import Accuracy
from digitlib.plots import ACCENT, GREY, WIDTH, plain


def by_day_and_digit(days: Sequence[str], counts: NDArray[np.integer]) -> Figure:
    """Sketches a day and of each digit; counts (days, 10)."""
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    plain(left, "Sketches a day").bar(range(len(days)), counts.sum(axis=1), color=ACCENT)
    step = max(1, len(days) // 6)
    left.set_xticks(range(0, len(days), step), [day[5:] for day in days[::step]])
    plain(right, "Sketches of each digit").bar(range(10), counts.sum(axis=0), color=ACCENT)
    right.set_xticks(range(10))
    return figure


def accuracies(groups: Mapping[str, Accuracy], title: str) -> Figure:
    """The accuracy of each group with its 95 % interval, in the groups' order."""
    figure = Figure(figsize=(WIDTH, 0.9 + 0.32 * max(1, len(groups))), layout="constrained")
    axes = plain(figure.subplots(), title, xlabel="read as meant, % (line: 95 % interval)")
    for row, accuracy in enumerate(groups.values()):
        axes.plot([100 * accuracy.low, 100 * accuracy.high], [row, row], color=GREY, linewidth=2)
        axes.plot(100 * accuracy.value, row, "o", color=ACCENT)
    axes.set_yticks(range(len(groups)), [f"{name} (n = {a.n:,})" for name, a in groups.items()])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    return figure
