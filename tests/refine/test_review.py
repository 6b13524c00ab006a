"""Submissions are shown, counted, reviewed and exported."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recogniser.models import small_model

from digitlib.recogniser import registry
from digitlib.refine import label_errors, parameters
from digitlib.refine import review as submissions
from digitlib.store.store import Store
from digitlib.strokes import rasterise
from digitlib.strokes.sketches import read_sketches
from digitlib.strokes.synthesis import draw
from digitlib.training.recipe import validated


class AlwaysSeven:
    """A predictor that always answers 7."""

    name = "always-seven"
    share = 0.9

    def predict(self, images: np.ndarray) -> np.ndarray:
        probabilities = np.full((len(images), 10), (1 - self.share) / 9, np.float32)
        probabilities[:, 7] = self.share
        return probabilities

    def with_stroke_model(self, probabilities: np.ndarray, drawings: list) -> np.ndarray:
        return probabilities


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "digits.duckdb")
    for label in (7, 7, 1, 3):
        strokes = draw(label, np.random.default_rng(label))
        given = {"image": rasterise(strokes)} if label == 3 else {"strokes": strokes}
        store.submit(**given, label=label, recogniser=AlwaysSeven(), session=f"visit {label}")
    return store


def test_the_table_says_which_predictions_were_right(store: Store) -> None:
    frame = label_errors.with_disputed(submissions.submissions_table(store), AlwaysSeven())
    assert list(frame.label) == [3, 1, 7, 7]
    assert list(frame.right) == [False, False, True, True]
    assert submissions.row_images(frame).shape == (4, 28, 28)
    assert submissions.row_captions(frame)[:3] == ["3→7", "1→7", "7"]
    assert "**4 sketches** from 3 visits" in submissions.submissions_headline(frame)
    assert submissions.daily_counts(frame)[1].sum(axis=0).tolist() == [0, 1, 0, 1, 0, 0, 0, 2, 0, 0]
    accuracy = submissions.accuracy_by(frame.assign(disputed=False), "model")
    assert accuracy["always-seven"].value == 0.5


def test_disputed_and_rejected_labels_do_not_count_in_the_accuracy(store: Store) -> None:
    frame = submissions.submissions_table(store).assign(disputed=[True, False, False, False])
    frame.loc[1, "review"] = "rejected"
    assert submissions.accuracy_by(frame, "model")["always-seven"].value == 1
    assert submissions.accuracy_over_time(frame)["always-seven"].popitem()[1].n == 2
    assert list(submissions.labels_and_predictions(frame)[0]) == [7, 7]
    assert submissions.daily_counts(frame)[1].sum(axis=0).tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0]
    headline = submissions.submissions_headline(frame)
    assert "**3 sketches** from 2 visits;" in headline and "to review: 1." in headline
    assert "Accuracy without disputed labels: 100.00 %" in headline
    assert "With them, as they were labelled: 66.67 %." in headline
    assert "not measured" in submissions.submissions_headline(frame.assign(disputed=True))


@pytest.mark.parametrize(
    "given, digits",
    [(3, [3]), ("[3]", [3]), ("3,5", [3, 5]), ([3, "5"], [3, 5]), ("[]", []), ([], []), ("", [])],
)
def test_digits_can_be_given_as_people_type_them(given, digits) -> None:
    assert parameters.digits_from(given) == digits


@pytest.mark.parametrize("given", [35, -1, 3.5, "three", "3;5", [11], True, None, {}])
def test_anything_but_digits_is_refused(given) -> None:
    with pytest.raises(ValueError, match="is not a digit"):
        parameters.digits_from(given)


def test_rows_are_chosen_by_review_digit_and_model(store: Store) -> None:
    frame = submissions.submissions_table(store)
    assert list(submissions.filtered(frame, "wrong", (), "").label) == [3, 1]
    assert list(submissions.filtered(frame, "all", [7, 3], "").label) == [3, 7, 7]
    assert submissions.filtered(frame, "all", (), "another").empty


GIVEN = {"show": "all", "digits": [], "model": "", "gallery": 60, "export": True}


def test_parameters_are_checked_before_work_starts() -> None:
    asked = validated(parameters.ReviewFilter, {**GIVEN, "digits": "3,5", "export": "false"})
    assert (asked.digits, asked.export) == ([3, 5], False)  # as papermill passes them
    for wrong in ({"show": "dubious"}, {"digits": "three"}, {"gallery": -1}, {"export": "maybe"}):
        ((name, _),) = wrong.items()
        with pytest.raises(ValueError, match=f"Nothing was started.\n{name}="):
            validated(parameters.ReviewFilter, {**GIVEN, **wrong})


def test_a_review_is_saved_and_the_next_sketch_shown(store: Store) -> None:
    frame = label_errors.with_disputed(submissions.submissions_table(store), AlwaysSeven())
    review = submissions.Review(store, submissions.filtered(frame, "doubtful", (), ""))
    assert review.left == 2
    review.decide("rejected")
    review.decide("accepted")
    assert review.left == 0
    assert list(submissions.submissions_table(store).review) == [
        "rejected",
        "accepted",
        "pending",
        "pending",
    ]
    assert store.tally().total == 3


@pytest.mark.parametrize("is_empty", [False, True], ids=["sketches", "nothing yet"])
def test_the_notebook_shows_and_exports_what_there_is(
    run,
    store: Store,
    tmp_path: Path,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_empty: bool,
) -> None:
    small_model("small")  # its training data, the drift's reference, is soon drawn
    registry.promote("small")
    database = tmp_path / "empty.duckdb" if is_empty else store.url
    monkeypatch.setenv("DIGITS_DATABASE", str(database))
    shown = run("submissions", show="doubtful", digits="[3]").text
    exported = read_sketches(outputs / "submissions" / "sketches.parquet")
    assert len(exported) == (0 if is_empty else 3)  # and an image
    table = pd.read_csv(outputs / "submissions" / "sketches.csv")
    assert len(table) == (0 if is_empty else 4) and list(table.columns)[-1] == "image"
    assert ("There are no submissions yet" in shown) == is_empty
    assert ("4 sketches" in shown) != is_empty
    assert (f"There is no database {database}" in shown) == is_empty


def test_the_dashboard_notebook_shows_the_page(run, tmp_path: Path) -> None:
    assert "application/vnd.jupyter.widget-view+json" in run("sketch").path.read_text()
    assert not (tmp_path / "digits.duckdb").exists()
