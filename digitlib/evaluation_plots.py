"""Figures of an evaluation; data in, figure out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from digitlib.plots import ACCENT, GREY, INK, WIDTH, plain
from digitlib.robustness import Curve
from digitlib.sureness import Refusal, Reliability

STYLES = (("o-", ACCENT), ("s--", INK), ("^:", GREY), ("D-.", GREY))  # marker, line and colour
Floats = NDArray[np.floating]


def per_digit(recall: Floats, precision: Floats, title: str) -> Figure:
    """Recall and precision (10,) of each digit, 0 to 1."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = plain(figure.subplots(), title, xlabel="digit", ylabel="%")
    axes.plot(range(10), 100 * precision, "s", color=GREY, fillstyle="none")
    axes.plot(range(10), 100 * recall, "o", color=ACCENT)
    axes.set_xticks(range(10))
    lowest = np.nanmin(100 * np.concatenate([recall, precision]))
    axes.set_ylim(lowest - 0.12 * (100 - lowest) - 0.02, 100 + 0.35 * (100 - lowest) + 0.02)
    axes.set_yticks([tick for tick in axes.get_yticks() if lowest - 1 <= tick <= 100])
    for y, text, colour in (
        (0.97, "● recall: of this digit's images, how many are read", ACCENT),
        (0.89, "□ precision: of what is read as this digit, how much is it", GREY),
    ):
        axes.text(0.01, y, text, transform=axes.transAxes, color=colour, fontsize=9, va="top")
    return figure


def calibration(curves: Mapping[str, Reliability]) -> Figure:
    """How often models are wrong against how much they doubt; the area of a dot is how often."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = plain(
        figure.subplots(), "Mistakes against doubt", xlabel="doubt (100 % less confidence), %"
    )
    axes.set_ylabel("mistakes, %")
    least = 0.05  # %, where the axes begin: no mistake at all is drawn there
    axes.plot([0.02, 100], [0.02, 100], color=GREY, linewidth=0.8)
    axes.annotate(
        "as often wrong as it says", (4, 1.7), color=GREY, fontsize=9, rotation=38,
        rotation_mode="anchor",
    )  # fmt: skip
    for row, ((name, curve), (style, colour)) in enumerate(
        zip(curves.items(), STYLES, strict=False)
    ):
        doubt, mistakes = 100 * curve.doubt, np.maximum(100 * curve.mistakes, least)
        axes.plot(doubt, mistakes, style[1:], color=colour)
        axes.scatter(doubt, mistakes, s=8 + curve.size**0.5, color=colour, marker=style[0])
        axes.text(
            0.02, 0.98 - 0.06 * row, f"{style[1:]} {name}", transform=axes.transAxes,
            color=colour, fontsize=9, va="top",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    return figure


def refusals(curves: Mapping[str, Refusal]) -> Figure:
    """Accuracy on the rest against the share of the most doubtful that is refused."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = plain(
        figure.subplots(), "Right, of those not refused, %", xlabel="refused, %", ylabel="%"
    )
    for row, ((name, curve), (style, colour)) in enumerate(
        zip(curves.items(), STYLES, strict=False)
    ):
        axes.plot(100 * curve.refused, 100 * curve.accuracy, style[1:], color=colour)
        axes.text(
            0.98, 0.06 + 0.08 * row, f"{style[1:]} {name}", transform=axes.transAxes,
            color=colour, fontsize=9, ha="right",
        )  # fmt: skip
    axes.set_xlim(left=0)
    return figure


def robustness(curves: Sequence[Curve], baseline: Sequence[Curve] = ()) -> Figure:
    """Accuracy under each disturbance, a panel each; a baseline's in grey."""
    rows = -(-len(curves) // 4)
    figure = Figure(figsize=(WIDTH, 2.2 * rows), layout="constrained")
    panels = figure.subplots(rows, 4, squeeze=False, sharey=True).flat
    for axes, curve in zip(panels, curves, strict=False):
        kind = curve.disturbance
        plain(axes, kind.name, xlabel=kind.unit)
        for other in baseline:
            if other.disturbance.name == kind.name:
                shares = [100 * found.value for found in other.accuracy]
                axes.plot(kind.levels, shares, "s--", color=GREY, markersize=3)
        shares = [100 * found.value for found in curve.accuracy]
        axes.plot(kind.levels, shares, "o-", color=ACCENT, markersize=3)
        axes.xaxis.label.set_fontsize(8)
        axes.set_ylim(0, 104)
    for axes in list(panels):
        axes.set_visible(False)
    figure.supylabel("right, %", fontsize=9, color=INK)
    return figure
