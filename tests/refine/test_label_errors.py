"""Wrong labels, by slip or on purpose, are set aside; honest hands are not."""

import numpy as np
import pandas as pd
import pytest

from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.refine import label_errors, selection
from digitlib.store.store import Store
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw_many

VISITS = 40


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(BUNDLED)


@pytest.fixture(scope="module")
def honest(recogniser: Recogniser) -> pd.DataFrame:
    """800 sketches by 40 visits, as the submissions' table holds them, labelled as meant."""
    drawings, labels = draw_many(800, seed=11)
    images = np.stack([rasterise(drawing) for drawing in drawings])
    return pd.DataFrame(
        {
            "id": [f"{number:05}" for number in range(800)],
            "submitted_at": pd.date_range("2026-01-01", periods=800, freq="min"),
            "session": [f"visit {number % VISITS}" for number in range(800)],
            "label": labels,
            "predicted": recogniser.predict(images).argmax(axis=1),
            "image": [image.tobytes() for image in images],
            "strokes": [[stroke.tolist() for stroke in drawing] for drawing in drawings],
            "review": "pending",
        }
    )


def marks(frame: pd.DataFrame, recogniser: Recogniser) -> np.ndarray:
    return label_errors.with_disputed(frame, recogniser).disputed.to_numpy(bool)


def test_hardly_any_honest_label_is_disputeded(honest, recogniser):
    assert marks(honest, recogniser).mean() < 0.02


def test_labels_that_are_wrong_at_random_are_suspected(honest, recogniser):
    generator = np.random.default_rng(0)
    wrong = generator.random(len(honest)) < 0.2
    labels = honest.label + wrong * generator.integers(1, 10, len(honest))
    found = marks(honest.assign(label=labels % 10), recogniser)
    assert found[wrong].mean() > 0.9
    assert found[~wrong].mean() < 0.03


def test_a_prolific_visit_that_labels_every_1_as_7_is_disputeded(honest, recogniser):
    drawings, labels = draw_many(3000, seed=12)
    ones = [drawing for drawing, label in zip(drawings, labels, strict=True) if label == 1][:200]
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
    both = pd.concat([honest, lies], ignore_index=True)
    found = marks(both, recogniser)
    assert found[len(honest) :].mean() > 0.9
    assert found[: len(honest)].mean() < 0.03


def test_a_person_that_accepted_a_label_has_the_last_word(honest, recogniser):
    wrong = honest.assign(label=(honest.label + (honest.index < 40)) % 10)
    assert marks(wrong, recogniser)[:40].mean() > 0.8
    assert not marks(wrong.assign(review="accepted"), recogniser).any()


def test_none_and_few_are_judged_too(honest, recogniser):
    assert len(marks(honest[:0], recogniser)) == 0
    few = honest[:20].assign(label=[(honest.label[0] + 5) % 10, *honest.label[1:20]])
    assert marks(few, recogniser).tolist() == [True] + [False] * 19


def test_sketches_of_one_digit_alone_are_judged_too(honest, recogniser):
    threes = honest[honest.label == 3].reset_index(drop=True)
    assert not marks(threes, recogniser).any()
    assert marks(threes.assign(label=5), recogniser).mean() > 0.8
    assert marks(honest[:1], recogniser).tolist() == [False]
    assert marks(honest.assign(label=7), recogniser)[honest.label != 7].mean() > 0.8


