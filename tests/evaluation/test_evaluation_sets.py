"""A model is only evaluated on digits that it was not trained on."""

import shutil

import numpy as np
import pytest
from executing import ROOT

from digitlib.datasets import qmnist, splits
from digitlib.evaluation import evaluation_sets as sets
from digitlib.evaluation import results
from digitlib.evaluation.evaluation_sets import EvaluationSet, MissingSet
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.refine import label_errors
from digitlib.store.store import Store
from digitlib.strokes import rasterise
from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many


@pytest.fixture(scope="module")
def bundled() -> Recogniser:
    return Recogniser.load(BUNDLED)


@pytest.fixture(scope="module")
def sketches() -> list[Sketch]:
    """Sketches of 12 writers, 8 each, and a submission."""
    drawn = [
        Sketch(str(n), int(label), strokes, "pen", f"writer {n % 12}")
        for n, (strokes, label) in enumerate(zip(*draw_many(96, seed=4), strict=True))
    ]
    return [*drawn, drawn[0]._replace(id="submitted", source="submission", writer="visit")]


@pytest.fixture
def data(sketches, tmp_path, monkeypatch):
    """A data folder with these sketches alone."""
    (tmp_path / "data" / "sketches").mkdir(parents=True)
    write_sketches(tmp_path / "data" / "sketches" / "pens.parquet", sketches)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def trained_on_pens(card: dict, sketches: list[Sketch]) -> tuple[dict, set[str]]:
    """The card of a model that was trained on pen sketches, and the writers that it never saw."""
    pens = [sketch for sketch in sketches if sketch.source == "pen"]
    parts = splits.split_by_writer(pens, 0.25, seed=0)
    facts = splits.sketch_provenance(parts)
    return {**card, "data": {"name": "mnist", "sketches": facts}}, {s.writer for s in parts.test}


def test_pen_digits_are_those_of_writers_that_the_model_never_saw(bundled, sketches, data):
    card, unseen = trained_on_pens(bundled.card, sketches)
    found = sets.pen_test_set(card)
    assert set(found.writers) == unseen and len(found.digits.labels) == 8 * len(unseen) == 24
    everything = sets.pen_test_set({**card, "data": {"name": "mnist"}})
    assert len(everything.sketches) == 96  # all but the submission
    (result,) = results.evaluate(bundled, [found, MissingSet("another", "there is none")])
    assert (result.accuracy.n, result.accuracy.clusters) == (24, 3)
    groups = results.results_by_group(result)
    assert (groups["collection"]["pen"].n, groups["collection"]["pen"].clusters) == (24, 3)
    assert {name: found.n for name, found in groups["writer"].items()} == dict.fromkeys(unseen, 8)
    assert all(found.has_interval for found in groups["writer"].values())


def test_two_models_are_compared_on_what_neither_was_trained_on(
    bundled, sketches, data, drawn, monkeypatch
):
    """The digits of writers that the baseline was trained on would favour it."""
    model = Recogniser(ROOT / "tests" / "fixtures" / "before" / "model")
    card, _ = trained_on_pens(bundled.card, sketches)
    monkeypatch.setattr(bundled, "card", card)
    test_sets = [sets.pen_test_set(model.card), EvaluationSet("drawn", drawn)]
    found = results.evaluate(model, test_sets)
    assert found[0].accuracy.n == 96
    comparisons = results.compare_results(found, model, bundled)
    assert {name: c.n for name, c in comparisons.items()} == {sets.PENS: 24, "drawn": 300}
    smaller = results.evaluate(bundled, [sets.pen_test_set(bundled.card)])
    assert results.compare_results(smaller, bundled, model)[sets.PENS].n == 24


def test_without_pens_or_with_too_few_writers_the_reason_is_given(bundled, sketches, data):
    write_sketches(data / "sketches" / "pens.parquet", sketches[-1:])
    assert sets.pen_test_set(bundled.card).reason == "there are only submissions"
    older = {"name": "mnist", "sketches": {"sources": ["pen"]}}
    write_sketches(data / "sketches" / "pens.parquet", sketches[:2])
    assert "of 2 writers" in sets.pen_test_set({**bundled.card, "data": older}).reason
    shutil.rmtree(data)
    assert isinstance(sets.pen_test_set(bundled.card), MissingSet)


def test_submissions_count_unless_disputed_or_of_a_visit_that_was_trained_on(bundled):
    store, ids = Store(), []

    def submitted(card=bundled.card):
        rows = label_errors.with_disputed(store.submissions().df(), bundled)
        return sets.submission_test_set(rows, card)

    assert isinstance(submitted(), MissingSet)
    assert "none that are new" in sets.describe_test_sets([submitted()])
    drawings, labels = draw_many(6, seed=1)
    for number, (strokes, label) in enumerate(zip(drawings, labels.tolist(), strict=True)):
        given = label if number < 4 else (label + 1) % 10
        ids.append(
            store.submit(strokes=strokes, label=given, recogniser=bundled, session="visit 0")
        )
    assert (len(submitted().digits.labels), submitted().disputed) == (4, 2)
    assert "| 4 | without 2 disputed labels |" in sets.describe_test_sets([submitted()])
    store.review(ids[4], "accepted")
    store.review(ids[0], "rejected")
    kept = sorted([*labels[1:4], (labels[4] + 1) % 10])
    assert sorted(submitted().digits.labels.tolist()) == kept
    (result,) = results.evaluate(bundled, [submitted()])
    np.testing.assert_array_equal(result.probability, bundled.read(submitted().drawings))
    refined = {**bundled.card, "lineage": {"parent": "another", "submissions": [str(ids[3])]}}
    assert isinstance(submitted(refined), MissingSet)
    strokes, label = (part[0] for part in draw_many(1, seed=2))
    store.submit(strokes=strokes, label=int(label), recogniser=bundled, session="visit 1")
    assert len(submitted(refined).digits.labels) == 1
    store.submit(image=rasterise(strokes), label=int(label), recogniser=bundled, session="visit 2")
    (result,) = results.evaluate(bundled, [submitted(refined)])
    by_image, both = bundled.predict([rasterise(strokes)])[0], bundled.read([strokes])[0]
    assert np.abs(by_image - both).max() > 1e-6
    np.testing.assert_allclose(result.probability, [by_image, both], atol=1e-6)


def test_qmnist_that_is_not_available_says_why_and_leaves_nothing(tmp_path, monkeypatch):
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
    found = sets.qmnist_test_set(tmp_path)
    assert isinstance(found, EvaluationSet) and found.digits.labels.unique().tolist() == [7]
    assert found.digits.images.shape == (50_000, 28, 28)
    (raw / name).write_bytes(b"cut short")
    assert f"{raw / name} is broken or truncated" in sets.qmnist_test_set(tmp_path).reason


def test_a_model_of_synthetic_digits_is_tested_on_mnist_where_it_is(
    tmp_path, monkeypatch, bundled, mnist
):
    card = {**bundled.card, "data": {"name": "synthetic"}}
    card["parameters"] = {**card["parameters"], "limit": 600}
    found = sets.original_test_sets(card)
    assert [part.name for part in found if isinstance(part, EvaluationSet)] == [
        "synthetic test digits",
        "MNIST's test set",
    ]
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    drawn, missing = sets.original_test_sets(card)
    assert isinstance(drawn, EvaluationSet) and isinstance(missing, MissingSet)
    assert missing.name == "MNIST's test set" and not (tmp_path / "data").exists()
