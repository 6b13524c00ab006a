"""What a Dask cluster brings: trials of equal length on one, two and four workers.

Each worker is a process of this machine with one thread, so more workers than cores gain nothing.
A trial trains the network `plain` on synthetic digits. The last line is the same with a worker that
is killed (kill -9) in the middle.

Usage: python benchmarks/cluster.py [--trials 12] [--epochs 3] [--workers 1 2 4]
"""

import argparse
import logging
import os
import signal
import threading
import time
from collections import deque

import dask
import torch
from distributed import LocalCluster

from digitlib import datasets, training
from digitlib.training import Recipe

NOTHING = 200  # tasks that do nothing, to measure what a task costs
Shared = tuple[datasets.Digits, datasets.Digits]


def trial(shared: Shared, recipe: Recipe) -> float:
    """Train a network; returns the validation accuracy."""
    training.prepare(recipe)
    network = training.build(recipe.architecture, options=recipe.architecture_options)
    return list(training.fit(network, *shared, recipe))[-1].validation_accuracy


def nothing(shared: Shared) -> None:
    """Cost nothing."""


def first_trial(shared: Shared, recipe: Recipe) -> None:
    """Train on a few images: the first training of a process imports for two seconds."""
    train, validation = shared
    trial((datasets.first(train, 200), validation), recipe)


def seconds(
    shared: Shared, task: object, arguments: list[tuple[object, ...]], address: str
) -> float:
    """For all tasks, from the first handed over to the last result."""
    with training.started(shared, scheduler=address) as workers:
        list(workers.results(nothing, deque([()] * 8)))  # each worker has unpacked the data
        began = time.perf_counter()
        list(workers.results(task, deque(arguments)))  # type: ignore[arg-type]
        return time.perf_counter() - began


def kill_one(cluster: LocalCluster, after: float) -> threading.Timer:
    """End a worker, as the kernel does when memory is short."""
    victim = next(iter(cluster.workers.values())).pid
    timer = threading.Timer(after, os.kill, (victim, signal.SIGKILL))
    timer.start()
    return timer


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    shared = datasets.split(datasets.load_synthetic(4000, seed=1), 0.1, seed=0)
    common = {"architecture": "plain", "epochs": asked.epochs, "dataset": "synthetic"}
    recipes = [(Recipe.checked({**common, "seed": seed}),) for seed in range(asked.trials)]
    first_trial(shared, *recipes[0])
    began = time.perf_counter()
    for (recipe,) in recipes[:4]:
        trial(shared, recipe)
    alone = (time.perf_counter() - began) / 4
    print(f"{asked.trials} trials of {alone:.1f} s each in this process; {os.cpu_count()} cores\n")
    print("| workers | seconds | speed-up | an empty task |\n|---|---|---|---|")
    options = {
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": logging.CRITICAL,
    }
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})  # it starts anew
    for number, killed in [*((n, False) for n in asked.workers), (2, True)]:
        with LocalCluster(n_workers=number, **options) as cluster:
            address = cluster.scheduler_address
            seconds(shared, first_trial, list(recipes[:1] * 3 * number), address)
            empty = seconds(shared, nothing, [()] * NOTHING, address) / NOTHING
            timer = kill_one(cluster, alone * 1.5 + 2) if killed else None
            took = seconds(shared, trial, list(recipes), address)
            if timer is not None:
                timer.join()
        speed = f"{asked.trials * alone / took:.2f}"
        name = f"{number}, one killed" if killed else str(number)
        print(f"| {name} | {took:.1f} | {speed} | {1000 * empty:.1f} ms |", flush=True)


if __name__ == "__main__":
    main()
