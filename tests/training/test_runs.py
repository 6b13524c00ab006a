"""Runs never share a folder; an interrupted run can be resumed, a running one cannot."""

import errno
import multiprocessing
import threading
from pathlib import Path

import forking
import pytest

from digitlib.training import runs

RUNNING = []  # keeps the locks: a run without a lock counts as killed


def claim(folder: Path) -> str:
    RUNNING.append(runs.start(folder, "same"))
    return RUNNING[-1].name


def test_runs_of_one_name_started_at_once_get_different_names(tmp_path):
    forking.import_first()
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
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


def test_a_killed_run_is_removed_unless_it_can_be_resumed(tmp_path):
    going_on = runs.start(tmp_path, "going on")
    killed, resumable = tmp_path / "killed.partial", tmp_path / "resumable.partial"
    for folder, file in ((killed, "card.json"), (resumable, "checkpoint.pt")):
        folder.mkdir()
        (folder / file).write_text("something")
    (tmp_path / ".current.7.partial").write_text("left by a promotion that was killed")
    runs.start(tmp_path, "killed")
    assert not (killed / "card.json").exists()
    assert resumable.exists() and going_on.folder.exists()


def test_a_run_that_is_ending_is_not_removed_as_killed(tmp_path, monkeypatch):
    run = runs.start(tmp_path, "ending")
    (run.folder / "card.json").write_text("trained")
    other, release = threading.Thread(target=runs.start, args=(tmp_path, "other")), run.lock.release

    def released() -> None:
        release()
        other.start()
        other.join(1)  # time enough, if it were not made to wait

    monkeypatch.setattr(run.lock, "release", released)
    folder = runs.finish(run)
    other.join()
    assert (folder / "card.json").read_text() == "trained"


def test_an_interrupted_run_says_how_to_go_on(tmp_path):
    run = runs.start(tmp_path, "x")
    with (
        pytest.raises(KeyboardInterrupt, match="start again: no epoch had ended"),
        runs.resumable(run),
    ):
        raise KeyboardInterrupt
    run.checkpoint().write_text("something")
    with pytest.raises(KeyboardInterrupt, match="resume true -p run_name x"), runs.resumable(run):
        raise KeyboardInterrupt


def test_a_failed_short_run_leaves_nothing_and_a_running_one_keeps_its_folder(tmp_path):
    run = runs.start(tmp_path, "x")
    with runs.all_or_nothing(run):
        pass
    runs.start(tmp_path, "other")
    assert run.folder.exists()  # it is not removed as killed between two cells
    with pytest.raises(ValueError, match="wrong"), runs.all_or_nothing(run):
        raise ValueError("wrong")
    assert not run.folder.exists()


def test_a_folder_that_cannot_be_written_is_named_with_the_fix(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/models can't be written to.*DIGITS_OUTPUTS_DIR"):
        runs.start(tmp_path / "file" / "models", "x")


def test_a_run_whose_training_has_ended_stays_locked_until_it_is_finished(tmp_path):
    run = runs.start(tmp_path, "mine")
    with runs.resumable(run):
        run.checkpoint().write_text("something")
    with pytest.raises(ValueError, match="no interrupted run in"):
        runs.start(tmp_path, resume=True)
    with runs.resumable(run):  # the notebook's next cell that trains
        pass
    assert runs.finish(run).name == "mine"


def test_resuming_without_a_name_passes_over_a_run_in_progress(tmp_path):
    killed = tmp_path / "killed.partial"
    killed.mkdir()
    (killed / "checkpoint.pt").write_text("something")
    running = runs.start(tmp_path, "running")
    running.checkpoint().write_text("something newer")
    assert runs.start(tmp_path, resume=True).name == "killed"


def test_an_interrupted_run_can_be_resumed_by_another_process(tmp_path):
    run = runs.start(tmp_path, "x")
    run.checkpoint().write_text("something")
    with pytest.raises(KeyboardInterrupt), runs.resumable(run):
        raise KeyboardInterrupt
    assert runs.start(tmp_path, resume=True).name == "x"


@pytest.mark.parametrize(("number", "advice"), [(errno.ENOSPC, "full"), (errno.EIO, "mended")])
def test_only_a_full_disk_is_called_full(tmp_path, number, advice):
    run = runs.start(tmp_path, "x")
    with pytest.raises(OSError, match=advice) as raised, runs.resumable(run):
        raise OSError(number, "no")
    assert ("Make room" in str(raised.value)) == (number == errno.ENOSPC)
