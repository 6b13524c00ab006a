"""The challenger's model folder: lineage, card, files, and its promotion."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from digitlib import recogniser, settings, training
from digitlib.recogniser import Recogniser, lineage
from digitlib.refine.finetune import Refined
from digitlib.refine.gate import Decision
from digitlib.refine.parameters import Refinement
from digitlib.refine.selection import Selected
from digitlib.training import Run


def refined_lineage(card: dict[str, Any], selected: Selected) -> dict[str, Any]:
    """A refined model's ancestors, oldest first, and the ids of all submissions used on the way.

    The ids are those that the model or an ancestor was trained on or validated with.
    """
    metrics, known = card.get("metrics", {}), lineage(card)
    used = [submission.id for submission in (*selected.train, *selected.validation)]
    parent = {
        "name": card["name"],
        "created": card.get("created"),
        "commit": card.get("commit"),
        "test_accuracy": metrics.get("test_accuracy"),
    }
    return {
        "parent": card["name"],
        "ancestors": [*known.get("ancestors", []), parent],
        "origin": training.recipe_parameters(card),
        "submissions": sorted({*known.get("submissions", []), *used}),
    }


def refined_card(
    run: Run, asked: Refinement, parent: dict[str, Any], selected: Selected, refined: Refined
) -> dict[str, Any]:
    """The refined model's card, without metrics."""
    submissions = {
        "train": len(selected.train),
        "validation": len(selected.validation),
        "disputed": len(selected.disputed),
        "rejected": selected.rejected,
    }
    return training.model_card(
        run,
        dataclasses.asdict(asked),
        {**parent["data"], "submissions": submissions},
        {},
        architecture=parent["architecture"],
        architecture_options=parent.get("architecture_options", ""),
        ensemble=parent.get("ensemble", 1),
        parameter_count=parent["parameter_count"],
        temperature=refined.temperature,
        rejection_threshold=refined.rejection_threshold,
        device=str(next(refined.network.parameters()).device),
        lineage=refined_lineage(parent, selected),
        pen=_stroke_model_card(parent, refined),
    )


def _stroke_model_card(parent: dict[str, Any], refined: Refined) -> dict[str, Any]:
    """What the card says of the stroke model; empty where there is none."""
    if refined.stroke_model is None:
        return {}
    return {
        **parent["pen"],
        "temperature": refined.stroke_model.temperature,
        "rejection_threshold": refined.pair_threshold,
    }


def write_refined(run: Run, refined: Refined, card: dict[str, Any]) -> None:
    """Write the refined networks into the run's folder."""
    training.write_model(run.folder, refined.network, card)
    if refined.stroke_model is not None:
        refined.stroke_model.write(run.folder)


def complete_model(run: Run, card: dict[str, Any]) -> Path:
    """Write the complete card and turn the run's folder into a model folder; returns its path."""
    settings.write_atomically(run.folder / "card.json", json.dumps(card, indent=2) + "\n")
    return training.finish(run)


def promote_if_better(
    name: str, champion: Recogniser, decision: Decision, asked: Refinement
) -> str:
    """Promote a challenger that passed, where asked to; returns what serves now, as Markdown.

    It replaces only the champion that it was compared with.
    """
    command = f"To promote {name}: `python -m digitlib.recogniser promote {name}`."
    if not (decision.promote and asked.promote):
        serving = f"**{Recogniser.load().name}** still serves."
        return f"{serving} {command}" if decision.promote else serving
    try:
        recogniser.promote(name, instead_of=champion.folder)
    except ValueError as error:
        return f"**{name} was not promoted:** {error} {command}"
    return f"**{name}** serves now."
