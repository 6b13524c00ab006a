"""Figures of experiments; data in, figure out."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from digitlib.experiments import Variant
from digitlib.plots import ACCENT, GREY, INK, WIDTH, plain


def dots(variants: Sequence[Variant], title: str) -> Figure:
    """Each variant's mean accuracy, and each seed's as a small dot."""
    figure = Figure(figsize=(WIDTH, 0.9 + 0.32 * len(variants)), layout="constrained")
    axes = plain(figure.subplots(), title, xlabel="right, % of 10,000 images held out")
    best = max(variants, key=lambda variant: variant.accuracy)
    for row, variant in enumerate(variants):
        seeds = [100 * trial.accuracy for trial in variant.trials]
        axes.plot([min(seeds), max(seeds)], [row, row], color=GREY, linewidth=1)
        axes.plot(seeds, [row] * len(seeds), "|", color=GREY)
        colour = ACCENT if variant is best else INK
        axes.plot(100 * variant.accuracy, row, "o", color=colour)
    axes.set_yticks(range(len(variants)), [variant.name for variant in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    return figure


def costs(variants: Sequence[Variant]) -> Figure:
    """Accuracy against parameters, and against seconds of training, both logarithmic."""
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, name in ((left, "parameters"), (right, "seconds")):
        plain(axes, f"Accuracy against {name}", xlabel=name)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.10g}")
        axes.xaxis.set_minor_formatter("")
        for variant in variants:
            place = getattr(variant, name), 100 * variant.accuracy
            axes.plot(*place, "o", color=ACCENT, markersize=4)
            axes.annotate(
                variant.name.removeprefix("plain-"),
                place,
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=7,
                color=INK,
            )
    left.set_ylabel("right, %", color=INK)
    return figure


def overfitting(panels: Sequence[tuple[str, Variant]], columns: int) -> Figure:
    """Training and validation losses by epoch, a panel for each data size and remedy."""
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(WIDTH, 1.9 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, (title, variant) in zip(grid.flat, panels, strict=True):
        trial = variant.trials[0]
        epochs = range(1, len(trial.training_losses) + 1)
        plain(axes, title).title.set_fontsize(8)
        axes.plot(epochs, trial.training_losses, "--", color=INK, linewidth=1)
        axes.plot(epochs, trial.validation_losses, color=ACCENT, linewidth=1.4)
        axes.set_yscale("log")
        axes.tick_params(labelsize=7)
    figure.supxlabel("epoch", fontsize=9, color=INK)
    figure.supylabel("loss (– – training, —— held out), nats", fontsize=9, color=INK)
    return figure
