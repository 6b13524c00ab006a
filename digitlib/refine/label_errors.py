"""Label errors among submissions: disputed labels wait for a review before training uses them.

A public page collects wrong labels, by accident and on purpose. Two estimates of each digit are
averaged: the model's, and a classifier's that was fitted on the sketches of other sessions, so that
no session vouches for its own labels. Confident learning (Northcutt, Jiang and Chuang 2021) decides
which labels the average disputes. A disputed label stays disputed until a person accepts it.
Otherwise a model that was trained on similar errors would let it pass.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digitlib.recogniser import Recogniser
from digitlib.refine.submissions import Submission, digits_of, read, submissions_of
from digitlib.store import Store

FOLDS = 5
NOTEBOOK = "disputed"  # `runs.notebook` of the rows that list disputed labels
OLDER = "suspects"  # the same, and its key in `metrics`, in databases of earlier versions
MINIMUM = 100  # sketches, below which only the model is asked
CONFIDENT = 0.95  # used for few labels or labels alike, which confident learning can't handle
_REGULARISATION = 0.003  # inverse strength: strong, because some labels are wrong
Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def cross_validated_probabilities(
    recogniser: Recogniser, submissions: Sequence[Submission]
) -> Probabilities:
    """Probabilities (n, 10) for submissions whose labels may be wrong.

    The mean of the model's, by image and strokes, and those of a classifier that never saw the
    submission's visit. The classifier gets the image's features and the model's log-probabilities.
    """
    model = read(recogniser, submissions).astype(np.float64)
    labels = np.array([submission.label for submission in submissions])
    visits = [submission.visit for submission in submissions]
    groups = len(set(visits))
    if len(labels) < MINIMUM or groups < 2:
        return model
    images = recogniser.features(digits_of(submissions).images.numpy())
    features = np.hstack([images, np.log(np.maximum(model, 1e-6))])
    others = model.copy()
    for train, test in GroupKFold(min(FOLDS, groups)).split(features, labels, visits):
        if len(np.unique(labels[train])) < 2:  # nothing to classify: keep the model's
            continue
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=200)
        ).fit(features[train], labels[train])
        others[test] = 0
        others[np.ix_(test, classifier.classes_)] = classifier.predict_proba(features[test])
    return (model + others) / 2


def disputed(labels: Labels, probabilities: Probabilities) -> NDArray[np.bool_]:
    """Which labels (n,) are likely errors, given probabilities (n, 10).

    Of a few labels, confident learning misses wrong ones whose true digit has no other label.
    """
    from cleanlab.filter import find_label_issues

    clear = (probabilities.argmax(axis=1) != labels) & (probabilities.max(axis=1) > CONFIDENT)
    if len(np.unique(labels)) < 2:
        return clear
    found: NDArray[np.bool_] = find_label_issues(
        labels, probabilities, filter_by="confident_learning", n_jobs=1
    )
    return found | clear if len(labels) < MINIMUM else found


def with_disputed(
    frame: pd.DataFrame, recogniser: Recogniser, before: Collection[str] = ()
) -> pd.DataFrame:
    """The submissions' table with the columns `disputed`, `likeliest` and `confidence`.

    `likeliest` is the digit that the averaged probabilities favour, `confidence` its probability
    (0 to 1, NaN for rejected rows). A label is also disputed where its image is that of an id in
    `before` (disputed earlier) or has another label elsewhere, unless a person accepted one of
    them. Accepted labels are never disputed; rejected rows are ignored.
    """
    frame = frame.assign(disputed=False, likeliest=frame.predicted, confidence=np.nan)
    kept = frame.index[frame.review != "rejected"]
    if kept.empty:
        return frame
    labels = frame.label[kept].to_numpy(np.int64)
    probabilities = cross_validated_probabilities(recogniser, submissions_of(frame.loc[kept]))
    earlier = still_disputed(frame.loc[kept], before).to_numpy()
    pending = (frame.review[kept] == "pending").to_numpy()
    frame.loc[kept, "disputed"] = (disputed(labels, probabilities) | earlier) & pending
    frame.loc[kept, "likeliest"] = probabilities.argmax(axis=1)
    frame.loc[kept, "confidence"] = probabilities.max(axis=1)
    return frame


def still_disputed(rows: pd.DataFrame, before: Collection[str]) -> pd.Series:
    """Which rows (n,) have an image that was disputed `before`, or that has two labels.

    Where a person accepted a copy of the image, only the rows with another label than that.
    """
    labelled = list(zip(rows.image.map(bytes), rows.label, strict=True))
    known = rows.id.astype(str).isin(before)
    earlier = {image for (image, _), is_known in zip(labelled, known, strict=True) if is_known}
    accepted = {
        pair for pair, review in zip(labelled, rows.review, strict=True) if review == "accepted"
    }
    decided = {image for image, _ in accepted}
    labels = Counter(image for image, _ in set(labelled))
    found = [
        (image, label) not in accepted
        if image in decided
        else image in earlier or labels[image] > 1
        for image, label in labelled
    ]
    return pd.Series(found, rows.index, dtype=bool)


def recorded_disputed(store: Store) -> set[str]:
    """The ids of all submissions whose labels an earlier run of `refine.ipynb` disputed."""
    found = store.runs().filter(f"notebook IN ('{NOTEBOOK}', '{OLDER}')").project("metrics")
    metrics = [json.loads(row) for (row,) in found.fetchall()]
    return {id for row in metrics for id in row.get(NOTEBOOK, row.get(OLDER, []))}


def record_disputed(store: Store, rows: pd.DataFrame, recogniser: Recogniser) -> None:
    """Record the ids of disputed rows in the table of runs, each only once."""
    new = sorted(set(rows.id.astype(str)) - recorded_disputed(store))
    if new:
        store.record_run(
            run_name="",
            notebook=NOTEBOOK,
            parameters={},
            metrics={NOTEBOOK: new},
            model=recogniser.name,
        )
