"""The evaluation notebook, and that a model is only tested on what it never saw."""

import json

import numpy as np
import pytest

from digitlib import examination
from digitlib.recogniser import BUNDLED, Recogniser
from digitlib.store import Store
from digitlib.strokes import Sketch
from digitlib.synthesis import draw_many


@pytest.fixture(scope="module")
def bundled() -> Recogniser:
    return Recogniser.load(BUNDLED)


def test_exported_submissions_are_no_pens_of_unseen_writers(bundled, monkeypatch):
    square = [np.array([[0.0, 0.0], [1.0, 1.0]])]
    sketches = [
        Sketch(str(n), 1, square, source, "w") for n, source in enumerate(["submission", "pen"])
    ]
    monkeypatch.setattr(examination.datasets, "load_sketches", lambda: sketches)
    card = {**bundled.card, "data": {"name": "mnist"}}
    assert [sketch.id for sketch in examination.pen_digits(card).sketches] == ["1"]
    monkeypatch.setattr(examination.datasets, "load_sketches", lambda: sketches[:1])
    assert examination.pen_digits(card) is None


def test_pens_are_those_of_writers_whom_the_model_never_saw(bundled, pens):
    exam = examination.pen_digits(bundled.card)
    assert exam is not None
    assert len(exam.sketches) == bundled.card["data"]["sketches"]["test"]
    everything = examination.pen_digits({**bundled.card, "data": {"name": "mnist"}})
    assert everything is not None
    assert len(everything.sketches) == len(pens) > len(exam.sketches)
    (result,) = examination.sat(bundled, [exam, None])
    assert result.accuracy.value == pytest.approx(
        bundled.card["metrics"]["sketch_accuracy"], abs=0.003
    )
    by_source = result.by([sketch.source for sketch in exam.sketches])
    assert sum(found.n for found in by_source.values()) <= result.accuracy.n


def test_submissions_count_once_accepted_and_if_their_visit_was_never_learnt_from(bundled):
    store, ids = Store(), []
    for strokes, label in zip(*draw_many(4, seed=1), strict=True):
        ids.append(
            store.submit(strokes=strokes, label=int(label), recogniser=bundled, session="visit 0")
        )
    assert examination.reviewed_submissions(bundled.card, store.submissions().df()) is None
    for id in ids[:3]:
        store.review(id, "accepted")
    exam = examination.reviewed_submissions(bundled.card, store.submissions().df())
    assert exam is not None and len(exam.digits.labels) == 3
    refined = {**bundled.card, "pedigree": {"parent": "another", "submissions": [str(ids[3])]}}
    assert examination.reviewed_submissions(refined, store.submissions().df()) is None
    strokes, label = (part[0] for part in draw_many(1, seed=2))
    id = store.submit(strokes=strokes, label=int(label), recogniser=bundled, session="visit 1")
    store.review(id, "accepted")
    exam = examination.reviewed_submissions(refined, store.submissions().df())
    assert exam is not None and len(exam.digits.labels) == 1


def test_a_model_is_judged_and_compared(run, outputs):
    run("train", dataset="synthetic", limit=600, epochs=2, architecture="lenet5", run_name="small")
    done = run("evaluate", model="small", baseline="bundled", disturbed=50, qmnist=False)
    found = json.loads((outputs / "reports" / "small" / "report.json").read_text())
    exam = found["exams"]["synthetic test digits"]
    card = Recogniser.named("small").card
    assert exam["accuracy"] == pytest.approx(card["metrics"]["test_accuracy"], abs=0.01)
    assert exam["n"] == 100 and len(exam["recall"]) == 10
    rotation = found["robustness"]["rotation"]
    assert len(rotation["levels"]) == len(rotation["accuracy"])
    beside = found["compared_with_baseline"]["synthetic test digits"]
    assert beside["broken"] > beside["fixed"]  # the bundled model reads better
    assert "Don't trust it yet" in done.text
    assert f"{exam['accuracy']:.2%}" in done.text
    row = Store().runs().project("notebook, model, metrics").fetchone()
    assert row[:2] == ("evaluate", "small")
    assert json.loads(row[2])["exams"]["synthetic test digits"]["n"] == 100
    assert np.isfinite(exam["calibration_error"])


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"baselin": "bundled"}, "Did you mean `baseline`?"),
        ({"qmnist": "perhaps", "disturbed": 20}, "qmnist='perhaps'"),
        ({"model": "nobody"}, "nobody is not a model folder"),
    ],
)
def test_bad_parameters_stop_it_before_it_starts(run, outputs, wrong, words):
    done = run("evaluate", check=False, **wrong)
    assert done.returncode != 0
    assert words in done.log
    assert not outputs.exists()
