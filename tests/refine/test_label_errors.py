"""Label errors, accidental or deliberate, are found and left out; correct labels are not."""

import numpy as np
import pandas as pd
import pytest

from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.refine import label_errors, selection
from digitlib.refine.review import row_images
from digitlib.refine.submissions import read, submissions_of
from digitlib.store.store import Store
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw, draw_many

VISITS = 40


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(BUNDLED)


@pytest.fixture(scope="module")
def correct(recogniser: Recogniser) -> pd.DataFrame:
    """500 sketches by 40 visits, as the submissions' table holds them, correctly labelled."""
    drawings, labels = draw_many(500, seed=11)
    images = np.stack([rasterise(drawing) for drawing in drawings])
    return pd.DataFrame(
        {
            "id": [f"{number:05}" for number in range(500)],
            "submitted_at": pd.date_range("2026-01-01", periods=500, freq="min"),
            "session": [f"visit {number % VISITS}" for number in range(500)],
            "label": labels,
            "predicted": recogniser.predict(images).argmax(axis=1),
            "image": [image.tobytes() for image in images],
            "strokes": [[stroke.tolist() for stroke in drawing] for drawing in drawings],
            "review": "pending",
        }
    )


@pytest.fixture(scope="module")
def few(correct: pd.DataFrame) -> pd.DataFrame:
    """90 of them, too few for a classifier of their own."""
    return correct[:90]


def disputed(frame: pd.DataFrame, recogniser: Recogniser) -> np.ndarray:
    return label_errors.with_disputed(frame, recogniser).disputed.to_numpy(bool)


def test_hardly_any_correct_label_is_disputed(correct, recogniser):
    assert disputed(correct, recogniser).mean() < 0.02


def test_labels_that_are_wrong_at_random_are_disputed(correct, recogniser):
    generator = np.random.default_rng(0)
    wrong = generator.random(len(correct)) < 0.2
    labels = correct.label + wrong * generator.integers(1, 10, len(correct))
    found = disputed(correct.assign(label=labels % 10), recogniser)
    assert found[wrong].mean() > 0.9
    assert found[~wrong].mean() < 0.03


def test_a_large_visit_that_labels_every_1_as_7_is_disputed(correct, recogniser):
    generator = np.random.default_rng(12)
    ones = [draw(1, generator) for _ in range(125)]
    images = np.stack([rasterise(drawing) for drawing in ones])
    lies = pd.DataFrame(
        {
            "id": [f"lie {number}" for number in range(len(ones))],
            "submitted_at": pd.Timestamp("2026-02-01"),
            "session": "liar",
            "label": 7,
            "predicted": recogniser.predict(images).argmax(axis=1),
            "image": [image.tobytes() for image in images],
            "strokes": [[stroke.tolist() for stroke in drawing] for drawing in ones],
            "review": "pending",
        }
    )
    both = pd.concat([correct, lies], ignore_index=True)
    found = disputed(both, recogniser)
    assert found[len(correct) :].mean() > 0.9
    assert found[: len(correct)].mean() < 0.03


def test_an_accepted_label_is_never_disputed(correct, recogniser):
    wrong = correct.assign(label=(correct.label + (correct.index < 40)) % 10)
    wrong.loc[:19, "review"] = "accepted"
    found = disputed(wrong, recogniser)
    assert not found[:20].any()
    assert found[20:40].mean() > 0.8


def test_labels_are_compared_with_what_image_and_strokes_show(few, recogniser):
    rows = few[:10].reset_index(drop=True)
    rows["strokes"] = [strokes if n < 5 else [] for n, strokes in enumerate(rows.strokes)]
    found = label_errors.cross_validated_probabilities(recogniser, submissions_of(rows))
    drawn = recogniser.read([[np.array(s) for s in strokes] for strokes in rows.strokes[:5]])
    images = recogniser.predict(row_images(rows))
    np.testing.assert_allclose(found[:5], drawn, atol=1e-5)
    np.testing.assert_allclose(found[5:], images[5:], atol=1e-5)
    assert np.abs(found[:5] - images[:5]).max() > 1e-4
    assert not disputed(rows, recogniser).any()


def test_few_sketches_or_none_are_no_problem(correct, recogniser):
    assert len(disputed(correct[:0], recogniser)) == 0
    some = correct[:20]
    most_confident = read(recogniser, submissions_of(some)).max(axis=1).argmax()
    wrong = some.assign(label=(some.label + 5 * (some.index == most_confident)) % 10)
    assert np.flatnonzero(disputed(wrong, recogniser)).tolist() == [most_confident]


def test_labels_are_disputed_where_all_sketches_are_of_one_digit(correct, recogniser):
    threes = correct[correct.label == 3].reset_index(drop=True)
    assert not disputed(threes, recogniser).any()
    assert disputed(threes.assign(label=5), recogniser).mean() > 0.8
    assert disputed(correct[:1], recogniser).tolist() == [False]
    assert disputed(correct.assign(label=7), recogniser)[correct.label != 7].mean() > 0.8


