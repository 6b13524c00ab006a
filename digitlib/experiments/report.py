"""The results of ablations as Markdown: tables, and one sentence for each question."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from digitlib import evaluation
from digitlib.experiments.ablations import Variant
from digitlib.experiments.variants import EARLY_STOPPING
from digitlib.text import percent

ENOUGH_SEEDS = 3  # of each variant, to rule out chance


def conclusion(variants: Sequence[Variant], baseline: str) -> str:
    """The variant of the highest accuracy, its gain, and whether that may be chance."""
    best, *others = sorted(variants, key=lambda variant: -variant.accuracy)
    close = [variant.name for variant in others if variant.spread[1] >= best.spread[0]]
    (base,) = [variant for variant in variants if variant.name == baseline]
    seeds = min(len(variant.trials) for variant in variants)
    gain = "" if best is base else f", {_points(best, base)} points against {baseline}"
    if seeds < ENOUGH_SEEDS:
        certainty = f"At least {ENOUGH_SEEDS} seeds are needed to rule out chance"
    elif close:
        certainty = f"Its seeds overlap with those of {', '.join(close)}: no clear winner"
    else:
        certainty = f"Each of its {seeds} seeds beats all seeds of the others"
    return f"Highest accuracy: {best.name}, {percent(best.accuracy)}{gain}. {certainty}."


def variants_table(variants: Sequence[Variant]) -> str:
    """Each variant's accuracy and cost; the range over seeds where there are several."""
    seeds = len(variants[0].trials)
    rows = []
    for variant in variants:
        low, high = (percent(accuracy) for accuracy in variant.spread)
        spread = [f"{low} to {high}"] * (seeds > 1)
        cost = [f"{variant.parameters:,}", f"{variant.seconds:.1f}"]
        rows.append([variant.name, percent(variant.accuracy), *spread, *cost])
    several = [f"range of {seeds} seeds"] * (seeds > 1)
    return _table(["variant", "accuracy", *several, "parameters", "training, s"], rows)


def smallest_table(variants: Sequence[Variant], goals: Sequence[float] = (0.99, 0.994)) -> str:
    """For each goal (accuracy, 0 to 1) the smallest network that reaches it, and the best of all.

    Accuracy is the mean over seeds.
    """
    best = max(variants, key=lambda variant: variant.accuracy)
    rows = []
    for goal in goals:
        reached = [variant for variant in variants if variant.accuracy >= goal]
        smallest = min(reached, key=lambda variant: variant.parameters, default=None)
        rows.append([f"{100 * goal:g} %", *_size(smallest)])
    rows.append(["highest", *_size(best)])
    return _table(["goal", "smallest network", "parameters", "accuracy"], rows)


def _size(variant: Variant | None) -> list[str]:
    if variant is None:
        return ["none", "–", "–"]
    return [variant.name, f"{variant.parameters:,}", percent(variant.accuracy)]


def diagnoses(variants: Sequence[Variant]) -> str:
    """How the first trial of each variant ended, with the diagnosis of its learning curves."""
    rows = []
    for variant in variants:
        trial = variant.trials[0]
        found = evaluation.diagnose(trial.training_losses, trial.validation_losses)
        loss = trial.validation_losses[trial.kept - 1]
        epoch = f"{trial.kept} of {len(trial.validation_losses)}"
        figures = [percent(trial.accuracy), f"{loss:.3f}", epoch, f"{trial.seconds:.1f}"]
        rows.append([variant.name, *figures, found.verdict])
    head = ["images, remedy", "accuracy", "loss, nats", "epoch kept", "training, s", "diagnosis"]
    return _table(head, rows)


def overfitting_summary(variants: Sequence[Variant]) -> str:
    """For each number of images: the best remedy and early stopping, in points over no remedy."""
    rows = []
    for size, group in groupby(variants, lambda variant: variant.name.split(", ")[0]):
        none, *others = group
        best = max(others, key=lambda variant: variant.accuracy)
        (stopped,) = [variant for variant in others if variant.name.endswith(EARLY_STOPPING)]
        remedy = "none"
        if best.accuracy > none.accuracy:
            remedy = f"{best.name.split(', ')[1]}, {_points(best, none)}"
        epochs = len(stopped.trials[0].validation_losses)
        early = f"{_points(stopped, none)}, after {epochs} of {stopped.recipe.epochs} epochs"
        rows.append([size, percent(none.accuracy), remedy, early])
    return _table(["images", "no remedy", "largest gain, points", "early stopping, points"], rows)


def _points(variant: Variant, base: Variant) -> str:
    return f"{100 * (variant.accuracy - base.accuracy):+.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