def test_the_rejected_copies_and_suspects_are_left_out_and_visits_kept_apart(honest, recogniser):
    frame = pd.concat([honest, honest[:30].assign(id=[f"copy {i}" for i in range(30)])])
    frame = frame.reset_index(drop=True)
    frame.loc[100:109, "review"] = "rejected"
    frame.loc[200, "label"] = (frame.label[200] + 5) % 10
    found = selection.select(frame, recogniser)
    assert (found.rejected, found.duplicates) == (10, 30)
    assert "00200" in set(found.disputeds.id)
    assert found.usable == 790 - len(found.disputeds)
    assert found.insufficient_reason(100) == ""
    assert "refining starts with 1000" in found.insufficient_reason(1000)
    assert len(found.folds) == selection.FOLDS
    for fold in found.folds:
        parts = [{sketch.writer for sketch in part} for part in found.without(fold)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert set.union(*parts) == set(honest.session)
    judged = [sketch.id for sketch in found.new]
    assert sorted(judged) == sorted(sketch.id for sketch in found.train)


@pytest.mark.parametrize(
    "labels, reviews, learnt, is_disputed",
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
def test_copies_are_one_drawing_and_a_person_decides(
    honest, recogniser, labels, reviews, learnt, is_disputed
):
    """`labels` are how far off they are."""
    label = honest.label[0]
    copies = honest.iloc[[0, 0]].assign(
        id=["first", "copy"], label=[(label + off) % 10 for off in labels], review=reviews
    )
    frame = pd.concat([copies, honest[1:]], ignore_index=True)
    found = selection.select(frame, recogniser)
    kept = [s for s in (*found.train, *found.validation) if s.id in ("first", "copy")]
    assert [s.label for s in kept] == ([] if learnt is None else [(label + learnt) % 10])
    assert (set(found.disputeds.id) & {"first", "copy"} != set()) is is_disputed
    shown = label_errors.with_disputed(frame, recogniser).disputed[:2].tolist()
    differ = labels[0] != labels[1] and "rejected" not in reviews
    assert shown == [differ and review == "pending" for review in reviews]


def test_what_was_contradicted_once_waits_until_a_person_accepts_it(honest, recogniser, tmp_path):
    store = Store(tmp_path / "digits.duckdb")
    wrong = honest.assign(label=(honest.label + 5 * (honest.index == 7)) % 10)
    assert "00007" in set(selection.select(wrong, recogniser).disputeds.id)
    label_errors.record_disputed(store, selection.select(wrong, recogniser).disputeds, recogniser)
    label_errors.record_disputed(store, honest[honest.id == "00009"], recogniser)
    label_errors.record_disputed(store, honest[honest.id == "00009"], recogniser)
    assert len(store.runs()) == 2  # what is known isn't said again
    before = label_errors.recorded_disputed(store)
    assert {"00007", "00009"} <= before
    later = selection.select(honest, recogniser, before)
    assert {"00007", "00009"} <= set(later.disputeds.id)
    assert {"00007", "00009"} <= set(
        honest.id[label_errors.with_disputed(honest, recogniser, before).disputed]
    )
    accepted = honest.assign(review=honest.review.where(honest.id != "00009", "accepted"))
    learnt = selection.select(accepted, recogniser, before)
    assert "00009" in {s.id for s in (*learnt.train, *learnt.validation)}


def test_a_model_is_judged_by_visits_that_it_has_not_learnt_from(honest, recogniser, monkeypatch):
    learnt = honest.id[honest.session.isin(["visit 2", "visit 3"])][:30].tolist()
    monkeypatch.setitem(recogniser.card, "lineage", {"submissions": learnt})
    found = selection.select(honest, recogniser)
    assert not {"visit 2", "visit 3"} & {sketch.writer for sketch in found.new}
    assert {"visit 2", "visit 3"} <= {sketch.writer for sketch in found.train}
    monkeypatch.setitem(recogniser.card, "pedigree", {"submissions": honest.id.tolist()})
    assert "None of the" in selection.select(honest, recogniser).insufficient_reason(100)
    rest = honest.id[honest.session != "visit 3"].tolist()
    monkeypatch.setitem(recogniser.card, "lineage", {"submissions": rest})
    assert "20 are of visits that the model doesn't know, and all of these of one;" in (
        selection.select(honest, recogniser).insufficient_reason(100)
    )
    rest = honest.id[~honest.session.isin(["visit 3", "visit 4"])].tolist()
    monkeypatch.setitem(recogniser.card, "lineage", {"submissions": rest})
    assert "all of these of two; to judge it by other people's sketches, 20 of three visits" in (
        selection.select(honest, recogniser).insufficient_reason(100)
    )


def test_the_visits_that_are_chosen_by_never_change():
    assert [n for n in range(40) if selection.is_validation_session(f"visit {n}")] == [
        1,
        16,
        29,
        34,
    ]
    assert np.mean([selection.is_validation_session(f"{n}") for n in range(4000)]) == pytest.approx(
        0.1, abs=0.015
    )
