"""Figures of experiments; data in, figure out."""

from collections.abc import Sequence

import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from digitlib.evaluation.plots import ACCENT, GREY, INK, WIDTH, style_axes
from digitlib.experiments.ablations import Variant
from digitlib.text import percent

HELD_OUT = "accuracy, % of the held-out images"

# Marker and colour of the networks in `cost_curves`; the variants of `plain` are grey rings.
FAMILIES = {
    "fast": ("o", ACCENT),
    "cnn": ("o", ACCENT),
    "tiny": ("^", ACCENT),
    "small": ("^", ACCENT),
    "lenet5": ("D", INK),
    "mlp": ("s", INK),
}
HALO = [withStroke(linewidth=2, foreground="white")]  # keeps labels legible on lines


def accuracy_dots(variants: Sequence[Variant], title: str) -> Figure:
    """Each variant's mean accuracy as a dot, the highest as a diamond, and each seed as a tick."""
    seeds = len(variants[0].trials)
    note = f"ticks: {seeds} seeds; dot: mean; diamond: highest mean" if seeds > 1 else "one seed"
    figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(variants)), layout="constrained")
    axes = style_axes(figure.subplots(), title, xlabel=f"{HELD_OUT} ({note})")
    best = max(variant.accuracy for variant in variants)
    for row, variant in enumerate(variants):
        accuracies = [100 * trial.accuracy for trial in variant.trials]
        axes.plot([min(accuracies), max(accuracies)], [row, row], color=GREY, linewidth=1)
        if seeds > 1:
            axes.plot(accuracies, [row] * seeds, "|", color=INK, markersize=13)
        marked = seeds > 1 and variant.accuracy == best
        marker, size, colour = ("D", 7, ACCENT) if marked else ("o", 5, INK)
        axes.plot(100 * variant.accuracy, row, marker, color=colour, markersize=size)
    axes.set_yticks(range(len(variants)), [variant.name for variant in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    return figure


def cost_curves(variants: Sequence[Variant]) -> Figure:
    """Accuracy against parameters, and against seconds of training, on logarithmic axes.

    Labelled are the Pareto-optimal variants, the architectures of `FAMILIES` and `plain` itself.
    """
    figure = Figure(figsize=(WIDTH, 5), layout="constrained")
    seeds = len(variants[0].trials)
    note = "Rings: variants of plain. Dashed: Pareto-optimal networks."
    note += f" Vertical lines: {seeds} seeds." * (seeds > 1)
    figure.suptitle(note, x=0.01, ha="left", fontsize=9, color=INK)
    left, right = figure.subplots(1, 2, sharey=True)
    style_axes(left, "Accuracy against parameters", "parameters")
    style_axes(right, "Accuracy against time", "training, s")
    left.set_ylabel("accuracy, % (logarithmic in the error rate)", color=INK)
    for axes, cost in ((left, "parameters"), (right, "seconds")):
        _networks(axes, variants, cost)
        _logarithmic(axes)
    left.invert_yaxis()
    figure.draw_without_rendering()  # lays the axes out, so that the labels' places are known
    for axes in (left, right):
        _separate_labels(axes)
    return figure


def _error_rate(accuracy: float) -> float:
    """The error rate in percent, at least 0.01: a logarithmic axis has no zero."""
    return max(100 * (1 - accuracy), 0.01)


def _front(variants: Sequence[Variant], cost: str) -> list[Variant]:
    """The Pareto-optimal variants: each is more accurate than all cheaper ones."""
    front: list[Variant] = []
    for variant in sorted(variants, key=lambda v: (getattr(v, cost), -v.accuracy)):
        if not front or variant.accuracy > front[-1].accuracy:
            front.append(variant)
    return front


def _networks(axes: Axes, variants: Sequence[Variant], cost: str) -> None:
    front = _front(variants, cost)
    points = [(getattr(v, cost), _error_rate(v.accuracy)) for v in front]
    axes.plot(*zip(*points, strict=True), "--", color=GREY, linewidth=0.8)
    for variant in variants:
        x, y = getattr(variant, cost), _error_rate(variant.accuracy)
        architecture = variant.recipe.architecture
        marker, colour = FAMILIES.get(architecture, ("o", GREY))
        fill = colour if architecture in FAMILIES else "white"
        spread = [_error_rate(accuracy) for accuracy in variant.spread]
        axes.plot([x, x], spread, color=colour, linewidth=0.8)
        axes.plot(x, y, marker, markerfacecolor=fill, markeredgecolor=colour, markersize=5)
        if variant in front or architecture in FAMILIES or variant.name == "plain":
            label = axes.text(x, y, variant.name, fontsize=8, color=INK, path_effects=HALO)
            label.set_in_layout(False)  # labels don't change the size of the axes


def _separate_labels(axes: Axes) -> None:
    """Move the labels off each other and off the markers; a line leads to each one's marker."""
    markers = [line for line in axes.lines if line.get_marker() != "None"]
    x, y = (np.concatenate([line.get_data()[i] for line in markers]) for i in (0, 1))
    arrows = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5}
    adjust_text(list(axes.texts), x, y, ax=axes, iter_lim=300, arrowprops=arrows)


def _logarithmic(axes: Axes) -> None:
    """Logarithmic axes with few ticks; error rates are labelled as accuracies."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(_short)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(lambda wrong, _: f"{100 - wrong:.4g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=8)
    axes.margins(x=0.1, y=0.12)


def _short(value: float, _: float) -> str:
    """20, 20k or 20M."""
    for unit, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def overfitting_curves(variants: Sequence[Variant], columns: int) -> Figure:
    """Training and held-out losses by epoch: a row for each number of images, a column a remedy.

    A variant's name is the number of images and the remedy; the dot is the epoch that was kept.
    """
    rows = len(variants) // columns
    figure = Figure(figsize=(WIDTH, 0.6 + 1.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex="row", sharey=True)
    for number, (axes, variant) in enumerate(zip(grid.flat, variants, strict=True)):
        size, remedy = variant.name.split(", ")
        style_axes(axes, remedy if number < columns else "")
        if number % columns == 0:
            axes.set_ylabel(f"{size} of the images", color=INK, fontsize=9)
        _losses(axes, variant)
    _name_losses(grid[0, 0], variants[0])
    where = "epoch (dot: the epoch kept; in the corner: its accuracy on held-out images)"
    figure.supxlabel(where, fontsize=9, color=INK)
    figure.supylabel("loss, nats", fontsize=9, color=INK)
    return figure


def _losses(axes: Axes, variant: Variant) -> None:
    trial = variant.trials[0]
    training, held_out = trial.training_losses, trial.validation_losses
    epochs = range(1, len(training) + 1)
    axes.plot(epochs, training, "--", color=INK, linewidth=1)
    axes.plot(epochs, held_out, color=ACCENT, linewidth=1.4)
    axes.plot(trial.kept, held_out[trial.kept - 1], "o", color=ACCENT, markersize=4)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(which="both", labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    accuracy = percent(trial.accuracy, 1)
    label = axes.text(1, 0.98, accuracy, ha="right", va="top", fontsize=8, color=INK)
    label.set_transform(axes.transAxes)


def _name_losses(axes: Axes, variant: Variant) -> None:
    """Label the line that ends higher above the right halves of both lines, the other below."""
    trial = variant.trials[0]
    lines = [
        (trial.validation_losses, "held out", ACCENT),
        (trial.training_losses, "training", INK),
    ]
    epochs = len(trial.training_losses)
    halves = [loss for losses, _, _ in lines for loss in losses[(epochs - 1) // 2 :]]
    low, high = axes.get_ylim()
    axes.set_ylim(low * (low / high) ** 0.15, high * (high / low) ** 0.25)  # room for the labels
    upper, lower = sorted(lines, key=lambda line: -line[0][-1])
    for (_, name, colour), height, shift, side in (
        (upper, max(halves), 3, "bottom"),
        (lower, min(halves), -3, "top"),
    ):
        axes.annotate(name, (epochs, height), (0, shift), textcoords="offset points", ha="right",
                      va=side, fontsize=8, color=colour)  # fmt: skip
