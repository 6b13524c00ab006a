"""The style of all figures, legible in grey, and figures that several notebooks share."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from digitlib import settings
from digitlib.evaluation.metrics import Accuracy
from digitlib.text import percent

# Luminances of 34, 112 and 78 of 255: distinct in grey print and to the colour-blind, and dark
# enough for text on white (WCAG AA).
INK, GREY, ACCENT = "#222222", "#707070", "#9a3605"
WIDTH = 8.0  # inches
NOTHING = "No images."
_ROW = 1.05  # inches of a row of `digit_grid`


def save_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure into a folder as PNG (150 dpi) and SVG, each atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for suffix in ("png", "svg")]
    for path in paths:
        buffer = BytesIO()
        figure.savefig(buffer, format=path.suffix[1:], dpi=150, bbox_inches="tight")
        settings.write_atomically(path, buffer.getvalue())
    return paths


def style_axes(axes: Axes, title: str, xlabel: str = "", ylabel: str = "") -> Axes:
    """The common look: a title at the left, no box, faint horizontal grid lines."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=INK, labelsize=9)
    return axes


def percent_axis(axes: Axes) -> None:
    """Remove ticks above 100 % from an axis that leaves room for labels there."""
    low, high = axes.get_ylim()
    # Rounded, because a tick at 100 may be 100.00000000000001.
    axes.set_yticks([tick for tick in axes.get_yticks().round(9) if low <= tick <= min(high, 100)])


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names at the lines' right ends (height, name, colour), moved apart where they overlap."""
    low, high = axes.get_ylim()
    step, place = 0.08 * (high - low), np.inf  # a line of text
    for height, name, colour in sorted(ends, key=lambda end: -end[0]):
        place = min(height, place - step)
        axes.annotate(name, (1.01, place), xycoords=("axes fraction", "data"), color=colour,
                      fontsize=9, va="center", annotation_clip=False)  # fmt: skip


def sentence(words: str) -> Figure:
    """Words where there is nothing to draw."""
    figure = Figure(figsize=(WIDTH, 0.4))
    axes = figure.subplots()  # Jupyter shows nothing for a figure without axes
    axes.axis("off")
    axes.text(0, 0.5, words, va="center", fontsize=10, color=INK)
    return figure


def learning_curves(
    training_loss: Sequence[float],
    validation_loss: Sequence[float],
    validation_accuracy: Sequence[float],
    learning_rate: Sequence[float],
    kept: int,
    title: str,
) -> Figure:
    """Losses (nats), validation accuracy (0 to 1) and learning rate, one value an epoch.

    The epoch whose weights were kept (1 is the first) is marked in each panel. One epoch makes no
    curve: its figures are a line of text.
    """
    if len(training_loss) == 1:
        return sentence(
            f"{title}: after the only epoch, training loss {training_loss[0]:.4f}, validation loss "
            f"{validation_loss[0]:.4f}, validation accuracy {percent(validation_accuracy[0])}"
        )
    figure = Figure(figsize=(WIDTH, 7.5), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    losses, accuracies, rates = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 1])
    epochs = np.arange(1, len(training_loss) + 1)
    _losses(losses, epochs, training_loss, validation_loss)
    style_axes(accuracies, "Validation accuracy (%)")
    shares = [100 * accuracy for accuracy in validation_accuracy]
    _line(accuracies, epochs, shares, ACCENT, percent(validation_accuracy[-1]), "-")
    accuracies.set_ylim(top=min(accuracies.get_ylim()[1], 100))
    accuracies.ticklabel_format(axis="y", useOffset=False)
    style_axes(rates, "Learning rate at the end of the epoch", xlabel="epoch")
    _line(rates, epochs, learning_rate, GREY, "", "-")
    rates.set_ylim(bottom=0)
    rates.yaxis.set_major_formatter("{x:g}")  # no power of ten below the title
    rates.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _mark_best(losses, accuracies, rates, epoch=kept)
    return figure


def _losses(
    axes: Axes,
    epochs: NDArray[np.int64],
    training_loss: Sequence[float],
    validation_loss: Sequence[float],
) -> None:
    style_axes(axes, "Loss without augmentation, above its minimum (nats, log scale)")
    axes.set_yscale("log")
    losses = [*training_loss, *validation_loss]
    if max(losses) > 3 * min(losses):
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter("{x:g}")
    else:  # too few powers and halves of ten to read off
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    sides = ["bottom", "top"]  # of each name at its line's end, where lines may meet
    if validation_loss[-1] < training_loss[-1]:
        sides.reverse()
    _line(axes, epochs, validation_loss, ACCENT, "validation", "-", sides[0])
    _line(axes, epochs, training_loss, INK, "training", "--", sides[1])


