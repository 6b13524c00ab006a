"""`papermill notebooks/train.ipynb out.ipynb -p …`, as people type it."""

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import forking
import numpy as np
import pytest
from executing import ROOT, papermill

from digitlib.recogniser.locations import BUNDLED, current_model
from digitlib.recogniser.model import Recogniser
from digitlib.store.store import Store
from digitlib.strokes import draw_images
from digitlib.training import replay_data
from digitlib.training.architectures import build
from digitlib.training.export import parameter_count

TINY = {"dataset": "synthetic", "limit": 400, "epochs": 2, "architecture": "lenet5"}


def runs_on_record() -> list[tuple]:
    with Store() as store:
        return store.runs().fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def earlier_model(outputs: Path, name: str) -> dict[str, bytes]:
    """What the folder of a model holds that was there before."""
    return contents(Path(shutil.copytree(BUNDLED, outputs / "models" / name)))


SLOW = {**TINY, "epochs": 4000, "patience": 4000, "run_name": "slow"}


@pytest.fixture
def slow_folder(outputs) -> Path:
    """The folder of a slow run."""
    return outputs / "models" / "slow.partial"


@pytest.fixture
def slow_run(tmp_path, slow_folder):
    """A run in its second epoch or a later one."""
    process = subprocess.Popen(
        papermill("train", tmp_path / "o.ipynb", **SLOW), cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    _wait_for_a_checkpoint(slow_folder, lambda: process.poll() is None)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _wait_for_a_checkpoint(folder: Path, goes_on: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.pt").exists():
        assert goes_on() and time.monotonic() < deadline
        time.sleep(0.1)


def test_a_run_leaves_a_model_its_curves_and_a_row(run, outputs, monkeypatch, on_a_server):
    """From the project's root, in debug mode, with a database server: all as ever."""
    monkeypatch.setenv("DEBUG_MODE", "1")
    done = run("train", **TINY, run_name="tiny", cwd=ROOT)
    folder = outputs / "models" / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.json", "model.onnx", "model.safetensors",
    ]  # fmt: skip
    recogniser = Recogniser.load(folder)
    assert recogniser.predict(np.zeros((2, 28, 28), np.uint8)).shape == (2, 10)
    card = recogniser.card
    assert card["parameters"]["epochs"] == 2
    assert card["data"] == {
        "name": "synthetic", "train": 380, "validation": 20, "test": 100, "warning": "",
    }  # fmt: skip
    assert 0 < card["rejection_threshold"] < 1
    assert card["libraries"]["torch"]
    for suffix in ("png", "svg"):
        assert (outputs / "plots" / f"tiny-curves.{suffix}").stat().st_size > 5000
    assert len(runs_on_record()) == 1
    accuracy = f"{100 * card['metrics']['test_accuracy']:.2f} %"
    assert accuracy in done.text and accuracy in done.log  # not only in the notebook
    assert "Markdown object" not in done.log
    assert "ERROR" not in done.log and "KeyboardInterrupt" not in done.log  # nothing failed
    assert "The validation loss is lowest after epoch " in done.text
    assert done.log.count("\nepoch ") >= 2
    for shown in ("pixel mean", "images per digit", "Conv2d", "learning rate", "gradient norm"):
        assert shown in done.log
    assert current_model() == BUNDLED
    assert not done.silent
    assert "class Crop(nn.Module)" not in done.text and "nn.AvgPool2d(2)" in done.text  # LeNet-5
    assert "loss.backward()" in done.text


def test_without_mnist_the_warning_is_everywhere_and_nothing_is_overwritten(
    run, outputs, tmp_path, monkeypatch
):
    """Two networks, promoted, under a name that is taken, with neither data nor network."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "empty"))
    before = earlier_model(outputs, "tiny")
    asked = {**TINY, "dataset": "auto", "run_name": "tiny", "promote": "true", "ensemble": 2}
    done = run("train", **asked)
    assert contents(outputs / "models" / "tiny") == before
    assert Recogniser.load().name == "tiny-2"
    card = Recogniser.named("tiny-2").card
    assert card["ensemble"] == 2
    assert card["parameter_count"] == 2 * parameter_count(build("lenet5"))
    assert len(list((outputs / "models" / "tiny-2").iterdir())) == 3  # no checkpoint is left
    assert len(runs_on_record()) == 1
    assert "SYNTHETIC" in card["data"]["warning"]
    assert "SYNTHETIC" in done.log
    assert done.text.count("SYNTHETIC") >= 2


def test_own_images_are_trained_on_measured_and_replayed(run, tmp_path, monkeypatch):
    """Kaggle's CSV in the data folder's `images/`, with one bad row."""
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data" / "images").mkdir(parents=True)
    images, labels = draw_images(150, seed=4)
    rows = np.column_stack([labels, images.reshape(150, -1).astype(int)])
    rows[0, 0] = 12
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    file = tmp_path / "data" / "images" / "mine.csv"
    np.savetxt(file, rows, "%d", ",", header=header, comments="")
    done = run("train", **{**TINY, "epochs": 1, "images": "true", "run_name": "own"})
    card = Recogniser.named("own").card
    facts = card["data"]["images"]
    assert facts["train"] + facts["validation"] + facts["test"] == 149
    assert facts["left_out"] == 1
    assert "mine.csv, line 2" in done.log
    assert "accuracy on your own images" in done.log
    assert 0 <= card["metrics"]["own_image_accuracy"] <= 1
    replay = replay_data(card, 100, seed=0)
    assert len(replay.train.labels) == 143  # 30 % of them own images
    assert replay.note == ""
    file.unlink()
    assert "may forget them" in replay_data(card, 100, seed=0).note


def test_ctrl_c_stops_a_run_and_says_how_to_resume_it(slow_run, slow_folder, outputs):
    log = _interrupted(slow_run)
    assert slow_run.returncode != 0
    assert "`-p resume true -p run_name slow`" in log
    assert not (outputs / "models" / "slow").exists()
    assert (slow_folder / "checkpoint.pt").exists()


def test_a_killed_run_can_be_resumed(run, tmp_path, slow_folder, outputs):
    _, *arguments = papermill("train", tmp_path / "o.ipynb", **SLOW)
    process = forking.papermill(arguments, tmp_path, tmp_path / "log")
    _wait_for_a_checkpoint(slow_folder, process.is_alive)
    for kernel in _kernels_below(slow_folder):
        os.kill(kernel, signal.SIGKILL)
    os.killpg(process.pid, signal.SIGKILL)
    _wait_for_release(slow_folder)
    log = run("train", **{**SLOW, "patience": 1, "resume": "true"}).log
    assert "epoch   1  objective" in log  # the log has the earlier epochs too
    assert Recogniser.load(outputs / "models" / "slow").card["parameters"]["resume"]
    assert not slow_folder.exists()


def _interrupted(process: subprocess.Popen) -> str:
    """The log of a run that Ctrl-C ends; pressed again where papermill waits, as people would."""
    for _ in range(12):
        os.killpg(process.pid, signal.SIGINT)
        try:
            return process.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired:
            continue
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


def _wait_for_release(folder: Path) -> None:
    """Until the kernel of a run that was stopped is gone."""
    deadline = time.monotonic() + 30
    while _kernels_below(folder) and time.monotonic() < deadline:
        time.sleep(0.1)


def _kernels_below(folder: Path) -> list[int]:
    """Processes that hold a file of the folder open: kernels that outlived papermill."""
    held = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = [link.readlink() for link in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(file.is_relative_to(folder) for file in files):
            held.append(int(process.name))
    return held


def test_a_full_disk_is_explained_and_earlier_models_stay_whole(run, outputs, tmp_path):
    """A limit on the size of a file stands for the disk: the checkpoint is what hits it."""
    before = earlier_model(outputs, "before")
    command = papermill("train", tmp_path / "full.ipynb", **TINY, run_name="full")
    limit = 600_000  # bytes: a checkpoint of LeNet-5 takes over a million
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert done.returncode != 0
    assert "Make room" in done.stdout + done.stderr
    assert contents(outputs / "models" / "before") == before
    assert not (outputs / "models" / "full").exists()
