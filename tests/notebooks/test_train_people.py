"""`papermill notebooks/train_people.ipynb out.ipynb -p …`: digits, sketches, strokes together."""

from typing import Any

import nbformat
import numpy as np
import pytest
from executing import ROOT

from digitlib.recogniser.model import Recogniser
from digitlib.store.store import Store
from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many
from digitlib.text import percent

SEVEN = [np.array([(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)])]


@pytest.fixture
def submitted(tmp_path, monkeypatch) -> set[str]:
    """The ids of 80 exported submissions, beside 80 other sketches; each half has 40 writers."""
    sketches = [
        Sketch(str(i), int(label), strokes, "drawn", f"writer {i % 40}")
        for i, (strokes, label) in enumerate(zip(*draw_many(160, seed=7), strict=True))
    ]
    exported = [
        sketch._replace(source="submission", writer=f"visit {sketch.writer}")
        for sketch in sketches[:80]
    ]
    folder = tmp_path / "data" / "sketches"
    folder.mkdir(parents=True)
    write_sketches(folder / "exported.parquet", exported)
    write_sketches(folder / "drawn.parquet", sketches[80:])
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    return {sketch.id for sketch in exported}


def test_two_networks_read_images_and_strokes_and_every_cell_shows_something(
    run, outputs, submitted
):
    small = {"dataset": "synthetic", "limit": 400, "epochs": 1, "architecture": "fast"}
    small |= {"nondigit_share": 0.2, "validation_fraction": 0.2, "stroke_epochs": 6}
    done = run("train_people", **small, ensemble=1, run_name="people")
    assert not done.silent
    assert not list((outputs / "models" / "people").glob("checkpoint*"))
    recogniser = Recogniser.load(outputs / "models" / "people")
    assert recogniser.has_stroke_model
    assert recogniser.read([SEVEN]).shape == (1, 10)
    card = recogniser.card
    assert card["parameters"]["preset"] == "people" and card["parameters"]["sketches"]
    assert 0 < card["pen"]["rejection_threshold"] < 1
    assert card["pen"]["parameter_count"] < 100_000
    metrics = card["metrics"]
    assert metrics["sketch_accuracy_with_pen"] > metrics["sketch_accuracy"]
    assert card["data"]["nondigit_share"] == 0.2
    assert "by images and strokes" in done.text
    rejected = f"**{percent(metrics['nondigits_refused'], 1)}** of "
    assert rejected in done.text and "non-digits are rejected" in done.text
    # Split by writer, 80 in all; what was trained on is known, so that refining leaves it out.
    assert card["data"]["train"] == 320
    assert card["data"]["sketches"]["writers"] == 80
    assert metrics["sketch_images"] == card["data"]["sketches"]["test"] == 32
    trained = set(card["lineage"]["submissions"])
    assert len(trained) > 40 and trained < submitted
    with Store() as store:
        assert len(store.runs().fetchall()) == 1


def test_the_cells_that_mix_data_can_be_run_twice(submitted):
    asked = "dataset='synthetic'; limit=400; nondigit_share=0.1"
    namespace: dict[str, Any] = {"In": [], "display": lambda shown: None}
    mixing = []
    for cell in nbformat.read(ROOT / "notebooks" / "train_people.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            if "digit_grid(train.images" in cell.source:
                break
            if "mix_" in cell.source:
                mixing.append(cell.source)
            source = cell.source + f"\n{asked}" * ("parameters" in cell.metadata.get("tags", []))
            namespace["In"].append(cell.source)
            exec(source.replace("%matplotlib inline", ""), namespace)
    counts = [len(namespace[part].labels) for part in ("train", "validation")]
    assert len(mixing) == 2 and counts[0] > 400
    for source in mixing:
        exec(source, namespace)
    assert [len(namespace[part].labels) for part in ("train", "validation")] == counts
