"""Does refining help real people? Five days of submissions by UNIPEN's writers.

The first model is trained on MNIST only. Half of the writers submit their sketches through
`Store.submit`, a fifth of them each day; `refine.ipynb` runs after each day, as cron runs it every
night. Each time the model that serves is evaluated on the writers who submitted so far, on those
who never do, and on MNIST's test set. With `--wrong 0.2` a fifth of the labels is wrong at random;
with `--liar 200` one more visit submits 200 1s as 7s on the first day.

Usage: python benchmarks/nights.py [--nights 5] [--seed 0] [--wrong 0.2] [--liar 200] [--base NAME]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from digitlib import datasets, evaluation, settings
from digitlib.datasets import writer_of
from digitlib.evaluation import Accuracy, plots
from digitlib.recogniser import Recogniser
from digitlib.store import Store
from digitlib.strokes import Sketch, augment_strokes


class Night(NamedTuple):
    """The accuracy of the model that serves after a night, and how long refining took."""

    number: int
    model: str
    came: Accuracy | None
    never_came: Accuracy
    mnist: Accuracy
    submissions: int
    seconds: float


def notebook(name: str, **parameters: object) -> None:
    """Run a notebook as users do."""
    path = settings.project_root() / "notebooks" / f"{name}.ipynb"
    out = settings.outputs_dir() / "notebooks" / f"{name}-{time.time():.0f}.ipynb"
    out.parent.mkdir(parents=True, exist_ok=True)
    flags = [word for key, value in parameters.items() for word in ("-p", key, str(value))]
    papermill = Path(sys.executable).with_name("papermill")
    subprocess.run([papermill, path, out, *flags], check=True, capture_output=True)


def by_writer(sketches: Sequence[Sketch], seed: int) -> list[list[Sketch]]:
    """Each writer's sketches, the writers in random order."""
    of_writer: dict[str, list[Sketch]] = {}
    for sketch in sketches:
        of_writer.setdefault(writer_of(sketch), []).append(sketch)
    writers = sorted(of_writer)
    order = np.random.default_rng(seed).permutation(len(writers))
    return [of_writer[writers[place]] for place in order]


def submit(sketches: Sequence[Sketch], wrong: float, generator: np.random.Generator) -> None:
    """Submit sketches, a share `wrong` of them with a wrong label."""
    store, recogniser = Store(), Recogniser.load()
    for sketch in sketches:
        off = int(generator.integers(1, 10)) if generator.random() < wrong else 0
        session = writer_of(sketch)
        label = (sketch.label + off) % 10
        store.submit(strokes=sketch.strokes, label=label, recogniser=recogniser, session=session)


def accuracy_on(sketches: Sequence[Sketch]) -> Accuracy | None:
    """The accuracy of the model that serves on these sketches; None without any."""
    if not sketches:
        return None
    predicted = Recogniser.load().read([sketch.strokes for sketch in sketches]).argmax(axis=1)
    labels = np.array([sketch.label for sketch in sketches])
    return evaluation.accuracy(labels, predicted, [writer_of(sketch) for sketch in sketches])


def reached(number: int, came: list[Sketch], never: list[Sketch], seconds: float) -> Night:
    """The accuracy of the model that serves now."""
    _, test = datasets.load_mnist()
    recogniser = Recogniser.load()
    mnist = evaluation.accuracy(
        test.labels.numpy(), recogniser.predict(test.images.numpy()).argmax(axis=1)
    )
    unseen = accuracy_on(never)
    assert unseen is not None
    return Night(number, recogniser.name, accuracy_on(came), unseen, mnist, len(came), seconds)


