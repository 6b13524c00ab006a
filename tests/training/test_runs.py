"""Runs never share a folder; an interrupted one is found again; promotion is atomic."""

import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from digitlib import settings
from digitlib.recogniser import locations, registry
from digitlib.recogniser.model import Recogniser
from digitlib.training import architectures, export, runs

GOING_ON = []  # a run that nobody holds any more counts as killed


def claim(folder: Path) -> str:
    GOING_ON.append(runs.start(folder, "same"))
    return GOING_ON[-1].name


@cache
def written() -> dict[str, bytes]:
    """The files of a model: all have the same weights here, since each export takes seconds."""
    with tempfile.TemporaryDirectory() as name:
        card = {"architecture": "fast", "temperature": 1.0}
        export.write_model(Path(name), architectures.build("fast"), card)
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


def make_model(name: str) -> Path:
    folder = locations.models_dir() / name
    folder.mkdir(parents=True)
    for file, content in written().items():
        (folder / file).write_bytes(content)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "name": name}))
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


def test_what_a_killed_run_left_goes_unless_it_can_be_resumed(tmp_path):
    going_on = runs.start(tmp_path, "going on")
    killed, resumable = tmp_path / "killed.partial", tmp_path / "resumable.partial"
    for folder, file in ((killed, "card.json"), (resumable, "checkpoint.pt")):
        folder.mkdir()
        (folder / file).write_text("something")
    (tmp_path / ".current.7.partial").write_text("left by a promotion that was killed")
    runs.start(tmp_path, "killed")
    assert not (killed / "card.json").exists()
    assert resumable.exists() and going_on.folder.exists()


def test_a_run_that_ends_is_not_taken_for_a_killed_one(tmp_path, monkeypatch):
    run = runs.start(tmp_path, "ending")
    (run.folder / "card.json").write_text("learnt")
    other, release = threading.Thread(target=runs.start, args=(tmp_path, "other")), run.lock.release

    def released() -> None:
        release()
        other.start()
        other.join(1)  # all the time that it takes, were it not made to wait

    monkeypatch.setattr(run.lock, "release", released)
    folder = runs.finish(run)
    other.join()
    assert (folder / "card.json").read_text() == "learnt"


def test_an_interrupted_run_says_how_to_go_on_if_there_is_a_way(tmp_path):
    run = runs.start(tmp_path, "x")
    with (
        pytest.raises(KeyboardInterrupt, match="no pass had ended; begin again"),
        runs.resumable(run),
    ):
        raise KeyboardInterrupt
    run.checkpoint().write_text("something")
    with pytest.raises(KeyboardInterrupt, match="resume true -p run_name x"), runs.resumable(run):
        raise KeyboardInterrupt


def test_a_run_that_goes_wrong_leaves_nothing_and_a_sound_one_keeps_its_folder(tmp_path):
    run = runs.start(tmp_path, "x")
    with runs.all_or_nothing(run):
        pass
    runs.start(tmp_path, "other")
    assert run.folder.exists()  # nobody takes it for a killed one's between two cells
    with pytest.raises(ValueError, match="wrong"), runs.all_or_nothing(run):
        raise ValueError("wrong")
    assert not run.folder.exists()


def test_a_folder_that_cannot_be_written_is_named_with_the_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/models can't be written to.*DIGITS_OUTPUTS_DIR"):
        runs.start(tmp_path / "file" / "models", "x")


def test_promotion_and_the_way_back():
    make_model("one")
    make_model("two")
    registry.promote("one")
    registry.promote("two")
    assert Recogniser.load().name == "two"
    assert registry.roll_back().name == "one"
    assert Recogniser.load().name == "one"
    assert registry.roll_back() == locations.BUNDLED
    with pytest.raises(ValueError, match="none to go back to"):
        registry.roll_back()


def test_an_unsound_model_is_not_promoted():
    make_model("sound")
    registry.promote("sound")
    broken = locations.models_dir() / "broken"
    shutil.copytree(locations.models_dir() / "sound", broken)
    (broken / "model.onnx").write_bytes(b"no")
    with pytest.raises(ValueError, match="broken model"):
        registry.promote("broken")
    for card in ("[]", '{"pen": true}', '{"rejection_threshold": null}', "{"):
        (broken / "card.json").write_text(card)
        with pytest.raises(ValueError, match="broken model, its card"):
            registry.promote("broken")
    (broken / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"lacks model\.safetensors"):
        registry.promote("broken")
    with pytest.raises(ValueError, match="missing is not a model folder; those beside it: broken"):
        registry.promote("missing")
    assert Recogniser.load().name == "sound"


