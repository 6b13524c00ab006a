"""Labels that are contradicted with confidence, to be reviewed before anything learns from them.

A public page gets wrong labels, by slip and on purpose. Two opinions are averaged: that of the
model, and that of the sketches of all other sessions, so that an odd hand is heard where other
people write like it, and a session that lies has no say on itself. Which labels the average
contradicts is decided by confident learning (Northcutt, Jiang and Chuang 2021).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digitlib.recogniser import Recogniser

FOLDS = 5
FEWEST = 100  # sketches, below which they have no opinion of their own
CONFIDENT = 0.95  # where all labels are alike, so that a class's usual confidence is not known
_REGULARISATION = 0.003  # inverse: wrong labels must not be learnt by heart

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def opinion(
    recogniser: Recogniser, images: NDArray[np.uint8], labels: Labels, sessions: NDArray[np.object_]
) -> Probabilities:
    """How likely each digit is (n, 10) for images (n, 28, 28) whose labels (n,) may be wrong."""
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


def contradicted(labels: Labels, probabilities: Probabilities) -> NDArray[np.bool_]:
    """Which labels (n,) the probabilities (n, 10) contradict with confidence."""
    from cleanlab.filter import find_label_issues

    if len(np.unique(labels)) < 2:  # too few for confident learning: the plain opinion counts
        return (probabilities.argmax(axis=1) != labels) & (probabilities.max(axis=1) > CONFIDENT)
    found: NDArray[np.bool_] = find_label_issues(
        labels, probabilities, filter_by="confident_learning", n_jobs=1
    )
    return found


def marked(frame: pd.DataFrame, recogniser: Recogniser) -> pd.DataFrame:
    """A submissions' table with `suspect`, and `likeliest` and its `odds` by the two opinions.

    Labels that a person accepted are above suspicion, and rejected ones have no say.
    """
    frame = frame.assign(suspect=False, likeliest=frame.predicted, odds=np.nan)
    kept = frame.index[frame.review != "rejected"]
    if kept.empty:
        return frame
    images = np.frombuffer(b"".join(map(bytes, frame.image[kept])), np.uint8).reshape(-1, 28, 28)
    labels = frame.label[kept].to_numpy(np.int64)
    likely = opinion(recogniser, images, labels, frame.session[kept].to_numpy(object))
    pending = (frame.review[kept] == "pending").to_numpy()
    frame.loc[kept, "suspect"] = contradicted(labels, likely) & pending
    frame.loc[kept, "likeliest"] = likely.argmax(axis=1)
    frame.loc[kept, "odds"] = likely.max(axis=1)
    return frame
