"""Figures of experiments; data in, figure out."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from digitlib.evaluation.plots import ACCENT, GREY, INK, WIDTH, style_axes
from digitlib.experiments.ablations import Variant
from digitlib.text import percent

HELD_OUT = "right, % of 10,000 images held out"

# Marker and colour of the networks in `costs`, told apart in grey as well; the others are rings.
FAMILIES = {
    "fast": ("o", ACCENT),
    "cnn": ("o", ACCENT),
    "frugal-8": ("^", ACCENT),
    "tiny": ("^", ACCENT),
    "frugal-20": ("^", ACCENT),
    "small": ("^", ACCENT),
    "lenet5": ("D", INK),
    "mlp": ("s", INK),
}
HALO = [withStroke(linewidth=2, foreground="white")]  # so that lines don't cross out a label

# Where a label may stand, in points from its point, the nearest and most usual first.
PLACES = [
    (x, y)
    for far in range(6)
    for x, y in ((6, -11 - 9 * far), (6, 4 + 9 * far), (-6, 4 + 9 * far), (-6, -11 - 9 * far))
]


def accuracy_dots(variants: Sequence[Variant], title: str) -> Figure:
    """Each variant's mean accuracy as a dot, the best as a diamond, and each seed's as a tick."""
    seeds = len(variants[0].trials)
    note = f"line: least to greatest of {seeds} seeds, a tick each" if seeds > 1 else "one seed"
    figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(variants)), layout="constrained")
    axes = style_axes(figure.subplots(), title, xlabel=f"{HELD_OUT} ({note}; diamond: best)")
    best = max(variant.accuracy for variant in variants)
    for row, variant in enumerate(variants):
        accuracies = [100 * trial.accuracy for trial in variant.trials]
        axes.plot([min(accuracies), max(accuracies)], [row, row], color=GREY, linewidth=1)
        if seeds > 1:
            axes.plot(accuracies, [row] * seeds, "|", color=INK, markersize=13)
        marker, size, colour = ("D", 7, ACCENT) if variant.accuracy == best else ("o", 5, INK)
        axes.plot(100 * variant.accuracy, row, marker, color=colour, markersize=size)
    axes.set_yticks(range(len(variants)), [variant.name for variant in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    return figure


def cost_curves(variants: Sequence[Variant]) -> Figure:
    """Accuracy against parameters, and against seconds of training, all logarithmic.

    Named are `plain`, those that are not `plain` with something changed, and those that no cheaper
    one equals.
    """
    figure = Figure(figsize=(WIDTH, 5), layout="constrained")
    seeds = len(variants[0].trials)
    note = "Rings: plain, with one thing changed. Dashed: nothing that costs less reads as much."
    note += f" Upright: {seeds} seeds." * (seeds > 1)
    figure.suptitle(note, x=0.01, ha="left", fontsize=9, color=INK)
    left, right = figure.subplots(1, 2, sharey=True)
    style_axes(left, "Accuracy against parameters", "parameters")
    style_axes(right, "Accuracy against time", "training, s")
    left.set_ylabel("right, % (logarithmic in what is wrong)", color=INK)
    for axes, cost in ((left, "parameters"), (right, "seconds")):
        _networks(axes, variants, cost)
        _logarithmic(axes)
    left.invert_yaxis()
    figure.draw_without_rendering()  # only now is it known where the labels come to stand
    _part(left)
    _part(right)
    return figure


def _wrong(accuracy: float) -> float:
    """What is missing to 100 %, in percent; a hundredth where nothing is: the scale has no zero."""
    return max(100 * (1 - accuracy), 0.01)


def _front(variants: Sequence[Variant], cost: str) -> list[Variant]:
    """Those that read more than all that cost less, from the cheapest on."""
    front: list[Variant] = []
    for variant in sorted(variants, key=lambda v: (getattr(v, cost), -v.accuracy)):
        if not front or variant.accuracy > front[-1].accuracy:
            front.append(variant)
    return front


def _networks(axes: Axes, variants: Sequence[Variant], cost: str) -> None:
    front = _front(variants, cost)
    places = [(getattr(v, cost), _wrong(v.accuracy)) for v in front]
    axes.plot(*zip(*places, strict=True), "--", color=GREY, linewidth=0.8)
    for variant in variants:
        x, y = getattr(variant, cost), _wrong(variant.accuracy)
        architecture = variant.recipe.architecture
        marker, colour = FAMILIES.get(architecture, ("o", GREY))
        filling = colour if architecture in FAMILIES else "white"
        axes.plot([x, x], [_wrong(share) for share in variant.spread], color=colour, linewidth=0.8)
        axes.plot(x, y, marker, markerfacecolor=filling, markeredgecolor=colour, markersize=5)
        if variant in front or architecture in FAMILIES or variant.name == "plain":
            label = axes.annotate(
                variant.name, (x, y), PLACES[0], textcoords="offset points",
                fontsize=8, color=INK, path_effects=HALO,
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5},
            )  # fmt: skip
            label.set_in_layout(False)  # labels give way to the axes, not the axes to labels


def _logarithmic(axes: Axes) -> None:
    """Both axes, with few labels; what is wrong is labelled as what isn't."""
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
    """A number as 20, 20k or 20M."""
    for unit, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"


