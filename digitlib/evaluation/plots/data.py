"""Figures of `notebooks/explore.ipynb`.

Sets of images come as a dictionary by name, at most three, and are drawn in its order.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray

from digitlib.evaluation.plots.style import ACCENT, GREY, INK, WIDTH, label_ends, style_axes

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.floating]
DIGITS = range(10)
COLOURS, STYLES = (INK, ACCENT, GREY), ("-", "--", ":")  # one for each set

# One for each digit on the map: Tol's muted scheme (2021), a tan and black.
DIGIT_COLOURS = (
    "#332288", "#4fb3e8", "#44aa99", "#117733", "#999933",
    "#cc9933", "#cc6677", "#882255", "#aa4499", "#000000",
)  # fmt: skip


def samples(sets: Mapping[str, tuple[Images, Labels]], columns: int, seed: int) -> Figure:
    """`columns` random images of each digit, one panel for each set."""
    generator = np.random.default_rng(seed)
    figure, panels = _panels(len(sets), height=10 * WIDTH / (columns * max(len(sets), 2)) + 0.4)
    for panel, (name, (images, labels)) in zip(panels, sets.items(), strict=True):
        rows = [_some(images[labels == digit], columns, generator) for digit in DIGITS]
        _mosaic(panel, rows, name)
    return figure


def class_shares(shares: Mapping[str, Floats]) -> Figure:
    """The share (10,) of each digit in each set, beside the 10 % of balanced classes."""
    figure, panels = _panels(len(shares), height=2.3, share_y=True)
    for panel, (name, share) in zip(panels, shares.items(), strict=True):
        style_axes(panel, name, xlabel="digit")
        panel.bar(DIGITS, 100 * share, width=0.7, color=GREY)
        panel.axhline(10, color=INK, linewidth=1)
        panel.set_xticks(DIGITS)
        panel.tick_params(length=0)
    panels[0].set_ylabel("share of images (%)")
    panels[-1].annotate("10 %", (9.95, 10), va="center", annotation_clip=False, fontsize=9)
    return figure


def class_means(means: Mapping[str, Floats], deviations: Mapping[str, Floats]) -> Figure:
    """The mean image and the standard deviation of each digit (10, 28, 28), set by set."""
    rows = [row for name in means for row in ((name, "mean", means), (name, "std", deviations))]
    figure, panels = _panels(1, height=0.75 * len(rows) + 0.2)
    _mosaic(panels[0], [255 * of[name] / max(of[name].max(), 1e-9) for name, _, of in rows])
    panels[0].set_yticks(_middles(len(rows)), [f"{name}, {what}" for name, what, _ in rows])
    panels[0].set_xticks(_middles(10), [str(digit) for digit in DIGITS])
    panels[0].xaxis.tick_top()
    return figure


def ink(widths: Mapping[str, Floats], levels: Mapping[str, Floats], edges: Sequence[int]) -> Figure:
    """The distributions of the ink's width (n,) in px and of its pixels' grey levels (7,)."""
    figure, (left, right) = _panels(2, height=3.0)
    style_axes(left, "Ink width", xlabel="ink width, px", ylabel="density (per px)")
    style_axes(
        right, "Grey level of inked pixels", xlabel="grey level, 0 to 255", ylabel="share (%)"
    )
    bins, ends = np.arange(0.9, 5.6, 0.1), []
    for name, colour, style in zip(widths, COLOURS, STYLES, strict=False):
        density, _ = np.histogram(widths[name], bins, density=True)
        left.stairs(density, bins, color=colour, linewidth=1.5, linestyle=style)
        # The name goes where the curve has fallen to half of its peak.
        half = np.flatnonzero(density >= density.max() / 2)[-1] if density.any() else 0
        _name(left, name, (bins[half + 1], density[half]), colour, (5, 2))
        right.plot(100 * levels[name], color=colour, marker="o", markersize=4, linestyle=style)
        ends.append((100 * levels[name][-1], name, colour))
    classes = [f"{low}-{high - 1}" for low, high in pairwise(edges)]
    right.set_xticks(range(len(classes)), classes, rotation=30, ha="right")
    right.set_ylim(0, None)
    label_ends(right, ends)
    return figure


def spread(distances: Mapping[str, Floats], labels: Mapping[str, Labels]) -> Figure:
    """Distances (n,) of images from their digit's mean: median, middle 50 % and 90 %."""
    figure, (panel,) = _panels(1, height=3.0)
    style_axes(panel, "Distance from the digit's mean image", "digit", "root mean square, 0 to 1")
    for at, (name, values) in enumerate(distances.items()):
        x = np.arange(10) + 0.26 * (at - (len(distances) - 1) / 2)
        parts = [values[labels[name] == digit] for digit in DIGITS]
        steps = [np.percentile(d, [5, 25, 50, 75, 95]) if len(d) else [np.nan] * 5 for d in parts]
        lowest, low, middle, high, highest = np.array(steps).T
        panel.vlines(x, lowest, highest, color=COLOURS[at], linewidth=1)
        panel.vlines(x, low, high, color=COLOURS[at], linewidth=5)
        panel.plot(x, middle, "o", color="white", markeredgecolor=COLOURS[at], markersize=5)
        _name(panel, name, (9.4, middle[-1]), COLOURS[at], (0, 8 - 16 * at))
    panel.set_xticks(DIGITS)
    panel.tick_params(length=0)
    return figure