def test_promoting_what_serves_changes_nothing():
    make_model("one")
    registry.promote("one")
    registry.promote("one")
    assert registry.roll_back() == locations.BUNDLED


@pytest.mark.parametrize("name", ["", ".", "..", "../models/one", "/tmp", "one/", "one\ntwo", " "])
def test_only_a_plain_name_can_be_promoted(name):
    make_model("one")
    with pytest.raises(ValueError, match="plain name"):
        registry.promote(name)
    assert locations.current_model() == locations.BUNDLED


def test_what_is_gone_is_not_rolled_back_to():
    shutil.rmtree((make_model("one"), registry.promote("one"))[0])
    make_model("two")
    registry.promote("two")
    with pytest.raises(ValueError, match="not a model folder"):
        registry.roll_back()
    assert Recogniser.load().name == "two"


def test_a_model_takes_the_place_only_of_the_one_that_it_was_compared_with():
    one, _ = make_model("one"), make_model("two")
    registry.promote("one", instead_of=locations.BUNDLED)
    with pytest.raises(ValueError, match="one serves by now, not bundled"):
        registry.promote("two", instead_of=locations.BUNDLED)
    assert Recogniser.load().name == "one"
    registry.promote("two", instead_of=one)
    assert Recogniser.load().name == "two"


@pytest.mark.parametrize("call", [lambda: registry.promote("two"), registry.roll_back])
def test_a_promotion_or_rollback_cut_short_can_be_done_again(call, monkeypatch):
    for name in ("zero", "one", "two"):
        make_model(name)
    registry.promote("zero")
    registry.promote("one")
    write, written = settings.write_atomically, []

    def cut_short(path, content):
        if written:
            raise KeyboardInterrupt
        written.append(write(path, content))

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(settings, "write_atomically", cut_short)
        call()
    rolled_back = call is registry.roll_back
    assert Recogniser.load().name == ("zero" if rolled_back else "one")
    if not rolled_back:
        call()
        assert registry.roll_back().name == "one"
        assert registry.roll_back().name == "zero"
    assert registry.roll_back() == locations.BUNDLED


def test_of_two_processes_that_promote_at_once_each_leaves_its_trace():
    code = "import sys; from digitlib.recogniser import promote\nfor n in sys.argv[1:]: promote(n)"
    names = [[f"{side}{number}" for number in range(5)] for side in "ab"]
    model = make_model("model")
    for name in names[0] + names[1]:
        shutil.copytree(model, model.with_name(name))
    processes = [subprocess.Popen([sys.executable, "-c", code, *part]) for part in names]
    assert [process.wait(60) for process in processes] == [0, 0]
    served = [locations.current_model().name]
    served += [registry.roll_back().name for _ in range(10)]
    assert sorted(served) == sorted([*names[0], *names[1], "bundled"])
    for part in names:
        assert [name for name in served[::-1] if name in part] == part


def test_a_promoted_model_that_is_gone_is_explained():
    folder = make_model("gone")
    registry.promote("gone")
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="Promote another or delete"):
        Recogniser.load()


def serving_command(*words: str) -> subprocess.CompletedProcess[str]:
    """`python -m digitlib.recogniser`, as people type it."""
    command = [sys.executable, "-m", "digitlib.recogniser", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_promote_and_rollback_are_one_command_each():
    make_model("mine")
    for command, serving in ((["promote", "mine"], "mine serves"), (["rollback"], "serves")):
        done = serving_command(*command)
        assert serving in done.stdout, done.stderr
    done = serving_command("promote", "nobody")
    assert done.returncode == 1
    assert "not a model folder; those beside it: mine" in done.stderr
    assert "Traceback" not in done.stderr
    done = serving_command("promot", "mine")
    assert done.returncode == 1
    assert done.stderr.startswith("Usage: ")


def test_what_is_not_an_image_is_refused():
    reader = Recogniser(make_model("reader"))
    for images in (np.zeros((1, 28, 28)), np.zeros((28, 28), np.uint8)):
        with pytest.raises(ValueError, match=r"\(n, 28, 28\) uint8"):
            reader.predict(images)
