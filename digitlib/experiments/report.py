"""What the trials of `experiments` say, as Markdown."""

import math
from collections.abc import Sequence
from itertools import groupby

from digitlib import evaluation
from digitlib.experiments.ablations import STOPPED, Variant
from digitlib.text import percent

ENOUGH = 3  # seeds of each variant, by which chance can be told


def winner_sentence(variants: Sequence[Variant], baseline: str) -> str:
    """The best of the variants, and each beside the baseline: how far chance may account for it."""
    ranked = sorted(variants, key=lambda variant: -variant.accuracy)
    (base,) = [variant for variant in variants if variant.name == baseline]
    differences = [_beside(variant, base) for variant in variants if variant is not base]
    seeds = min(len(variant.trials) for variant in variants)
    # Of the orders in which two times so many seeds may come, two have all of one before the other.
    chance = percent(2 / math.comb(2 * seeds, seeds), 0)
    note = ""
    if seeds >= ENOUGH:
        note = f"; in bold where every seed says so, as equals do in {chance} of cases"
    return (
        f"**{ranked[0].name}** reads most, {percent(ranked[0].accuracy)}. "
        f"{_certainty(*ranked[:2])} Against {baseline}, in points{note}: {', '.join(differences)}."
    )


def _apart(one: Variant, other: Variant) -> bool:
    """Whether each seed of one beats each of the other's, and there are enough to tell."""
    seeds = min(len(one.trials), len(other.trials))
    low, high = sorted((one, other), key=lambda variant: variant.accuracy)
    return seeds >= ENOUGH and high.spread[0] > low.spread[1]


def _beside(variant: Variant, base: Variant) -> str:
    said = f"{variant.name} {100 * (variant.accuracy - base.accuracy):+.2f}"
    return f"**{said}**" if _apart(variant, base) else said


def _certainty(best: Variant, second: Variant) -> str:
    """Whether the best is better than the second by more than chance, as a sentence."""
    if len(best.trials) < ENOUGH:
        return f"It takes {ENOUGH} seeds or more to tell whether by chance."
    if _apart(best, second):
        return f"Each of its seeds beats each of those of {second.name}."
    return f"That it beats {second.name} may be chance: their seeds overlap."


def smallest_table(variants: Sequence[Variant], goals: Sequence[float] = (0.99, 0.994)) -> str:
    """The variant with the fewest parameters that reads each goal, 0 to 1, on the mean of seeds."""
    lines = []
    for goal in goals:
        reach = [variant for variant in variants if variant.accuracy >= goal]
        aim = f"{100 * goal:g} %"
        if reach:
            least = min(reach, key=lambda variant: variant.parameters)
            lines.append(
                f"The smallest that reads {aim} is **{least.name}**, with {least.parameters:,} "
                f"parameters and {percent(least.accuracy)}."
            )
        else:
            best = max(variants, key=lambda variant: variant.accuracy)
            lines.append(
                f"None reads {aim} (epochs: {best.recipe.epochs}); {best.name} comes closest, with "
                f"{percent(best.accuracy)}."
            )
    return " ".join(lines)


def cost_sentence(variants: Sequence[Variant]) -> str:
    """What the variant with the fewest parameters loses against the best, in a sentence."""
    least = min(variants, key=lambda variant: variant.parameters)
    best = max(variants, key=lambda variant: variant.accuracy)
    return (
        f"**{least.name}** has {least.parameters:,} parameters, "
        f"{percent(least.parameters / best.parameters, 1)} of {best.name}'s {best.parameters:,}, "
        f"and reads {percent(least.accuracy)}, "
        f"{100 * (best.accuracy - least.accuracy):.2f} points less."
    )


def variants_table(variants: Sequence[Variant]) -> str:
    """The variants, with what they cost."""
    rows = [
        f"| {v.name} | {percent(v.accuracy)} | {percent(v.spread[0])} to {percent(v.spread[1])} "
        f"| {v.parameters:,} | {v.seconds:.1f} |"
        for v in variants
    ]
    head = "| variant | right, mean | of the seeds | parameters | training, s |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def final_epochs(variants: Sequence[Variant]) -> list[Variant]:
    """Variants of `questions.overfitted` as they ended: with the best epoch if stopped early.

    All others end with their last, else each would have the benefit of early stopping.
    """
    return [
        variant
        if variant.name.endswith(STOPPED)
        else variant._replace(trials=[trial.at_last() for trial in variant.trials])
        for variant in variants
    ]


def diagnoses(variants: Sequence[Variant]) -> str:
    """How each variant's first seed ended, and what its curves say."""
    rows = []
    for variant in variants:
        trial = variant.trials[0]
        read = evaluation.diagnose(trial.training_losses, trial.validation_losses)
        loss = trial.validation_losses[trial.kept - 1]
        rows.append(
            f"| {variant.name} | {percent(trial.accuracy)} | {loss:.3f} "
            f"| {trial.kept} of {len(trial.validation_losses)} | {trial.seconds:.1f} "
            f"| {read.verdict} |"
        )
    head = "| images, remedy | right | loss, nats | epoch kept | training, s | reading |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def overfitting_summary(variants: Sequence[Variant]) -> str:
    """What helped most for each number of images, and what early stopping brought, as a list."""
    lines = []
    for size, group in groupby(variants, lambda variant: variant.name.split(", ")[0]):
        none, *others = group
        gains = {v.name.split(", ")[1]: 100 * (v.accuracy - none.accuracy) for v in others}
        best = max(gains, key=lambda remedy: gains[remedy])
        helps = f"best with {best}, {gains[best]:+.2f} points" if gains[best] > 0 else "none helps"
        stopped, epochs = others[-1].trials[0], len(none.trials[0].training_losses)
        run = len(stopped.training_losses)
        early = f"ends after {run} of {epochs} epochs" if run < epochs else "never sets in"
        lines.append(
            f"- {size} of the images: {percent(none.accuracy)} without a remedy; "
            f"{helps}. Early stopping {early} and keeps epoch {stopped.kept}, "
            f"{gains[STOPPED]:+.2f} points."
        )
    return "\n".join(lines)