def typical_to_odd(images: Images, labels: Labels, distances: Floats, columns: int = 14) -> Figure:
    """Images of each digit, evenly spaced from the nearest to its mean to the farthest."""
    figure, (panel,) = _panels(1, height=10 * WIDTH / columns + 0.2)
    rows = []
    for digit in DIGITS:
        ordered = np.flatnonzero(labels == digit)[np.argsort(distances[labels == digit])]
        steps = np.linspace(0, len(ordered) - 1, columns).astype(int)[: len(ordered)]
        rows.append(_some(images[ordered[steps]], columns))
    _mosaic(panel, rows)
    ranks = np.linspace(0, 100, columns)
    panel.set_xticks(_middles(columns), [f"{rank:.0f} %" for rank in ranks])
    panel.xaxis.tick_top()
    return figure


def image_map(points: Mapping[str, Floats], labels: Mapping[str, Labels]) -> Figure:
    """A 2-D projection (n, 2) of each set's images, a panel each; all sets in light grey."""
    figure, panels = _panels(len(points), height=WIDTH / max(len(points), 2) + 0.6)
    everything = np.concatenate(list(points.values()))
    for panel, (name, places) in zip(panels, points.items(), strict=True):
        panel.scatter(everything[:, 0], everything[:, 1], s=3, color="0.9", linewidths=0)
        panel.set(xticks=[], yticks=[], aspect="equal")
        panel.set_title(name, loc="left", fontsize=10, color=INK)
        panel.spines[:].set_visible(False)
        numerals = []
        for digit in DIGITS:
            points_of, colour = places[labels[name] == digit], DIGIT_COLOURS[digit]
            panel.scatter(points_of[:, 0], points_of[:, 1], s=3, color=colour, linewidths=0)
            if len(points_of):
                numerals.append(_numeral(panel, digit, np.median(points_of, axis=0), colour))
        adjust_text(numerals, ax=panel, iter_lim=100)
    return figure


def _numeral(panel: Axes, digit: int, place: Floats, colour: str) -> Text:
    """A large numeral with a white outline, legible on top of points."""
    text = panel.text(
        place[0], place[1], str(digit), fontsize=17, weight="bold", ha="center", va="center"
    )
    text.set(color=colour, path_effects=[withStroke(linewidth=3, foreground="white")])
    return text


def _name(axes: Axes, name: str, at: tuple[float, float], colour: str, by: tuple[int, int]) -> None:
    """A label beside a curve; the offset `by` is in points."""
    axes.annotate(name, at, by, textcoords="offset points", color=colour, annotation_clip=False)


def _panels(count: int, height: float, share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """An empty figure of `count` panels in a row, `height` inches high."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=share_y)[0])


def _some(images: Images, count: int, generator: np.random.Generator | None = None) -> Images:
    """`count` of the images, random or the first, padded with blank ones."""
    chosen = images if generator is None else images[generator.permutation(len(images))]
    blank = np.zeros((max(count - len(images), 0), 28, 28), images.dtype)
    return np.concatenate([chosen[:count], blank])


def _mosaic(panel: Axes, rows: Sequence[Floats | Images], title: str = "") -> None:
    """Show rows of images (n, 28, 28), 0 to 255, dark on white, labelled by row number."""
    mosaic = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
    panel.imshow(mosaic, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    panel.set_title(title, loc="left", fontsize=10, color=INK)
    panel.set_xticks([])
    panel.set_yticks(_middles(len(rows)), [str(row) for row in range(len(rows))])
    panel.tick_params(length=0, colors=INK, labelsize=9)
    panel.spines[:].set_visible(False)


def _middles(count: int) -> Floats:
    """The centres (count,) of images side by side in a mosaic, in px."""
    return np.arange(count) * 28 + 13.5
