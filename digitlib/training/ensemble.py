"""The networks of an ensemble, trained side by side: each is too small for more than a core or two.

What they learnt is in their checkpoints, so that an interrupted ensemble goes on where it was.
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
from digitlib.training.checkpoint import Epoch, best_weights
from digitlib.training.loop import Progress
from digitlib.training.network import Network
from digitlib.training.recipe import Recipe

MOST = 8  # processes, of about 1 GB each
Numbered = tuple[int, Epoch]  # which of the networks, from 0, and a pass of its training


def fit_ensemble(
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    checkpoint: Callable[[int], Path],
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Numbered]:
    """Train the recipe's networks, yielding each one's passes as they end; then `fitted` has them.

    Each keeps what it learnt in a `checkpoint` of its own. On a processor several are trained at a
    time, in processes that share its cores; on a GPU, or one alone, here, where it can be watched.
    Raises what `training.fit` does, and RuntimeError when a process was killed.
    """
    processes = min(recipe.ensemble, torch.get_num_threads(), MOST)
    if processes == 1 or loop.choose_device(recipe.device).type != "cpu":
        for number in range(recipe.ensemble):
            yield from _learnt(number, recipe, train, validation, checkpoint(number), watch)
    else:
        paths = [checkpoint(number) for number in range(recipe.ensemble)]
        yield from _side_by_side(recipe, train, validation, paths, processes)


def fitted_networks(recipe: Recipe, checkpoint: Callable[[int], Path]) -> list[Network]:
    """The networks that `fit` left in the checkpoints."""
    networks = [build(recipe.architecture) for _ in range(recipe.ensemble)]
    for number, network in enumerate(networks):
        network.load_state_dict(best_weights(checkpoint(number)))
        network.to(loop.choose_device(recipe.device))
    return networks


def _learnt(
    number: int,
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    checkpoint: Path,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Numbered]:
    """The passes of one of the recipe's networks."""
    member = recipe.members()[number]
    loop.prepare(member)
    network = build(member.architecture)
    for epoch in loop.fit(network, train, validation, member, checkpoint, watch):
        yield number, epoch


def _side_by_side(
    recipe: Recipe, train: Digits, validation: Digits, paths: list[Path], processes: int
) -> Iterator[Numbered]:
    """The passes of all networks in the order in which they end, from processes of their own."""
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    # As NumPy arrays: tensors would travel in shared memory, of which containers have little.
    parts = [part.numpy() for digits in (train, validation) for part in digits]
    threads = max(1, torch.get_num_threads() // processes)
    given = (processes, threads, queue, recipe, parts, paths)
    crew = spawn(_work, given, nprocs=processes, join=False)
    ended = False
    total = recipe.ensemble * recipe.epochs
    try:
        with tqdm(total=total, desc="epochs of all networks", leave=False) as bar:
            while not (ended and queue.empty()):
                ended = ended or crew.join(timeout=0.2)
                while not queue.empty():
                    said = queue.get()
                    if isinstance(said, Exception):  # as it would be raised here: a full disk, say
                        raise said
                    bar.update()
                    yield said
    except ProcessExitedException as error:
        raise RuntimeError(
            f"One of {processes} training processes was killed ({error}), most likely for want of "
            "memory. What was learnt is kept: go on with `-p resume true`, or train one network at "
            "a time with OMP_NUM_THREADS=1 in the environment."
        ) from error
    finally:
        for process in crew.processes:
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
    """Train every so many-th network and say how it goes."""
    torch.set_num_threads(threads)
    settings.configure_logging()
    tensors = [torch.from_numpy(part) for part in parts]
    train, validation = Digits(*tensors[:2]), Digits(*tensors[2:])
    try:
        for number in range(worker, recipe.ensemble, processes):
            for passed in _learnt(number, recipe, train, validation, paths[number]):
                queue.put(passed)
    except Exception as error:
        queue.put(error)
