"""The refined model beside the old one: on people new to both, and on the original test set."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitlib import datasets, evaluation
from digitlib.datasets import Digits
from digitlib.recogniser import Recogniser, lineage
from digitlib.refine import gate
from digitlib.refine.finetune import Refined, Refinement
from digitlib.refine.gate import Decision, Pair
from digitlib.refine.selection import Selected
from digitlib.strokes import Sketch
from digitlib.text import percent
from digitlib.training import Replay


def best_accuracy_in_lineage(card: dict[str, Any], original: Pair) -> float:
    """The best accuracy on the original test set of a model's line, it itself included."""
    now = float(np.mean(original.old.argmax(axis=1) == original.labels))
    line = [model["test_accuracy"] for model in lineage(card).get("ancestors", [])]
    return max(accuracy for accuracy in [*line, now] if accuracy is not None)


def decide_promotion(
    card: dict[str, Any], asked: Refinement, by_people: Pair, original: Pair
) -> Decision:
    """Whether the refined model may take the place of the one with this card."""
    best = best_accuracy_in_lineage(card, original)
    return gate.decide(
        by_people,
        original,
        best_before=best,
        tolerance=asked.tolerance,
        floor=asked.floor,
        risk=asked.risk,
    )


def compare_on_new_visits(old: Recogniser, trials: Sequence[Refined], intake: Selected) -> Pair:
    """Old and new on the submissions of people new to both: each fold's by a model without it."""
    folds = [datasets.rasterised(fold) for fold in intake.folds]
    digits = reduce(datasets.concatenate, folds)
    new = np.concatenate([trial.read(fold) for trial, fold in zip(trials, folds, strict=True)])
    visits = [sketch.writer for sketch in intake.judged]
    pair = _pair("submissions of people new to it", digits, old, new)._replace(visits=visits)
    return _with_pen(pair, old, intake.judged)


def compare_on_original(old: Recogniser, new: Recogniser, replay: Replay) -> Pair:
    """Both models, as they serve, on the original test set."""
    name = {"mnist": "MNIST's"}.get(old.card["data"]["name"], "the synthetic")
    return _pair(f"{name} test digits", replay.test, old, new.predict(replay.test.images.numpy()))


def validation_summary(old: Recogniser, refined: Refined, intake: Selected) -> str:
    """How the network that may serve reads the sketches it was chosen by, as Markdown.

    It is itself in no check on people: of those that it learnt from, copies are judged.
    """
    if not intake.chosen_by:
        return ""
    digits = datasets.rasterised(intake.chosen_by)
    pair = _with_pen(_pair("", digits, old, refined.read(digits)), old, intake.chosen_by)
    visits = [sketch.writer for sketch in intake.chosen_by]
    read = evaluation.accuracy(pair.labels, pair.new.argmax(axis=1), visits)
    before = float(np.mean(pair.old.argmax(axis=1) == pair.labels))
    return (
        f"The network itself reads {read} of the submissions that it was chosen by, {old.name} "
        f"{percent(before)}."
    )


def _pair(name: str, digits: Digits, old: Recogniser, new: NDArray[np.floating]) -> Pair:
    """What the old model makes of the digits, beside what the new one does."""
    images = digits.images.numpy()
    return Pair(name, images, digits.labels.numpy(), old.predict(images), new)


def _with_pen(pair: Pair, old: Recogniser, sketches: Sequence[Sketch]) -> Pair:
    """What both make of the sketches where they read the way of the pen as well, and alike."""
    drawings = [sketch.strokes for sketch in sketches]
    before, after = (old.with_stroke_model(read, drawings) for read in (pair.old, pair.new))
    return pair._replace(old=before, new=after)


def changed_predictions(pair: Pair, right: bool, most: int = 30) -> dict[str, Any]:
    """For `plots.digit_grid`: what only the new model reads right, or only the old one."""
    places = pair.newly(right)
    wrong = (pair.old if right else pair.new).argmax(axis=1)
    title = f"{pair.name}: {len(places)} newly {'right' if right else 'wrong'}"
    captions = [f"{pair.labels[i]}→{wrong[i]}" for i in places[:most]]
    return {"images": pair.images[places[:most]], "captions": captions, "title": title}


def challenger_metrics(by_people: Pair, original: Pair, decision: Decision) -> dict[str, Any]:
    """The figures of a refined model, for its card and its row."""
    found = evaluation.accuracy(original.labels, original.new.argmax(axis=1))
    people = evaluation.accuracy(by_people.labels, by_people.new.argmax(axis=1), by_people.visits)
    return {
        "test_accuracy": found.value,
        "test_accuracy_interval": [found.low, found.high],
        "test_images": found.n,
        "test_calibration_error": evaluation.calibration_error(original.new, original.labels),
        "people_accuracy": people.value,
        "people_accuracy_before": float(np.mean(by_people.old.argmax(axis=1) == by_people.labels)),
        "people_submissions": people.n,
        "passed": decision.promote,
        "checks": {check.name: check.found for check in decision.checks},
    }