def _part(axes: Axes) -> None:
    """Move labels so that none lies on another, on a marker or outside, where there is room.

    Nor does the line from a label to its marker cross any of these, or another such line: names
    would seem to be swapped.
    """
    markers = [line for line in axes.lines if line.get_marker() != "None"]
    centres = [axes.transData.transform(line.get_xydata())[0] for line in markers]
    taken = [Bbox([centre - 4, centre + 4]) for centre in centres]
    leaders: list[Path] = []
    for label in axes.texts:
        assert isinstance(label, Annotation)
        faults = [_faults(axes, label, place, taken, leaders) for place in PLACES]
        box, leader = _put(axes, label, PLACES[faults.index(min(faults))])
        taken.append(box)
        leaders.append(leader)


def _put(axes: Axes, label: Annotation, place: tuple[int, int]) -> tuple[Bbox, Path]:
    """Move a label to a place; returns its box and the line to its marker, in pixels."""
    label.set_position(place)
    label.set_horizontalalignment("left" if place[0] > 0 else "right")
    box = Text.get_window_extent(label)  # the annotation's own has its line as well
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    return box, Path(np.array([middle, axes.transData.transform(label.xy)]))


def _faults(
    axes: Axes, label: Annotation, place: tuple[int, int], taken: list[Bbox], leaders: list[Path]
) -> tuple[int, int]:
    """How much is wrong with a label at a place: what it lies on, and what its line crosses."""
    box, leader = _put(axes, label, place)
    outside = sum(not axes.bbox.contains(*corner) for corner in (box.min, box.max))
    x, y = axes.transData.transform(label.xy)
    others = [other for other in taken if not other.contains(x, y)]
    crossed = sum(leader.intersects_bbox(other, filled=False) for other in others)
    crossed += sum(other.intersects_bbox(box, filled=False) for other in leaders)
    crossed += sum(leader.intersects_path(other, filled=False) for other in leaders)
    return outside + sum(box.overlaps(other) for other in taken), crossed


def overfitting_curves(variants: Sequence[Variant], columns: int) -> Figure:
    """Training and held-out losses by epoch, a row for each number of images, `columns` remedies.

    A variant's name is the number and the remedy; the dot is the epoch that was kept.
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
    where = "epoch (dot: the one that is kept; in the corner, how much it reads of the held out)"
    figure.supxlabel(where, fontsize=9, color=INK)
    figure.supylabel("loss, nats", fontsize=9, color=INK)
    return figure


def _losses(axes: Axes, variant: Variant) -> None:
    trial = variant.trials[0]
    learnt, held_out = trial.training_losses, trial.validation_losses
    epochs = range(1, len(learnt) + 1)
    axes.plot(epochs, learnt, "--", color=INK, linewidth=1)
    axes.plot(epochs, held_out, color=ACCENT, linewidth=1.4)
    axes.plot(trial.kept, held_out[trial.kept - 1], "o", color=ACCENT, markersize=4)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.tick_params(which="both", labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
    share = percent(trial.accuracy, 1)
    axes.text(1, 0.98, share, transform=axes.transAxes, ha="right", va="top", fontsize=8, color=INK)


def _name_losses(axes: Axes, variant: Variant) -> None:
    """Name the line that ends higher above both lines' right halves, the other below them."""
    trial = variant.trials[0]
    lines = [
        (trial.validation_losses, "held out", ACCENT),
        (trial.training_losses, "training", INK),
    ]
    epochs = len(trial.training_losses)
    halves = [loss for losses, _, _ in lines for loss in losses[(epochs - 1) // 2 :]]
    low, high = axes.get_ylim()
    axes.set_ylim(low * (low / high) ** 0.15, high * (high / low) ** 0.25)  # room for the names
    upper, lower = sorted(lines, key=lambda line: -line[0][-1])
    for (_, name, colour), height, shift, side in (
        (upper, max(halves), 3, "bottom"),
        (lower, min(halves), -3, "top"),
    ):
        axes.annotate(name, (epochs, height), (0, shift), textcoords="offset points", ha="right",
                      va=side, fontsize=8, color=colour)  # fmt: skip
