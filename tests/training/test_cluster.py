"""On a Dask cluster a network learns what it learns here, whatever happens to the workers."""

import logging
import os
import resource
import shutil
import signal
import threading
import time
from collections import deque

import pytest
import torch
from distributed import LocalCluster
from executing import ROOT

from digitlib import refine, training
from digitlib.datasets import digits
from digitlib.experiments import AblationStudy
from digitlib.recogniser import Recogniser
from digitlib.refine.submissions import digits_of
from digitlib.store import Store
from digitlib.training import PassBars, cluster, ensemble, started
from digitlib.training.recipe import Recipe

SMALL = {"architecture": "lenet5", "dataset": "synthetic", "batch_size": 50, "device": "cpu"}
QUICK = {"architecture": "fast", "epochs": 1, "patience": 1, "limit": 500, "augment": 0.0}
BEFORE = ROOT / "tests" / "fixtures" / "before"


def kill_one_that_works(workers: LocalCluster) -> None:
    """End a worker in the middle of a task, as the kernel does when memory is short."""
    while True:
        for nanny in list(workers.workers.values()):
            state = workers.scheduler.workers.get(nanny.worker_address)
            if state is not None and state.processing:
                os.kill(nanny.pid, signal.SIGKILL)
                return
        time.sleep(0.05)


def test_a_network_learns_on_a_cluster_what_it_learns_here_though_a_worker_is_killed(
    workers, drawn, tmp_path
):
    parts = digits.split(drawn, 0.1, seed=0)
    recipe = Recipe.checked({**SMALL, "epochs": 2, "ensemble": 2})
    here = list(ensemble.fit_ensemble(recipe, *parts, lambda n: tmp_path / f"here-{n}.pt"))
    remote = Recipe.checked({**recipe.as_dict(), "scheduler": workers.scheduler_address})
    before = {nanny.pid for nanny in workers.workers.values()}
    killer = threading.Thread(target=kill_one_that_works, args=(workers,))
    killer.start()
    there = list(ensemble.fit_ensemble(remote, *parts, lambda n: tmp_path / f"there-{n}.pt"))
    killer.join()
    assert {nanny.pid for nanny in workers.workers.values()} != before
    assert sorted((n, e[:-1]) for n, e in there) == sorted((n, e[:-1]) for n, e in here)
    for number in range(2):
        paths = (tmp_path / f"{place}-{number}.pt" for place in ("here", "there"))
        ours, theirs = (ensemble.checkpoints.best_weights(path) for path in paths)
        assert all(ours[name].equal(theirs[name]) for name in ours)


def test_trials_and_folds_come_out_the_same_and_only_the_notebook_writes(workers, mnist, tmp_path):
    scheduler = workers.scheduler_address
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the workers, on which the trials' keys depend
    there = AblationStudy(Store(), QUICK, 500, scheduler).compare({"a": {}}, 2)
    assert len(Store().runs()) == 2
    assert AblationStudy(Store(), QUICK, 500).compare({"a": {}}, 2) == there  # known, not repeated
    assert len(Store().runs()) == 2
    champion = Recogniser.load(BEFORE / "model")
    frame = refine.submissions_table(
        Store(shutil.copy(BEFORE / "digits.duckdb", tmp_path / "old.duckdb"))
    )
    selected = refine.select(frame, champion)
    selected = selected._replace(folds=selected.folds[:2])
    asked = refine.Refinement(epochs=1, replay=200, least=50, scheduler=scheduler)
    original = training.replay_data(champion.card, asked.replay, asked.seed)
    folds = refine.cross_validate(champion, original, selected, asked, watch=PassBars())
    alone = [
        refine.fine_tune(champion, original, selected.without(fold), asked)
        for fold in selected.folds
    ]
    images = digits_of(selected.new).images
    for ours, theirs in zip(alone, folds, strict=True):
        assert (ours.predict(images) == theirs.predict(images)).all()
    torch.set_num_threads(threads)


def test_other_versions_are_told_before_a_task_starts(workers, monkeypatch):
    expected = {**cluster.versions(), "torch": "1.0"}
    monkeypatch.setattr(cluster, "versions", lambda: expected)
    found = r"can't be used: it has torch \S+ instead of 1\.0\. Install the same"
    with (
        pytest.raises(RuntimeError, match=found),
        started(None, scheduler=workers.scheduler_address),
    ):
        pass


def test_a_worker_that_runs_several_tasks_at_a_time_is_refused():
    assert cluster.differences(cluster.versions(), 1) == ""
    assert "--nthreads 1" in cluster.differences(cluster.versions(), 4)


def test_without_a_scheduler_or_workers_it_says_what_to_start(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    gone = pytest.raises(RuntimeError, match=r"no scheduler at \S+:9 .*`dask scheduler`")
    with gone, started(None, scheduler="tcp://127.0.0.1:9"):
        pass
    options = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=0, **options) as empty,
        pytest.raises(RuntimeError, match=r"no workers\. Start some with `dask worker tcp://"),
        started(None, scheduler=empty.scheduler_address),
    ):
        pass
    with pytest.raises(ValueError, match="give a scheduler's address, such as tcp://host:8786"):
        Recipe.checked({"scheduler": "host"})


def page_faults(_shared: None) -> int:
    """How often the system gives memory to a loop that needs the same megabyte a thousand times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(1000):
        torch.ones(2**18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_worker_keeps_the_memory_of_a_step_for_the_next(workers):
    with started(None, scheduler=workers.scheduler_address) as them:
        faults = [count for _, count in them.results(page_faults, deque([()] * 2))]
    assert max(faults) < 10_000  # a megabyte is 256 pages, so 256,000 if it is asked for again
