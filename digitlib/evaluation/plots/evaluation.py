"""Figures of `notebooks/evaluate.ipynb`."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from digitlib.evaluation.calibration import MINIMUM_ERRORS, RejectionCurve, Reliability
from digitlib.evaluation.plots.style import (
    ACCENT,
    GREY,
    INK,
    WIDTH,
    label_ends,
    percent_axis,
    style_axes,
)
from digitlib.evaluation.robustness import Curve, Example

# Line and colour of each evaluation set in `rejection`.
STYLES = (("-", ACCENT), ("--", INK), (":", GREY), ("-.", ACCENT), ("-", GREY))
Floats = NDArray[np.floating]


def per_digit(recall: Floats, precision: Floats, title: str) -> Figure:
    """Recall and precision (10,) of each digit, 0 to 1."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = style_axes(figure.subplots(), title, xlabel="digit", ylabel="recall and precision, %")
    axes.plot(range(10), 100 * precision, "s", color=GREY, fillstyle="none")
    axes.plot(range(10), 100 * recall, "o", color=ACCENT)
    axes.set_xticks(range(10))
    lowest = np.nanmin(100 * np.concatenate([recall, precision]))
    axes.set_ylim(lowest - 0.12 * (100 - lowest) - 0.02, 100 + 0.35 * (100 - lowest) + 0.02)
    percent_axis(axes)
    for y, text, colour in (
        (0.97, "● recall: share of this digit's images that are predicted as it", ACCENT),
        (0.89, "□ precision: share of its predictions that are correct", GREY),
    ):
        axes.text(0.01, y, text, transform=axes.transAxes, color=colour, fontsize=9, va="top")
    return figure


