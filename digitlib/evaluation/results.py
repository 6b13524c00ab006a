"""A model's predictions on evaluation sets, in groups, and beside another model's."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digitlib.evaluation import metrics, significance
from digitlib.evaluation.clusters import Clusters
from digitlib.evaluation.evaluation_sets import (
    PENS,
    SUBMISSIONS,
    EvaluationSet,
    MissingSet,
    pen_test_set,
    submission_test_set,
)
from digitlib.evaluation.metrics import Accuracy
from digitlib.evaluation.significance import Comparison
from digitlib.recogniser import Recogniser
from digitlib.strokes import features


class Result(NamedTuple):
    """A model's probabilities (n, 10) on an evaluation set."""

    test_set: EvaluationSet
    probability: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true digits (n,)."""
        labels: NDArray[np.int64] = self.test_set.digits.labels.numpy()
        return labels

    @property
    def images(self) -> NDArray[np.uint8]:
        """The images (n, 28, 28)."""
        images: NDArray[np.uint8] = self.test_set.digits.images.numpy()
        return images

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The predicted digits (n,)."""
        return self.probability.argmax(axis=1)

    @property
    def accuracy(self) -> Accuracy:
        """The share of correct predictions."""
        return metrics.accuracy(self.labels, self.predicted, self.test_set.writers)

    def by(
        self, groups: Sequence[str], clusters: Clusters = (), least: int = 20
    ) -> dict[str, Accuracy]:
        """The accuracy in each group (n,) of `least` digits or more, the largest group first."""
        names, counts = np.unique(groups, return_counts=True)
        parts = {str(name): np.asarray(groups) == name for name in names[np.argsort(-counts)]}
        return {
            name: metrics.accuracy(
                self.labels[part],
                self.predicted[part],
                np.asarray(clusters)[part] if len(clusters) else (),
            )
            for name, part in parts.items()
            if part.sum() >= least
        }


def evaluate(
    recogniser: Recogniser, test_sets: Sequence[EvaluationSet | MissingSet]
) -> list[Result]:
    """The model's results on the sets that are available; drawings as the dashboard reads them."""
    available = [found for found in test_sets if isinstance(found, EvaluationSet)]
    predicted = [recogniser.predict(found.digits.images.numpy()) for found in available]
    return [
        Result(found, recogniser.with_stroke_model(probabilities, found.drawings))
        for found, probabilities in zip(available, predicted, strict=True)
    ]


def results_by_group(result: Result) -> dict[str, dict[str, Accuracy]]:
    """A result on pen digits by collection, by style and by writer."""
    drawings, writers = result.test_set.drawings, result.test_set.writers
    sources = [sketch.source for sketch in result.test_set.sketches]
    return {
        "collection": result.by(sources, writers),
        **{name: result.by(group(drawings), writers) for name, group in features.GROUPS.items()},
        "writer": result.by(writers, least=5),  # intervals for further digits by this writer
    }


def compare_results(
    results: Sequence[Result],
    recogniser: Recogniser,
    other: Recogniser,
    submissions: pd.DataFrame | None = None,
) -> dict[str, Comparison]:
    """Compare the model with a baseline on each set, on digits that neither was trained on.

    `submissions` are all rows of `with_disputed`, where `results` has a set of them. Sets that the
    baseline was trained on as a whole are left out.
    """
    cards = (recogniser.card, other.card)
    found = {}
    for result in results:
        test_set: EvaluationSet | MissingSet = result.test_set
        if test_set.name == PENS:
            test_set = pen_test_set(*cards)
        elif test_set.name == SUBMISSIONS and submissions is not None:
            test_set = submission_test_set(submissions, *cards)
        if isinstance(test_set, EvaluationSet):
            smaller = len(test_set.digits.labels) < len(result.labels)
            (new,) = evaluate(recogniser, [test_set]) if smaller else [result]
            (old,) = evaluate(other, [test_set])
            found[test_set.name] = significance.compare(
                new.labels, old.predicted, new.predicted, test_set.writers
            )
    return found
