"""The evaluation notebook ends in a verdict and a report, also when the database is busy."""

import json

import nbformat
import numpy as np
import pytest
from executing import ROOT
from filelock import FileLock
from recogniser.models import small_model

from digitlib import evaluation
from digitlib.evaluation import Evaluation, EvaluationParameters, EvaluationSet, MissingSet
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.store.store import Store
from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many


def test_a_model_is_evaluated_and_compared(run, outputs, tmp_path, monkeypatch):
    drawn = [
        Sketch(str(n), int(label), strokes, "drawn", f"writer {n % 12}")
        for n, (strokes, label) in enumerate(zip(*draw_many(120, seed=4), strict=True))
    ]
    (tmp_path / "data" / "sketches").mkdir(parents=True)
    write_sketches(tmp_path / "data" / "sketches" / "drawn.parquet", drawn)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    (outputs / "reports" / "small").mkdir(parents=True)  # an earlier report, which must stay
    small = Recogniser(small_model("small"))
    done = run("evaluate", model="small", baseline="bundled", disturbed=100, qmnist=False)
    assert "small in" in done.text and "compared with bundled" in done.text
    assert "| MNIST's test set | none |" in done.text
    assert "of 12 writers without an error" in done.text
    folder = outputs / "reports" / "small-2"
    assert f"figures are in {folder}" in done.text
    written = {path.name for path in folder.iterdir()}
    assert {"accuracy.png", "confusion.svg", "calibration.png"} <= written
    found = json.loads((folder / "report.json").read_text())
    assert (found["model"]["name"], found["baseline"]["name"]) == ("small", "bundled")
    collection = found["groups"]["collection"]["drawn"]
    assert (collection["n"], collection["clusters"]) == (120, 12)
    assert found["disturbed"] == 100 and found["seconds"] > 0
    synthetic = found["test_sets"]["synthetic test digits"]
    images, labels = evaluation.original_test_sets(small.card)[0].digits
    right = small.predict(images.numpy()).argmax(axis=1) == labels.numpy()
    assert synthetic["accuracy"] == pytest.approx(right.mean())
    assert synthetic["n"] == 100 and len(synthetic["recall"]) == 10
    assert np.trace(synthetic["confusion"]) == right.sum()
    assert len(synthetic["rejection"]["rejected"]) == len(synthetic["rejection"]["accuracy"])
    assert synthetic["calibration"]["expected"] and np.isfinite(synthetic["calibration_error"])
    assert found["robustness"].keys() == found["holds_to"].keys()
    rotation = found["robustness"]["rotation"]
    assert len(rotation["levels"]) == len(rotation["accuracy"])
    comparison = found["compared_with_baseline"]["pen digits of unseen writers"]
    assert comparison["broken"] > comparison["fixed"] and comparison["p_two_sided"] < 0.05
    assert "**No**" in done.text and found["verdict"] in done.text
    notebook, model, metrics = Store().runs().project("notebook, model, metrics").fetchone()
    assert (notebook, model) == ("evaluate", small.name)
    kept = json.loads(metrics)
    assert kept["test_sets"]["synthetic test digits"]["n"] == 100
    assert kept["report"] == str(folder) and "confusion" not in str(kept)


def test_a_busy_database_costs_neither_the_verdict_nor_the_report(tmp_path, drawn):
    """What the notebook does with the database, while another process holds its lock."""
    notebook = nbformat.read(ROOT / "notebooks" / "evaluate.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    (read,) = [cell for cell in code if "store = Store()" in cell]
    verdict, write = (
        next(n for n, cell in enumerate(code) if name in cell)
        for name in ("verdict_headline", "record_run")
    )
    assert verdict < write == len(code) - 1
    known = {"recogniser": Recogniser.load(BUNDLED)}
    exec("from digitlib import evaluation\nfrom digitlib.recogniser import Recogniser", known)
    test_set = EvaluationSet("drawn", drawn)
    results = evaluation.evaluate(known["recogniser"], [test_set])
    found = Evaluation(known["recogniser"], None, results, {}, 0, [], [], {}, 1.0)
    asked, folder = EvaluationParameters(), tmp_path / "report"
    assert "has a row" in evaluation.record_run(Store(), found, asked, "first", folder)
    with FileLock(tmp_path / "digits.duckdb.lock"):
        exec(read.replace("Store()", "Store(lock_timeout=0.1)"), known)
        assert isinstance(known["submitted"], MissingSet)
        assert "busy" in known["submitted"].reason
        refused = evaluation.record_run(known["store"], found, asked, "second", folder)
    assert "no row in the table of runs: The database is busy" in refused
    assert len(Store().runs()) == 1
