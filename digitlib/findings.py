"""What the trials of `experiments` say, as Markdown."""

from collections.abc import Sequence
from itertools import groupby

from digitlib import evaluation
from digitlib.experiments import Variant
from digitlib.questions import STOPPED

ENOUGH = 3  # seeds of each variant, by which chance can be told


def answer(variants: Sequence[Variant], baseline: str) -> str:
    """The best of the variants, how far chance may account for it, and each beside the baseline."""
    ranked = sorted(variants, key=lambda variant: -variant.accuracy)
    (base,) = [variant for variant in variants if variant.name == baseline]
    differences = [
        f"{variant.name} {100 * (variant.accuracy - base.accuracy):+.2f}"
        for variant in variants
        if variant is not base
    ]
    return (
        f"**{ranked[0].name}** reads most, {ranked[0].accuracy:.2%}. {_certainty(*ranked[:2])} "
        f"Against {baseline}, in points: {', '.join(differences)}."
    )


def _certainty(best: Variant, second: Variant) -> str:
    """Whether the best is better than the second by more than chance, as a sentence."""
    if len(best.trials) < ENOUGH:
        return f"It takes {ENOUGH} seeds or more to tell whether by chance."
    if best.spread[0] > second.spread[1]:
        return f"Each of its seeds beats each of those of {second.name}."
    return f"That it beats {second.name} may be chance: their seeds overlap."


def price(variants: Sequence[Variant]) -> str:
    """What the variant with the fewest parameters loses against the best, in a sentence."""
    least = min(variants, key=lambda variant: variant.parameters)
    best = max(variants, key=lambda variant: variant.accuracy)
    return (
        f"**{least.name}** has {least.parameters:,} parameters, "
        f"{least.parameters / best.parameters:.1%} of {best.name}'s {best.parameters:,}, and reads "
        f"{least.accuracy:.2%}, {100 * (best.accuracy - least.accuracy):.2f} points less."
    )


def table(variants: Sequence[Variant]) -> str:
    """The variants, with what they cost."""
    rows = [
        f"| {v.name} | {v.accuracy:.2%} | {v.spread[0]:.2%} to {v.spread[1]:.2%} "
        f"| {v.parameters:,} | {v.seconds:.1f} |"
        for v in variants
    ]
    head = "| variant | right, mean | of the seeds | parameters | training, s |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def ended(variants: Sequence[Variant]) -> list[Variant]:
    """Variants of `questions.overfitted` as they ended: with the best epoch if stopped early.

    All others end with their last, else each would have the benefit of early stopping.
    """
    return [
        variant
        if variant.name.endswith(STOPPED)
        else variant._replace(trials=[trial.at_last() for trial in variant.trials])
        for variant in variants
    ]


def readings(variants: Sequence[Variant]) -> str:
    """How each variant's first seed ended, and what its curves say."""
    rows = []
    for variant in variants:
        trial = variant.trials[0]
        read = evaluation.read_curves(trial.training_losses, trial.validation_losses)
        loss = trial.validation_losses[trial.kept - 1]
        rows.append(
            f"| {variant.name} | {trial.accuracy:.2%} | {loss:.3f} "
            f"| {trial.kept} of {len(trial.validation_losses)} | {trial.seconds:.1f} "
            f"| {read.verdict} |"
        )
    head = "| images, remedy | right | loss, nats | epoch kept | training, s | reading |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def by_heart(variants: Sequence[Variant]) -> str:
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
            f"- by heart, {size} of the images: {none.accuracy:.2%} without a remedy; {helps}. "
            f"Early stopping {early} and keeps epoch {stopped.kept}, {gains[STOPPED]:+.2f} points."
        )
    return "\n".join(lines)
