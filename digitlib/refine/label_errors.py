"""Labels that are contradicted with confidence, to be reviewed before anything learns from them.

A public page gets wrong labels, by slip and on purpose. Two opinions are averaged: that of the
model, and that of the sketches of all other sessions, so that an odd hand is heard where other
people write like it, and a session that lies has no say on itself. Which labels the average
contradicts is decided by confident learning (Northcutt, Jiang and Chuang 2021). Once contradicted,
a label stays so until a person accepts it: else a model that just learnt from its like would let it
pass.
"""

import json
from collections import Counter
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digitlib.recogniser import Recogniser
from digitlib.store import Store

FOLDS = 5
NOTEBOOK = "suspects"  # what the rows of runs are named that remember them
FEWEST = 100  # sketches, below which they have no opinion of their own
CONFIDENT = 0.95  # where all labels are alike, so that a class's usual confidence is not known
_REGULARISATION = 0.003  # inverse: wrong labels must not be learnt by heart
Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def cross_validated_probabilities(
    recogniser: Recogniser, images: NDArray[np.uint8], labels: Labels, sessions: NDArray[np.object_]
) -> Probabilities:
    """How likely each digit is (n, 10) for images (n, 28, 28) whose labels (n,) may be wrong.

    Both opinions are of images alone, also where the model reads the way of the pen: what is learnt
    from submissions is to read their images.
    """
    model = recogniser.predict(images).astype(np.float64)
    groups = len(np.unique(sessions))
    if len(labels) < FEWEST or groups < 2:
        return model
    features = recogniser.features(images)
    people = np.zeros_like(model)
    for known, asked in GroupKFold(min(FOLDS, groups)).split(features, labels, sessions):
        if len(np.unique(labels[known])) < 2:  # the others drew but one digit: no opinion
            people[asked] = model[asked]
            continue
        judge = make_pipeline(
            StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=200)
        ).fit(features[known], labels[known])
        people[np.ix_(asked, judge.classes_)] = judge.predict_proba(features[asked])
    return (model + people) / 2


def disputed(labels: Labels, probabilities: Probabilities) -> NDArray[np.bool_]:
    """Which labels (n,) the probabilities (n, 10) contradict with confidence."""
    from cleanlab.filter import find_label_issues

    if len(np.unique(labels)) < 2:  # too few for confident learning: the plain opinion counts
        return (probabilities.argmax(axis=1) != labels) & (probabilities.max(axis=1) > CONFIDENT)
    found: NDArray[np.bool_] = find_label_issues(
        labels, probabilities, filter_by="confident_learning", n_jobs=1
    )
    return found


def with_disputed(
    frame: pd.DataFrame, recogniser: Recogniser, before: Collection[str] = ()
) -> pd.DataFrame:
    """A submissions' table with `suspect`, and `likeliest` and its `odds` by the two opinions.

    Suspect is as well what has its image in common with one of the ids `before`, those suspected
    earlier, or with a sketch of another label, unless a person accepted one of these. Labels that
    a person accepted are above suspicion, and rejected ones have no say.
    """
    frame = frame.assign(suspect=False, likeliest=frame.predicted, odds=np.nan)
    kept = frame.index[frame.review != "rejected"]
    if kept.empty:
        return frame
    images = np.frombuffer(b"".join(map(bytes, frame.image[kept])), np.uint8).reshape(-1, 28, 28)
    labels = frame.label[kept].to_numpy(np.int64)
    likely = cross_validated_probabilities(
        recogniser, images, labels, frame.session[kept].to_numpy(object)
    )
    doubtful = disputed(labels, likely) | still_disputed(frame.loc[kept], before).to_numpy()
    frame.loc[kept, "suspect"] = doubtful & (frame.review[kept] == "pending").to_numpy()
    frame.loc[kept, "likeliest"] = likely.argmax(axis=1)
    frame.loc[kept, "odds"] = likely.max(axis=1)
    return frame


def still_disputed(rows: pd.DataFrame, before: Collection[str]) -> pd.Series:
    """Which rows (n,) have an image that was suspect `before`, or is there with another label.

    Where a person accepted a copy, only those with another label than that.
    """
    drawn = list(zip(rows.image.map(bytes), rows.label, strict=True))
    known = rows.id.astype(str).isin(before)
    suspected = {image for (image, _), is_known in zip(drawn, known, strict=True) if is_known}
    agreed = {one for one, review in zip(drawn, rows.review, strict=True) if review == "accepted"}
    decided = {image for image, _ in agreed}
    labels = Counter(image for image, _ in set(drawn))
    doubts = [
        (image, label) not in agreed
        if image in decided
        else image in suspected or labels[image] > 1
        for image, label in drawn
    ]
    return pd.Series(doubts, rows.index, dtype=bool)


def recorded_disputed(store: Store) -> set[str]:
    """The ids of all submissions whose labels were contradicted before a night of refining."""
    rows = store.runs().filter(f"notebook = '{NOTEBOOK}'").project("metrics").fetchall()
    return {id for (metrics,) in rows for id in json.loads(metrics)["suspects"]}


def record_disputed(store: Store, rows: pd.DataFrame, recogniser: Recogniser) -> None:
    """Keep the suspects' ids in a row of the runs, whatever becomes of the night."""
    new = sorted(set(rows.id.astype(str)) - recorded_disputed(store))
    if new:
        store.record_run(
            run_name="",
            notebook=NOTEBOOK,
            parameters={},
            metrics={"suspects": new},
            model=recogniser.name,
        )
