"""A model learns from submissions, also one of an earlier version from an earlier database."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT

from digitlib import refine, training
from digitlib.recogniser import locations
from digitlib.recogniser.model import Recogniser
from digitlib.refine import finetune
from digitlib.store.store import Store
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw_many
from digitlib.training import runs
from digitlib.training.export import read_model

BEFORE = ROOT / "tests" / "fixtures" / "before"


def test_a_model_and_a_database_of_an_earlier_version_serve_and_are_refined_from(
    mnist: Path, tmp_path: Path
):
    for name in ("model", "digits.duckdb"):
        source = BEFORE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    champion, store = Recogniser.load(tmp_path / "model"), Store(tmp_path / "digits.duckdb")
    frame = refine.submissions_table(store)
    assert (len(frame), frame.session.nunique()) == (140, 14)
    images = refine.row_images(frame)
    assert np.mean(champion.predict(images).argmax(axis=1) == frame.label) > 0.8
    selected = refine.select(frame, champion, refine.recorded_disputed(store))
    asked = refine.Refinement(epochs=1, replay=300, least=50, seed=1)
    assert selected.insufficient_reason(asked.least) == ""
    original = training.replay_data(champion.card, asked.replay, asked.seed)
    refined = refine.fine_tune(champion, original, selected.without([]), asked)
    run = runs.start(tmp_path / "models", "after")
    card = refine.refined_card(run, asked, champion.card, selected, refined)
    refine.write_refined(run, refined, card, champion)
    after = Recogniser.load(refine.complete_model(run, card))
    assert after.card["lineage"]["parent"] == "before"
    np.testing.assert_allclose(
        after.predict(images), refined.predict(torch.from_numpy(images.copy())), atol=0.02
    )


def test_a_refined_model_keeps_its_stroke_model(tmp_path: Path):
    parent = Recogniser.load(locations.BUNDLED)
    run = runs.start(tmp_path / "models", "finer")
    card = {**parent.card, "name": "finer"}
    refined = finetune.Refined(read_model(parent.folder), parent.card["temperature"], 0.9)
    refine.write_refined(run, refined, card, parent)
    finer = Recogniser.load(refine.complete_model(run, card))
    drawings, _ = draw_many(20, seed=1)
    images = np.stack([rasterise(strokes) for strokes in drawings])
    np.testing.assert_allclose(finer.read(drawings), parent.read(drawings), atol=1e-4)
    assert np.abs(finer.read(drawings) - finer.predict(images)).max() > 1e-4


@pytest.mark.parametrize("name", ["suspects", "disputed"])
def test_disputed_labels_of_earlier_versions_are_known(name):
    store = Store()
    store.record_run(
        run_name="", notebook=name, parameters={}, metrics={name: ["a", "b"]}, model="m"
    )
    assert refine.recorded_disputed(store) == {"a", "b"}
