"""Runs never share a folder; an interrupted one is found again; promotion is atomic."""

import multiprocessing
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digitlib import models, recogniser, runs
from digitlib.recogniser import Recogniser


def claim(folder: Path) -> str:
    return runs.start(folder, "same").name


def make_model(name: str) -> Path:
    folder = recogniser.models_dir() / name
    folder.mkdir(parents=True)
    card = {"name": name, "architecture": "fast", "temperature": 1.0}
    models.write_model(folder, models.build("fast"), card)
    return folder


def test_eight_runs_at_once_get_eight_names(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        names = pool.map(claim, [tmp_path] * 8, chunksize=1)
    assert len(set(names)) == 8


def test_a_finished_name_is_not_used_again(tmp_path):
    first = runs.finish(runs.start(tmp_path, "mine"))
    assert first == tmp_path / "mine"
    assert runs.start(tmp_path, "mine").name == "mine-2"


def test_without_a_name_the_time_is_the_name(tmp_path):
    assert runs.start(tmp_path).name.startswith("20")


def test_only_an_interrupted_run_is_resumed(tmp_path):
    with pytest.raises(ValueError, match="no interrupted run named 'x'"):
        runs.start(tmp_path, "x", resume=True)
    run = runs.start(tmp_path, "x")
    run.checkpoint().write_text("something")
    with pytest.raises(ValueError, match="still going on"):
        runs.start(tmp_path, "x", resume=True)
    run.lock.release()
    assert runs.start(tmp_path, "", resume=True).folder == run.folder


def test_a_folder_that_cannot_be_written_is_named_with_the_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/models can't be written to.*DIGITS_OUTPUTS_DIR"):
        runs.start(tmp_path / "file" / "models", "x")


def test_promotion_and_the_way_back():
    make_model("one")
    make_model("two")
    recogniser.promote("one")
    recogniser.promote("two")
    assert Recogniser.load().name == "two"
    assert recogniser.roll_back().name == "one"
    assert Recogniser.load().name == "one"
    assert recogniser.roll_back() == recogniser.BUNDLED
    with pytest.raises(ValueError, match="none to go back to"):
        recogniser.roll_back()


def test_an_unsound_model_is_not_promoted():
    make_model("sound")
    recogniser.promote("sound")
    broken = recogniser.models_dir() / "broken"
    shutil.copytree(recogniser.models_dir() / "sound", broken)
    (broken / "model.onnx").write_bytes(b"no")
    with pytest.raises(ValueError, match="broken model"):
        recogniser.promote("broken")
    with pytest.raises(ValueError, match=r"lacks model\.safetensors"):
        recogniser.promote("missing")
    assert Recogniser.load().name == "sound"


def test_a_promoted_model_that_is_gone_is_explained():
    folder = make_model("gone")
    recogniser.promote("gone")
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="Promote another or delete"):
        Recogniser.load()


def test_promote_and_rollback_are_one_command_each():
    make_model("mine")
    for command, serving in ((["promote", "mine"], "mine serves"), (["rollback"], "serves")):
        done = subprocess.run(
            [sys.executable, "-m", "digitlib.recogniser", *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert serving in done.stdout, done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "digitlib.recogniser", "promote", "nobody"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not a model folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_an_image_is_refused():
    reader = Recogniser(make_model("reader"))
    for images in (np.zeros((1, 28, 28)), np.zeros((28, 28), np.uint8)):
        with pytest.raises(ValueError, match=r"\(n, 28, 28\) uint8"):
            reader.predict(images)