def test_rejected_duplicate_and_disputed_rows_are_left_out_and_visits_stay_whole(few, recogniser):
    frame = pd.concat([few, few[:30].assign(id=[f"copy {i}" for i in range(30)])])
    frame = frame.reset_index(drop=True)
    frame.loc[40:49, "review"] = "rejected"
    most_confident = 60 + read(recogniser, submissions_of(few[60:])).max(axis=1).argmax()
    frame.loc[most_confident, "label"] = (frame.label[most_confident] + 5) % 10
    found = selection.select(frame, recogniser)
    assert (found.rejected, found.duplicates) == (10, 30)
    assert f"{most_confident:05}" in set(found.disputed.id)
    assert found.usable == 80 - len(found.disputed)
    assert found.insufficient_reason(50) == ""
    assert "refining needs 1000" in found.insufficient_reason(1000)
    assert len(found.folds) == selection.FOLDS
    for fold in found.folds:
        parts = [{s.visit for s in part} for part in (*found.without(fold), fold)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert set.union(*parts) == set(few.session)
    new = [sketch.id for sketch in found.new]
    assert sorted(new) == sorted(sketch.id for sketch in found.train)


@pytest.mark.parametrize(
    "labels, reviews, kept, is_disputed",
    [
        ((0, 0), ("pending", "pending"), 0, False),
        ((0, 0), ("pending", "rejected"), None, False),
        ((0, 5), ("pending", "rejected"), None, False),
        ((0, 5), ("pending", "pending"), None, True),
        ((0, 5), ("pending", "accepted"), 5, False),
        ((0, 5), ("rejected", "accepted"), 5, False),
        ((0, 0), ("accepted", "rejected"), 0, False),
    ],
)
def test_of_duplicates_one_is_kept_and_a_review_decides_which(
    few, recogniser, labels, reviews, kept, is_disputed
):
    """`labels` are offsets from the correct label, `kept` is that of the row to train on."""
    label = few.label[0]
    copies = few.iloc[[0, 0]].assign(
        id=["first", "copy"], label=[(label + off) % 10 for off in labels], review=reviews
    )
    frame = pd.concat([copies, few[1:]], ignore_index=True)
    found = selection.select(frame, recogniser)
    usable = [s for s in (*found.train, *found.validation) if s.id in ("first", "copy")]
    assert [s.label for s in usable] == ([] if kept is None else [(label + kept) % 10])
    assert (set(found.disputed.id) & {"first", "copy"} != set()) is is_disputed
    shown = label_errors.with_disputed(frame, recogniser).disputed[:2].tolist()
    differ = labels[0] != labels[1] and "rejected" not in reviews
    assert shown == [differ and review == "pending" for review in reviews]


def test_a_disputed_label_stays_disputed_until_a_person_accepts_it(few, recogniser, tmp_path):
    store = Store(tmp_path / "digits.duckdb")
    wrong = few.assign(label=(few.label + 5 * (few.index == 7)) % 10)
    assert "00007" in set(selection.select(wrong, recogniser).disputed.id)
    label_errors.record_disputed(store, selection.select(wrong, recogniser).disputed, recogniser)
    label_errors.record_disputed(store, few[few.id == "00009"], recogniser)
    label_errors.record_disputed(store, few[few.id == "00009"], recogniser)
    assert len(store.runs()) == 2  # known ids are not recorded again
    before = label_errors.recorded_disputed(store)
    assert {"00007", "00009"} <= before
    later = selection.select(few, recogniser, before)
    assert {"00007", "00009"} <= set(later.disputed.id)
    assert {"00007", "00009"} <= set(
        few.id[label_errors.with_disputed(few, recogniser, before).disputed]
    )
    accepted = few.assign(review=few.review.where(few.id != "00009", "accepted"))
    usable = selection.select(accepted, recogniser, before)
    assert "00009" in {s.id for s in (*usable.train, *usable.validation)}


@pytest.mark.parametrize("key", ["lineage", "pedigree"])
def test_only_visits_that_the_model_was_not_trained_on_test_it(few, recogniser, monkeypatch, key):
    frame = few.assign(session=[f"visit {2 + number // 20}" for number in range(90)])
    known = frame.id[frame.session.isin(["visit 2", "visit 3"])][:30].tolist()
    monkeypatch.setitem(recogniser.card, "lineage", {})
    monkeypatch.setitem(recogniser.card, key, {"submissions": known})
    found = selection.select(frame, recogniser)
    assert {sketch.visit for sketch in found.new} == {"visit 4", "visit 5", "visit 6"}
    assert {"visit 2", "visit 3"} <= {sketch.visit for sketch in found.train}
    for new, visits in ((0, []), (20, ["visit 3"]), (40, ["visit 3", "visit 4"])):
        trained = frame.id[~frame.session.isin(visits)].tolist()
        monkeypatch.setitem(recogniser.card, key, {"submissions": trained})
        found = selection.select(frame, recogniser)
        assert found.insufficient_reason(50).startswith(
            f"{new} usable submissions are from {len(visits)} visits that the model was not trained"
        )


def test_the_same_visits_validate_in_every_run():
    assert [n for n in range(40) if selection.is_validation_session(f"visit {n}")] == [
        1,
        16,
        29,
        34,
    ]
    assert np.mean([selection.is_validation_session(f"{n}") for n in range(4000)]) == pytest.approx(
        0.1, abs=0.015
    )