def picture(nights: Sequence[Night]) -> Figure:
    """Accuracy after each night on writers who submitted, on others, and on MNIST."""
    figure = Figure(figsize=(plots.WIDTH, 3.6), layout="constrained")
    axes = plots.style_axes(
        figure.subplots(), "Accuracy of the model that serves, %", xlabel="nights of refining"
    )
    lines: dict[str, tuple[list[Accuracy | None], str, str]] = {
        "MNIST's test set": ([night.mnist for night in nights], plots.GREY, "s--"),
        "writers who never submitted": ([night.never_came for night in nights], plots.ACCENT, "o-"),
        "writers who submitted": ([night.came for night in nights], plots.INK, "^:"),
    }
    ends: dict[str, tuple[float, str]] = {}
    for name, (shares, colour, style) in lines.items():
        numbers = [n for n, share in enumerate(shares) if share]
        percent = [100 * share.value for share in shares if share]
        axes.plot(numbers, percent, style, color=colour)
        if percent:
            ends[name] = (percent[-1], colour)
    axes.set_xticks(range(len(nights)))
    axes.set_xlim(-0.2, len(nights) + 0.6)
    low, high = axes.get_ylim()
    heights = apart([end for end, _ in ends.values()], 0.07 * (high - low))
    for (name, (_, colour)), height in zip(ends.items(), heights, strict=True):
        place = (len(nights) - 1, height)
        axes.annotate(
            name, place, xytext=(6, 0), textcoords="offset points", color=colour, va="center"
        )
    return figure


def apart(heights: Sequence[float], least: float) -> list[float]:
    """The heights, moved up where two would be less than `least` apart, so that words can stand."""
    moved, above = list(heights), -float("inf")
    for place in np.argsort(heights, kind="stable").tolist():
        above = moved[place] = max(moved[place], above + least)
    return moved


def lies(sketches: Sequence[Sketch], count: int, generator: np.random.Generator) -> list[Sketch]:
    """`count` augmented 1s by one visit, labelled 7."""
    ones = [sketch for sketch in sketches if sketch.label == 1]
    return [
        Sketch("", 7, augment_strokes(ones[n % len(ones)].strokes, generator), "liar", "")
        for n in range(count)
    ]


def line(night: Night) -> str:
    """A row of the printed table."""
    came = f"{night.came.value:.2%}" if night.came else "–"
    never = night.never_came
    return (
        f"| {night.number} | {night.model} | {night.submissions:,} | {came} "
        f"| {never.value:.2%} ({never.low:.2%} to {never.high:.2%}, n = {never.n:,}) "
        f"| {night.mnist.value:.2%} | {night.seconds:.0f} s |"
    )


def main() -> None:
    """Run the nights and print a line for each."""
    parser = argparse.ArgumentParser(description="Refining on real people, night by night.")
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong labels")
    parser.add_argument("--liar", type=int, default=0, help="1s that one visit submits as 7s")
    parser.add_argument("--base", default="", help="the first model, a folder of outputs/models")
    options = parser.parse_args()
    base = settings.outputs_dir() / "models" / options.base if options.base else None
    plot_folder = settings.outputs_dir() / "plots"
    writers = by_writer(datasets.load_sketches(), options.seed)
    half = len(writers) // 2
    never = [sketch for drawn in writers[half:] for sketch in drawn]
    generator = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DIGITS_OUTPUTS_DIR": folder, "DIGITS_DATABASE": f"{folder}/d.duckdb"}
        if base is None:
            notebook("train", dataset="mnist", run_name="base", promote=True, seed=options.seed)
        else:
            (Path(folder) / "models").mkdir()
            (Path(folder) / "models" / base.name).symlink_to(base)
            (Path(folder) / "models" / "current").write_text(base.name)
        print(
            "| night | serves | submissions | writers who submitted | others (95 % interval) "
            "| MNIST | took |"
        )
        print("|---|---|---|---|---|---|---|")
        nights = [reached(0, [], never, 0.0)]
        print(line(nights[0]), flush=True)
        came: list[Sketch] = []
        for number in range(1, options.nights + 1):
            first, last = (half * n // options.nights for n in (number - 1, number))
            today = [sketch for drawn in writers[first:last] for sketch in drawn]
            came += today
            submit(today, options.wrong, generator)
            if number == 1 and options.liar:
                submit(lies(today, options.liar, generator), 0.0, generator)
            started = time.perf_counter()
            notebook("refine", run_name=f"night-{number}")
            nights.append(reached(number, came, never, time.perf_counter() - started))
            print(line(nights[-1]), flush=True)
    saved = plots.save_figure(picture(nights), plot_folder, "nights")
    print(f"The picture: {saved[0]}")


if __name__ == "__main__":
    main()