def _line(
    axes: Axes,
    epochs: NDArray[np.int64],
    values: Sequence[float],
    colour: str,
    label: str,
    style: str,
    side: str = "center",
) -> None:
    """A line with its name at its right end."""
    axes.plot(epochs, values, style, color=colour, marker="o", markersize=3, clip_on=False)
    axes.annotate(
        label,
        (epochs[-1], values[-1]),
        xytext=(8, 0),
        textcoords="offset points",
        color=colour,
        va=side,
        fontsize=9,
        annotation_clip=False,
    )


def _mark_best(*panels: Axes, epoch: int) -> None:
    for axes in panels:
        axes.axvline(epoch, color=GREY, linewidth=0.8, linestyle=":")
    left, right = panels[-1].get_xlim()
    is_early = epoch - left < 0.1 * (right - left)  # the word would lie on the axis
    panels[-1].annotate(
        "kept",
        (epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 if is_early else -4, -2),
        textcoords="offset points",
        ha="left" if is_early else "right",
        va="top",
        color=GREY,
        fontsize=9,
    )


def digit_grid(
    images: NDArray[np.uint8], captions: Sequence[str], columns: int = 10, title: str = ""
) -> Figure:
    """Images (n, 28, 28), dark ink on white, with a caption under each."""
    if not len(images):
        return sentence(NOTHING)
    rows, high = -(-len(images) // columns), 44  # px: 28 of an image, the others of its caption
    wide = max(28, round(high * WIDTH / columns / _ROW))
    cells = np.zeros((rows * columns, high, wide), images.dtype)
    left = (wide - 28) // 2
    cells[: len(images), :28, left : left + 28] = images
    mosaic = cells.reshape(rows, columns, high, wide).swapaxes(1, 2).reshape(rows * high, -1)
    height = _ROW * rows
    figure = Figure(figsize=(WIDTH, height + (0.4 if title else 0)))
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
    # One axes, because one for each image takes twenty times as long to draw.
    axes = figure.add_axes((0, 0, 1, height / figure.get_figheight()))
    axes.axis("off")
    axes.imshow(mosaic, cmap="gray_r", vmin=0, vmax=255)
    for index, caption in enumerate(captions[: len(images)]):
        row, column = divmod(index, columns)
        x, y = (column + 0.5) * wide - 0.5, row * high + 29
        axes.text(x, y, caption, ha="center", va="top", fontsize=8, color=INK)
    return figure


def confusion_matrix(counts: NDArray[np.int64], title: str, rows: str = "true digit") -> Figure:
    """Counts (10, 10), a row for each of `rows`: errors are shaded by number, all else is white."""
    figure = Figure(figsize=(5.4, 5.4), layout="constrained")
    axes = figure.subplots()
    errors = np.where(np.eye(10, dtype=bool), 0, counts)
    shades = np.ma.masked_equal(errors, 0)
    axes.imshow(shades, cmap="Oranges", vmin=0, vmax=max(errors.max(), 4) * 1.4)
    style_axes(axes, title, xlabel="predicted digit", ylabel=rows).grid(visible=False)
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = GREY if row == column else INK
            axes.text(column, row, f"{count}", ha="center", va="center", fontsize=8, color=colour)
    return figure


def accuracies(groups: Mapping[str, Accuracy], title: str) -> Figure:
    """The accuracy of each group with its 95 % interval, if it has one, in the groups' order."""
    figure = Figure(figsize=(WIDTH, 0.9 + 0.32 * max(1, len(groups))), layout="constrained")
    axes = style_axes(figure.subplots(), title, xlabel="accuracy, % (line: 95 % interval)")
    for row, accuracy in enumerate(groups.values()):
        if accuracy.has_interval:
            ends = [100 * accuracy.low, 100 * accuracy.high]
            axes.plot(ends, [row, row], color=GREY, linewidth=2)
        axes.plot(100 * accuracy.value, row, "o", color=ACCENT)
    names = [f"{name} ({accuracy.sample})" for name, accuracy in groups.items()]
    axes.set_yticks(range(len(groups)), names)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    return figure
