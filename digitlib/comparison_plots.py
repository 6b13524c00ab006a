"""Figures of experiments; data in, figure out."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from digitlib.experiments import Variant
from digitlib.plots import ACCENT, GREY, INK, WIDTH, plain

HELD_OUT = "right, % of 10,000 images held out"

# Marker and colour of the networks in `costs`, told apart in grey as well; the others are rings.
FAMILIES = {
    "fast": ("o", ACCENT),
    "cnn": ("o", ACCENT),
    "tiny": ("^", ACCENT),
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


def dots(variants: Sequence[Variant], title: str) -> Figure:
    """Each variant's mean accuracy as a dot, and each seed's as a tick."""
    seeds = len(variants[0].trials)
    note = f"line: least to greatest of {seeds} seeds, a tick each" if seeds > 1 else "one seed"
    figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(variants)), layout="constrained")
    axes = plain(figure.subplots(), title, xlabel=f"{HELD_OUT} ({note})")
    best = max(variants, key=lambda variant: variant.accuracy)
    for row, variant in enumerate(variants):
        accuracies = [100 * trial.accuracy for trial in variant.trials]
        colour = ACCENT if variant is best else INK
        axes.plot([min(accuracies), max(accuracies)], [row, row], color=GREY, linewidth=1)
        if seeds > 1:
            axes.plot(accuracies, [row] * seeds, "|", color=INK, markersize=13)
        axes.plot(100 * variant.accuracy, row, "o", color=colour, markersize=5)
    axes.set_yticks(range(len(variants)), [variant.name for variant in variants])
    axes.set_ylim(len(variants) - 0.5, -0.5)
    return figure


def costs(variants: Sequence[Variant]) -> Figure:
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
    plain(left, "Accuracy against parameters", "parameters")
    plain(right, "Accuracy against time", "training, s")
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
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
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
    """Move labels so that none lies on another, on a marker or outside, where there is room."""
    markers = [line for line in axes.lines if line.get_marker() != "None"]
    centres = [axes.transData.transform(line.get_xydata())[0] for line in markers]
    taken = [Bbox([centre - 4, centre + 4]) for centre in centres]
    for label in axes.texts:
        for x, y in PLACES:
            label.set_position((x, y))
            label.set_horizontalalignment("left" if x > 0 else "right")
            box = Text.get_window_extent(label)  # the annotation's own has its line as well
            inside = all(axes.bbox.contains(*corner) for corner in (box.min, box.max))
            if inside and not any(box.overlaps(other) for other in taken):
                break
        else:  # there is no room at all
            label.set_position(PLACES[0])
            label.set_horizontalalignment("left")
        taken.append(box)


def overfitting(variants: Sequence[Variant], columns: int) -> Figure:
    """Training and held-out losses by epoch, a row for each number of images, `columns` remedies.

    A variant's name is the number and the remedy; the dot is the epoch that was kept.
    """
    rows = len(variants) // columns
    figure = Figure(figsize=(WIDTH, 0.6 + 1.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex="row", sharey=True)
    for number, (axes, variant) in enumerate(zip(grid.flat, variants, strict=True)):
        size, remedy = variant.name.split(", ")
        plain(axes, remedy if number < columns else "")
        if number % columns == 0:
            axes.set_ylabel(f"{size} of the images", color=INK, fontsize=9)
        _losses(axes, variant, named=number == 0)
    where = "epoch (dot: the one that is kept; in the corner, how much it reads of the held out)"
    figure.supxlabel(where, fontsize=9, color=INK)
    figure.supylabel("loss, nats", fontsize=9, color=INK)
    return figure


def _losses(axes: Axes, variant: Variant, *, named: bool) -> None:
    trial = variant.trials[0]
    learnt, held_out = trial.training_losses, trial.validation_losses
    epochs = range(1, len(learnt) + 1)
    axes.plot(epochs, learnt, "--", color=INK, linewidth=1)
    axes.plot(epochs, held_out, color=ACCENT, linewidth=1.4)
    axes.plot(trial.kept, held_out[trial.kept - 1], "o", color=ACCENT, markersize=4)
    axes.set_yscale("log")
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    share = f"{trial.accuracy:.1%}"
    axes.text(1, 0.98, share, transform=axes.transAxes, ha="right", va="top", fontsize=8, color=INK)
    if named:
        middle = len(learnt) // 2
        for name, place, shift, colour in (
            ("held out", (epochs[-1], held_out[-1]), (0, -5), ACCENT),
            ("training", (epochs[middle], learnt[middle]), (-2, -2), INK),
        ):
            axes.annotate(name, place, shift, textcoords="offset points", ha="right", va="top",
                          fontsize=8, color=colour)  # fmt: skip
