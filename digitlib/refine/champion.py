"""Champion and challenger compared: on visits new to both, and on the original test set."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from digitlib import evaluation
from digitlib.recogniser import Recogniser, lineage
from digitlib.refine import gate
from digitlib.refine.finetune import Refined
from digitlib.refine.gate import Decision
from digitlib.refine.paired import Paired
from digitlib.refine.parameters import Refinement
from digitlib.refine.selection import Selected
from digitlib.refine.submissions import digits_of, read
from digitlib.text import percent
from digitlib.training import Replay


def best_accuracy_in_lineage(card: dict[str, Any], original: Paired) -> float:
    """The best accuracy on the original test set of the champion and its ancestors."""
    ancestors = [model["test_accuracy"] for model in lineage(card).get("ancestors", [])]
    known = [accuracy for accuracy in ancestors if accuracy is not None]
    return max([*known, original.accuracies()[0]])


def decide_promotion(
    card: dict[str, Any], asked: Refinement, people: Paired, original: Paired, disputed: int = 0
) -> Decision:
    """Whether the challenger replaces the champion with this card.

    `disputed` is how many submissions were left out for a disputed label.
    """
    return gate.decide(
        people,
        original,
        best_before=best_accuracy_in_lineage(card, original),
        tolerance=asked.tolerance,
        floor=asked.floor,
        risk=asked.risk,
        disputed=disputed,
    )


def compare_on_new_visits(
    champion: Recogniser, challengers: Sequence[Refined], selected: Selected
) -> Paired:
    """Both models on the new visits, each fold by the challenger that was trained without it."""
    folds = zip(challengers, selected.folds, strict=True)
    digits = digits_of(selected.new)
    return Paired(
        "sketches of new visits",
        digits.images.numpy(),
        digits.labels.numpy(),
        read(champion, selected.new),
        np.concatenate([challenger.read(fold) for challenger, fold in folds]),
        [submission.visit for submission in selected.new],
    )


def compare_on_original(champion: Recogniser, challenger: Recogniser, replay: Replay) -> Paired:
    """Both models, as served, on the original test set."""
    name = {"mnist": "MNIST's"}.get(champion.card["data"]["name"], "the synthetic")
    images, labels = replay.test.images.numpy(), replay.test.labels.numpy()
    predicted = (champion.predict(images), challenger.predict(images))
    return Paired(f"{name} test set", images, labels, *predicted)


def validation_summary(champion: Recogniser, refined: Refined, selected: Selected) -> str:
    """Both models' accuracy on the validation sketches, as Markdown; empty without any.

    The refined model itself can't be tested on the sketches that it was trained on.
    """
    submissions = selected.validation
    if not submissions:
        return ""
    labels = digits_of(submissions).labels.numpy()
    new = refined.read(submissions).argmax(axis=1)
    before = float(np.mean(read(champion, submissions).argmax(axis=1) == labels))
    found = evaluation.accuracy(labels, new, [submission.visit for submission in submissions])
    return (
        f"Accuracy on the validation sketches: {found}; the champion's: {percent(before)}. They "
        "chose the challenger's epoch and temperature, so this is slightly optimistic."
    )


def changed_predictions(pair: Paired, right: bool, most: int = 30) -> dict[str, Any]:
    """For `plots.digit_grid`: digits that only the challenger gets right, or only the champion."""
    places = pair.newly(right)
    wrong = (pair.champion if right else pair.challenger).argmax(axis=1)
    title = f"{pair.name}: {len(places)} newly {'right' if right else 'wrong'}"
    captions = [f"{pair.labels[i]}→{wrong[i]}" for i in places[:most]]
    return {"images": pair.images[places[:most]], "captions": captions, "title": title}


def challenger_metrics(people: Paired, original: Paired, decision: Decision) -> dict[str, Any]:
    """The metrics of a challenger, for its card and its row in the table of runs."""
    test = evaluation.accuracy(original.labels, original.challenger.argmax(axis=1))
    on_people = evaluation.accuracy(people.labels, people.challenger.argmax(axis=1), people.visits)
    return {
        "test_accuracy": test.value,
        "test_accuracy_interval": [test.low, test.high],
        "test_images": test.n,
        "test_calibration_error": evaluation.calibration_error(
            original.challenger, original.labels
        ),
        "people_accuracy": on_people.value,
        "people_accuracy_before": people.accuracies()[0],
        "people_submissions": on_people.n,
        "passed": decision.promote,
        "checks": {check.name: check.found for check in decision.checks},
    }