def reliability_diagram(confidence: Floats, accuracy: Floats, share: Floats, title: str) -> Figure:
    """Accuracy against confidence, and the share of digits (log), in bins (b,) of confidence."""
    figure = Figure(figsize=(WIDTH / 2, WIDTH / 2), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    style_axes(upper, title, ylabel="accuracy, %").plot([0, 100], [0, 100], color=GREY)
    upper.plot(100 * confidence, 100 * accuracy, "o-", color=ACCENT)
    style_axes(lower, "", xlabel="confidence, %", ylabel="digits, %")
    lower.bar(100 * confidence, 100 * share, width=6, color=GREY)
    lower.set_yscale("log")  # or all bars but the last would be too low to be seen
    lower.yaxis.set_major_formatter("{x:g}")
    upper.set(xlim=(0, 102), ylim=(0, 102))
    return figure


def calibration(curves: Mapping[str, Reliability]) -> Figure:
    """Error rate against 1 − confidence, a panel for each evaluation set.

    With 95 % intervals; where there is no error, the interval's upper end is marked.
    """
    columns = 2 if len(curves) == 4 else min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(WIDTH / 3 * columns, 0.3 + WIDTH / 3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat
    least = _least(list(curves.values()))
    for number, ((name, curve), axes) in enumerate(zip(curves.items(), panels, strict=False)):
        style_axes(axes, name).loglog([least, 100], [least, 100], color=GREY, linewidth=0.8)
        _reliability(axes, curve)
        axes.set_xlim(least, 100)
        axes.set_ylim(least, 100)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_aspect("equal")
        # matplotlib labels only the last row, and some columns end above it.
        axes.tick_params(labelbottom=number + columns >= len(curves))
    for axes in list(panels):
        axes.set_visible(False)
    figure.supxlabel("1 − confidence, %", fontsize=9, color=INK)
    figure.supylabel("error rate, % (line: 95 % interval)", fontsize=9, color=INK)
    return figure


def _least(curves: Sequence[Reliability]) -> float:
    """The power of ten, in per cent, below all rates."""
    shares = np.concatenate([np.r_[c.expected, c.error_rate, c.high] for c in curves])
    return float(10 ** np.floor(np.log10(100 * np.r_[shares[shares > 0], 0.01].min())))


def _reliability(axes: Axes, curve: Reliability) -> None:
    if not len(curve.expected):
        axes.text(0.05, 0.95, f"fewer than {MINIMUM_ERRORS} errors:\ntoo few to measure",
                  transform=axes.transAxes, color=GREY, fontsize=9, va="top")  # fmt: skip
        return
    axes.text(
        0.05, 0.95, "overconfident", transform=axes.transAxes, color=GREY, fontsize=9, va="top"
    )
    axes.text(0.95, 0.05, "underconfident", transform=axes.transAxes, color=GREY, fontsize=9,
              ha="right")  # fmt: skip
    expected, low, high = 100 * curve.expected, 100 * curve.low, 100 * curve.high
    some = curve.error_rate > 0
    axes.vlines(expected, np.maximum(low, 1e-9), high, color=ACCENT, linewidth=1.5)
    axes.plot(expected[some], 100 * curve.error_rate[some], "o", color=ACCENT, markersize=5,
              clip_on=False)  # fmt: skip
    axes.plot(expected[~some], high[~some], "v", color=ACCENT, fillstyle="none", markersize=6)


def rejection(curves: Mapping[str, RejectionCurve]) -> Figure:
    """Accuracy on the rest against the share of the least confident digits that is rejected."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = style_axes(
        figure.subplots(),
        "Accuracy on what is not rejected",
        xlabel="rejected, %",
        ylabel="accuracy, %",
    )
    ends = []
    for (name, curve), (style, colour) in zip(curves.items(), cycle(STYLES), strict=False):
        axes.plot(100 * curve.rejected, 100 * curve.accuracy, style, color=colour)
        ends.append((100 * curve.accuracy[-1], name, colour))
    axes.margins(x=0)
    label_ends(axes, ends)
    return figure


def robustness(
    curves: Sequence[Curve], baseline: Sequence[Curve] = (), names: tuple[str, str] = ("", "")
) -> Figure:
    """Accuracy under each disturbance, a panel each; a baseline's in grey."""
    columns = 3 if len(curves) % 4 else 4
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(WIDTH, 2.2 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
    others = {other.disturbance.name: other for other in baseline}
    for curve, axes in zip(curves, panels, strict=False):
        kind = curve.disturbance
        style_axes(axes, kind.name, xlabel=kind.unit).xaxis.label.set_fontsize(8)
        lines = [(curve, "o-", ACCENT, names[0])]
        if kind.name in others:
            lines.append((others[kind.name], "s--", GREY, names[1]))
        for one, style, colour, name in lines[::-1]:
            shares = [100 * found.value for found in one.accuracy]
            axes.plot(kind.levels, shares, style, color=colour, markersize=3, label=name)
        axes.set_ylim(0, 104)
    if baseline:
        # Above the first panel: within it, lines would cross the names.
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, frameon=False,
                      fontsize=9, labelcolor="linecolor")  # fmt: skip
    for axes in list(panels):
        axes.set_visible(False)
    figure.supylabel("accuracy, %", fontsize=9, color=INK)
    return figure


def disturbed_digits(examples: Sequence[Example]) -> Figure:
    """A digit at each level of each disturbance; what is misread has its prediction below."""
    columns = max(len(example.images) for example in examples)
    size = (WIDTH, 0.95 * len(examples))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(examples), columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for row, example in zip(grid, examples, strict=True):
        kind = example.disturbance
        row[0].text(-0.15, 0.5, f"{kind.name}\n{kind.unit.split(',')[0]}", ha="right", va="center",
                    transform=row[0].transAxes, fontsize=8, color=INK)  # fmt: skip
        for axes, image, level, read in zip(
            row, example.images, kind.levels, example.predicted.tolist(), strict=False
        ):
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
            axes.add_patch(Rectangle((-0.5, -0.5), 28, 28, fill=False, color=GREY, lw=0.3))
            right = read == example.label
            axes.text(0.5, -0.02, f"{level:g}" if right else f"{level:g}: read {read}",
                      transform=axes.transAxes, ha="center", va="top", fontsize=8,
                      color=INK if right else ACCENT)  # fmt: skip
    return figure
