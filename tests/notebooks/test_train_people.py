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

SEVEN = [np.array([(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)])]


@pytest.fixture
def drawn_sketches(tmp_path, monkeypatch):
    """A data folder with 100 synthetic sketches of 20 writers."""
    sketches = [
        Sketch(str(i), int(label), strokes, "drawn", f"writer {i % 20}")
        for i, (strokes, label) in enumerate(zip(*draw_many(100, seed=1), strict=True))
    ]
    folder = tmp_path / "data" / "sketches"
    folder.mkdir(parents=True)
    write_sketches(folder / "drawn.parquet", sketches)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))


def test_two_networks_read_images_and_strokes_and_every_cell_shows_something(
    run, outputs, drawn_sketches
):
    small = {"dataset": "synthetic", "limit": 300, "epochs": 1, "architecture": "lenet5"}
    done = run("train_people", **small, ensemble=1, run_name="people")
    assert not done.silent
    recogniser = Recogniser.load(outputs / "models" / "people")
    assert recogniser.has_stroke_model
    assert recogniser.read([SEVEN]).shape == (1, 10)
    card = recogniser.card
    assert card["parameters"]["preset"] == "people" and card["parameters"]["sketches"]
    assert {"sketch_accuracy", "sketch_accuracy_with_pen", "nondigits_refused"} <= set(
        card["metrics"]
    )
    assert card["lineage"] == {"submissions": []}
    assert "by images and strokes" in done.text and "non-digits are rejected" in done.text
    with Store() as store:
        assert len(store.runs().fetchall()) == 1


def test_the_cells_that_mix_data_can_be_run_twice(drawn_sketches):
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
