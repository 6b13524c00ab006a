"""The evaluation notebook, and that a model is only tested on what it never saw."""

import json

import numpy as np
import pytest

from digitlib import text
from digitlib.datasets import qmnist
from digitlib.evaluation import evaluation_sets as sets
from digitlib.evaluation.evaluation_sets import EvaluationSet, MissingSet
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.refine import label_errors
from digitlib.store.store import Store
from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many
from digitlib.training import architectures, export


@pytest.fixture(scope="module")
def bundled() -> Recogniser:
    return Recogniser.load(BUNDLED)


def test_exported_submissions_are_no_pens_of_unseen_writers(bundled, monkeypatch):
    square = [np.array([[0.0, 0.0], [1.0, 1.0]])]
    sketches = [
        Sketch(str(n), 1, square, source, "w") for n, source in enumerate(["submission", "pen"])
    ]
    monkeypatch.setattr(sets.datasets, "load_sketches", lambda: sketches)
    card = {**bundled.card, "data": {"name": "mnist"}}
    assert [sketch.id for sketch in sets.pen_test_set(card).sketches] == ["1"]
    monkeypatch.setattr(sets.datasets, "load_sketches", lambda: sketches[:1])
    assert isinstance(sets.pen_test_set(card), MissingSet)


def test_pens_are_those_of_writers_whom_the_model_never_saw(bundled, pens):
    exam = sets.pen_test_set(bundled.card)
    assert isinstance(exam, EvaluationSet)
    assert len(exam.sketches) == bundled.card["data"]["sketches"]["test"]
    everything = sets.pen_test_set({**bundled.card, "data": {"name": "mnist"}})
    assert isinstance(everything, EvaluationSet)
    assert len(everything.sketches) == len(pens) > len(exam.sketches)
    (result,) = sets.evaluate(bundled, [exam, MissingSet("another", "there is none")])
    assert result.accuracy.value == pytest.approx(
        bundled.card["metrics"]["sketch_accuracy_with_pen"], abs=0.003
    )
    by_source = sets.results_by_group(result)["collection"]
    assert sum(found.n for found in by_source.values()) <= result.accuracy.n


def test_two_models_are_compared_on_what_neither_learnt_from(bundled, pens, tmp_path, drawn):
    """A baseline that learnt from most writers would be flattered by their digits."""
    stranger = architectures.build("fast")
    card = {**bundled.card, "architecture": "fast", "ensemble": 1, "pen": {}, "temperature": 1.0}
    export.write_model(tmp_path, stranger, {**card, "data": {"name": "mnist"}})
    stranger = Recogniser(tmp_path)
    nothing = label_errors.with_disputed(Store().submissions().df(), bundled)
    some = sets.EvaluationSet("drawn", drawn)
    results = sets.evaluate(stranger, [sets.pen_test_set(stranger.card), some])
    assert results[0].accuracy.n == len(pens)
    found = sets.compare_results(results, stranger, bundled, nothing)
    assert found["drawn"].n == 300
    unseen = sets.pen_test_set(bundled.card)
    assert found["pen digits of unseen writers"].n == len(unseen.sketches)
    (again,) = sets.evaluate(bundled, [unseen])
    assert (
        sets.compare_results([again], bundled, stranger, nothing)[unseen.name].n
        == found[unseen.name].n
    )


def test_submissions_count_unless_contradicted_or_their_visit_was_learnt_from(bundled):
    store, ids = Store(), []

    def exam(card=bundled.card):
        rows = label_errors.with_disputed(store.submissions().df(), bundled)
        return sets.submission_test_set(rows, card)

    assert isinstance(exam(), MissingSet) and "none that are new" in sets.describe_test_sets(
        [exam()]
    )
    drawings, labels = draw_many(6, seed=1)
    for number, (strokes, label) in enumerate(zip(drawings, labels.tolist(), strict=True)):
        wrong = label if number < 4 else (label + 1) % 10
        ids.append(
            store.submit(strokes=strokes, label=wrong, recogniser=bundled, session="visit 0")
        )
    assert len(exam().digits.labels) == 4
    store.review(ids[4], "accepted")
    store.review(ids[0], "rejected")
    assert sorted(exam().digits.labels.tolist()) == sorted([*labels[1:4], (labels[4] + 1) % 10])
    (result,) = sets.evaluate(bundled, [exam()])
    np.testing.assert_array_equal(result.probability, bundled.read(exam().drawings))
    refined = {**bundled.card, "lineage": {"parent": "another", "submissions": [str(ids[3])]}}
    assert isinstance(exam(refined), MissingSet)
    strokes, label = (part[0] for part in draw_many(1, seed=2))
    store.submit(strokes=strokes, label=int(label), recogniser=bundled, session="visit 1")
    assert len(exam(refined).digits.labels) == 1


