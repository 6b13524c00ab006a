"""Figures of `notebooks/submissions.ipynb`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.plots.style import ACCENT, GREY, INK, WIDTH, percent_axis, style_axes
from digitlib.text import percent


def by_day_and_digit(days: Sequence[str], counts: NDArray[np.integer]) -> Figure:
    """The number of sketches by day and by digit; counts (days, 10)."""
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    style_axes(left, "Sketches by day", xlabel="day", ylabel="sketches")
    left.bar(range(len(days)), counts.sum(axis=1), color=ACCENT)
    left.set_xlim(-0.6, max(len(days), 7) - 0.4)  # or one day would be a bar as wide as the panel
    step = max(1, len(days) // 6)
    left.set_xticks(range(0, len(days), step), [day[5:] for day in days[::step]])
    style_axes(right, "Sketches by digit", xlabel="digit", ylabel="sketches")
    right.bar(range(10), counts.sum(axis=0), color=ACCENT)
    right.set_xticks(range(10))
    for axes in (left, right):
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    return figure


def over_time(models: Mapping[str, Mapping[str, Accuracy]]) -> Figure:
    """Each model's accuracy by day, with 95 % intervals; the latest model in colour."""
    days = sorted({day for by_day in models.values() for day in by_day})
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = style_axes(figure.subplots(), "Accuracy by day and model, %", ylabel="%")
    for number, (model, by_day) in enumerate(models.items()):
        colour = ACCENT if number == len(models) - 1 else GREY
        places = [days.index(day) for day in by_day]
        shares = [100 * accuracy.value for accuracy in by_day.values()]
        for place, accuracy in zip(places, by_day.values(), strict=True):
            if accuracy.has_interval:
                ends = [100 * accuracy.low, 100 * accuracy.high]
                axes.plot([place, place], ends, color=colour, alpha=0.5)
        axes.plot(places, shares, marker="os^Dv"[number % 5], color=colour)
        axes.annotate(
            model,
            (places[-1], shares[-1]),
            xytext=(6, -12 if number % 2 else 6),
            textcoords="offset points",
            color=colour,
            fontsize=9,
        )
    step = max(1, len(days) // 8)
    axes.set_xticks(range(0, len(days), step), [day[5:] for day in days[::step]])
    axes.set_xlim(-0.5, max(len(days), 1) + 0.5)
    axes.margins(y=0.15)  # room for a name above a dot at 100 %
    percent_axis(axes)
    _say_if_empty(axes, days)
    return figure


def drift(shares: Mapping[str, Accuracy], expected: float) -> Figure:
    """The share of outliers by day, and the share expected without drift."""
    figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
    axes = style_axes(
        figure.subplots(), "Outliers: sketches unlike the training data, %", ylabel="%"
    )
    for place, share in enumerate(shares.values()):
        if share.has_interval:
            axes.plot([place, place], [100 * share.low, 100 * share.high], color=GREY, linewidth=2)
        axes.plot(place, 100 * share.value, "o", color=ACCENT, clip_on=False, zorder=3)
    axes.axhline(100 * expected, color=INK, linestyle="--", linewidth=1)
    # In the title, as a label at the line would cover a day's share.
    axes.set_title(
        f"dashed line: {percent(expected, 0)}, expected without drift", loc="right", fontsize=9
    )
    days = list(shares)
    step = max(1, len(days) // 8)
    axes.set_xticks(range(0, len(days), step), [day[5:] for day in days[::step]])
    axes.set_xlim(-0.5, max(len(days), 1) - 0.5)
    axes.set_ylim(bottom=0)
    _say_if_empty(axes, days)
    return figure


def _say_if_empty(axes: Axes, days: Sequence[str]) -> None:
    """A figure without days says so."""
    if not days:
        axes.set_yticks([])
        axes.annotate("no submissions yet", (0.5, 0.6), xycoords="axes fraction", ha="center")
