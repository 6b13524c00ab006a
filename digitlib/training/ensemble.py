"""The networks of an ensemble, trained in parallel: each is too small for more than two cores.

Their weights are in their checkpoints, so an interrupted ensemble can be resumed.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch.multiprocessing.spawn import ProcessExitedException, spawn
from tqdm.auto import tqdm

from digitlib import settings
from digitlib.datasets import Digits
from digitlib.training import loop
from digitlib.training.architectures import build
from digitlib.training.checkpoint import best_weights
from digitlib.training.history import Epoch, Progress
from digitlib.training.inference import choose_device
from digitlib.training.network import Network
from digitlib.training.recipe import Recipe

MAX_WORKERS = 8  # processes, of about 1 GB each
Numbered = tuple[int, Epoch]  # the network's number, from 0, and one of its epochs


def fit_ensemble(
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    checkpoint: Callable[[int], Path],
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Numbered]:
    """Train the recipe's networks, yielding their epochs; then see `fitted_networks`.

    Each has a `checkpoint` of its own. On the CPU several train at a time, in processes that share
    its cores; on a GPU, or where there is one, they train in this process and can be watched.
    Raises what `fit` does, and RuntimeError when a process was killed.
    """
    processes = min(recipe.ensemble, torch.get_num_threads(), MAX_WORKERS)
    if processes == 1 or choose_device(recipe.device).type != "cpu":
        for number in range(recipe.ensemble):
            yield from _member_epochs(number, recipe, train, validation, checkpoint(number), watch)
    else:
        paths = [checkpoint(number) for number in range(recipe.ensemble)]
        yield from _in_parallel(recipe, train, validation, paths, processes)


def fitted_networks(recipe: Recipe, checkpoint: Callable[[int], Path]) -> list[Network]:
    """The networks in the checkpoints, each with the weights of its best epoch."""
    name, options = recipe.architecture, recipe.architecture_options
    networks = [build(name, options=options) for _ in range(recipe.ensemble)]
    for number, network in enumerate(networks):
        network.load_state_dict(best_weights(checkpoint(number)))
        network.to(choose_device(recipe.device))
    return networks


def _member_epochs(
    number: int,
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    checkpoint: Path,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Numbered]:
    """The epochs of one of the recipe's networks."""
    member = recipe.members()[number]
    loop.prepare(member)
    network = build(member.architecture, options=member.architecture_options)
    for epoch in loop.fit(network, train, validation, member, checkpoint, watch):
        yield number, epoch


def _in_parallel(
    recipe: Recipe, train: Digits, validation: Digits, paths: list[Path], processes: int
) -> Iterator[Numbered]:
    """The epochs of all networks, as they end, from worker processes."""
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    # As NumPy arrays: tensors would use shared memory, of which containers have little.
    parts = [part.numpy() for digits in (train, validation) for part in digits]
    threads = max(1, torch.get_num_threads() // processes)
    arguments = (processes, threads, queue, recipe, parts, paths)
    workers = spawn(_work, arguments, nprocs=processes, join=False)
    ended = False
    total = recipe.ensemble * recipe.epochs
    try:
        with tqdm(total=total, desc="epochs of all networks", leave=False) as bar:
            while not (ended and queue.empty()):
                ended = ended or workers.join(timeout=0.2)
                while not queue.empty():
                    result = queue.get()
                    if isinstance(result, Exception):  # a full disk, for example
                        raise result
                    bar.update()
                    yield result
    except ProcessExitedException as error:
        raise RuntimeError(
            f"One of {processes} training processes was killed ({error}), probably because memory "
            "ran out. The finished epochs are kept: go on with `-p resume true`, or train one "
            "network at a time with OMP_NUM_THREADS=1 in the environment."
        ) from error
    finally:
        for process in workers.processes:
            process.terminate()
            process.join()


def _work(
    worker: int,
    processes: int,
    threads: int,
    queue: "SimpleQueue[Numbered | Exception]",
    recipe: Recipe,
    parts: list[NDArray[Any]],
    paths: list[Path],
) -> None:
    """Train every `processes`-th network and put its epochs, or an error, into the queue."""
    torch.set_num_threads(threads)
    settings.configure_logging()
    tensors = [torch.from_numpy(part) for part in parts]
    train, validation = Digits(*tensors[:2]), Digits(*tensors[2:])
    try:
        for number in range(worker, recipe.ensemble, processes):
            for numbered in _member_epochs(number, recipe, train, validation, paths[number]):
                queue.put(numbered)
    except Exception as error:
        queue.put(error)