def test_an_exam_that_cant_be_had_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    def no_network(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("torchvision.datasets.QMNIST", no_network)
    missing = sets.qmnist_test_set(tmp_path)
    assert "(no network)" in sets.describe_test_sets([missing])
    assert not list(tmp_path.iterdir())
    raw = tmp_path / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, (kind, shape) in qmnist.FILES.items():
        held = np.full(shape, 7, kind)
        (raw / name).write_bytes(bytes(4 + 4 * len(shape)) + held.tobytes())
    exam = sets.qmnist_test_set(tmp_path)
    assert isinstance(exam, EvaluationSet) and exam.digits.labels.unique().tolist() == [7]
    assert exam.digits.images.shape == (50_000, 28, 28)
    (raw / name).write_bytes(b"cut short")
    assert f"{raw / name} is broken or truncated" in sets.qmnist_test_set(tmp_path).reason


def test_a_model_of_drawn_digits_is_tested_on_mnist_where_it_is(
    tmp_path, monkeypatch, bundled, mnist
):
    card = {**bundled.card, "data": {"name": "synthetic"}}
    card["parameters"] = {**card["parameters"], "limit": 600}
    named = [exam.name for exam in sets.original_test_sets(card) if isinstance(exam, EvaluationSet)]
    assert named == ["synthetic test digits", "MNIST's test set"]
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path))
    drawn, missing = sets.original_test_sets(card)
    assert isinstance(drawn, EvaluationSet) and isinstance(missing, MissingSet)
    assert missing.name == "MNIST's test set" and not list(tmp_path.iterdir())


def test_a_model_is_judged_and_compared(run, outputs, tmp_path, monkeypatch):
    (tmp_path / "data" / "sketches").mkdir(parents=True)
    drawn = [
        Sketch(str(n), int(label), strokes, "drawn", f"hand {n % 6}")
        for n, (strokes, label) in enumerate(zip(*draw_many(120, seed=4), strict=True))
    ]
    write_sketches(tmp_path / "data" / "sketches" / "drawn.parquet", drawn)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    (outputs / "reports" / "small").mkdir(parents=True)  # an earlier one's, that must stay
    run("train", dataset="synthetic", limit=600, epochs=2, architecture="lenet5", run_name="small")
    done = run("evaluate", model="small", baseline="bundled", disturbed=100, qmnist=False)
    assert "small, of" in done.text and "compared with bundled" in done.text
    assert "without MNIST's test set" in done.text and "of 6 writers are read" in done.text
    folder = outputs / "reports" / "small-2"
    assert f"figures lie in {folder}" in done.text
    assert {"accuracy.png", "confusion.svg", "calibration.png"} <= {
        p.name for p in folder.iterdir()
    }
    found = json.loads((folder / "report.json").read_text())
    assert (found["model"]["name"], found["baseline"]["name"]) == ("small", "bundled")
    assert found["hands"]["collection"]["drawn"]["n"] == 120
    assert found["disturbed"] == 100 and found["seconds"] > 0
    exam = found["exams"]["synthetic test digits"]
    small = Recogniser.named("small")
    images, labels = sets.original_test_sets(small.card)[0].digits
    right = small.predict(images.numpy()).argmax(axis=1) == labels.numpy()
    assert exam["accuracy"] == pytest.approx(right.mean())
    assert exam["accuracy"] == pytest.approx(small.card["metrics"]["test_accuracy"], abs=0.01)
    assert exam["n"] == 100 and len(exam["recall"]) == 10
    assert np.trace(exam["confusion"]) == pytest.approx(100 * exam["accuracy"])
    assert len(exam["refusal"]["refused"]) == len(exam["refusal"]["accuracy"])
    assert exam["calibration"]["doubt"] and found["robustness"].keys() == found["holds_to"].keys()
    rotation = found["robustness"]["rotation"]
    assert len(rotation["levels"]) == len(rotation["accuracy"])
    beside = found["compared_with_baseline"]["synthetic test digits"]
    assert beside["broken"] > beside["fixed"] and beside["p_two_sided"] < 0.001
    assert "**bundled** reads better" in done.text
    assert "Don't trust it yet" in done.text
    assert text.percent(exam["accuracy"]) in done.text
    row = Store().runs().project("notebook, model, metrics").fetchone()
    assert row[:2] == ("evaluate", "small")
    kept = json.loads(row[2])
    assert kept["exams"]["synthetic test digits"]["n"] == 100
    assert found["verdict"].startswith(kept["verdict"]) and found["verdict"] in done.text
    assert kept["report"] == str(folder) and "confusion" not in str(kept)
    assert np.isfinite(exam["calibration_error"])
