"""The networks of an ensemble, trained in parallel: each is too small for more than two cores.

A task trains one network for a few seconds, from a checkpoint to the next, so an interrupted
ensemble can be resumed and a killed worker costs little.
"""

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from tqdm.auto import tqdm

from digitlib import settings
from digitlib.datasets import Digits
from digitlib.training import checkpoint as checkpoints
from digitlib.training import loop, workers
from digitlib.training.architectures import build
from digitlib.training.history import Epoch, Progress
from digitlib.training.inference import choose_device
from digitlib.training.network import Network
from digitlib.training.recipe import Recipe

TASK_SECONDS = 5.0  # after which a task ends with its epoch
Numbered = tuple[int, Epoch]  # the network's number, from 0, and one of its epochs


class _Shared(NamedTuple):
    """What all tasks need."""

    recipe: Recipe
    train: Digits
    validation: Digits


class _Progressed(NamedTuple):
    """The result of a task: all epochs of a network so far, and its checkpoint."""

    epochs: list[Epoch]
    checkpoint: bytes
    ended: bool


def fit_ensemble(
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    checkpoint: Callable[[int], Path],
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Numbered]:
    """Train the recipe's networks, yielding their epochs; then see `fitted_networks`.

    Each has a `checkpoint` of its own. On the CPU several train at a time, in processes that share
    its cores, or on the workers of the recipe's `scheduler`. On a GPU, or where there is one, they
    train in this process and can be watched. Raises what `fit` does, and RuntimeError when a
    process was killed or a cluster can't be used.
    """
    processes = min(recipe.ensemble, torch.get_num_threads(), workers.MAX_PROCESSES)
    here = processes == 1 or choose_device(recipe.device).type != "cpu"
    if here and not recipe.scheduler:
        for number in range(recipe.ensemble):
            yield from _member_epochs(number, recipe, train, validation, checkpoint(number), watch)
    else:
        yield from _in_parallel(_Shared(recipe, train, validation), checkpoint, processes)


def fitted_networks(recipe: Recipe, checkpoint: Callable[[int], Path]) -> list[Network]:
    """The networks in the checkpoints, each with the weights of its best epoch."""
    name, options = recipe.architecture, recipe.architecture_options
    networks = [build(name, options=options) for _ in range(recipe.ensemble)]
    for number, network in enumerate(networks):
        network.load_state_dict(checkpoints.best_weights(checkpoint(number)))
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
    shared: _Shared, checkpoint: Callable[[int], Path], processes: int
) -> Iterator[Numbered]:
    """The epochs of all networks, as they end, from workers."""
    recipe = shared.recipe
    paths = [checkpoint(number) for number in range(recipe.ensemble)]
    members = zip(paths, recipe.members(), strict=True)
    waiting = deque(enumerate(_to_resume(path, member, shared) for path, member in members))
    seen = dict.fromkeys(range(recipe.ensemble), 0)
    bar = tqdm(total=recipe.ensemble * recipe.epochs, desc="epochs of all networks", leave=False)
    running = workers.started(shared, scheduler=recipe.scheduler, processes=processes)
    try:
        with bar, running as started:
            for (number, _), progressed in started.results(_train_on, waiting):
                settings.write_atomically(paths[number], progressed.checkpoint)
                new = progressed.epochs[seen[number] :]
                seen[number] = len(progressed.epochs)
                bar.update(len(new))
                yield from ((number, epoch) for epoch in new)
                if not progressed.ended:
                    waiting.append((number, progressed.checkpoint))
    except BrokenProcessPool as error:
        raise RuntimeError(
            f"One of {processes} training processes was killed ({error}), probably because memory "
            "ran out. The finished epochs are kept: go on with `-p resume true`, or train one "
            "network at a time with OMP_NUM_THREADS=1 in the environment."
        ) from error


def _to_resume(path: Path, member: Recipe, shared: _Shared) -> bytes:
    """The checkpoint to go on from; nothing where the network starts anew."""
    if not (member.resume and path.exists()):
        return b""
    checkpoints.read(path, member, checkpoints.fingerprint(shared.train, shared.validation))
    return path.read_bytes()


def _train_on(shared: _Shared, number: int, checkpoint: bytes) -> _Progressed:
    """Train a network further, for some seconds; a task that depends on nothing else."""
    recipe, train, validation = shared
    recipe = dataclasses.replace(recipe, resume=True)
    known, epochs, ends = 0, [], time.monotonic() + TASK_SECONDS
    with TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.pt")
        if checkpoint:
            path.write_bytes(checkpoint)
            known = checkpoints.epochs(path)
        for _, epoch in _member_epochs(number, recipe, train, validation, path):
            epochs.append(epoch)
            if known < len(epochs) < recipe.epochs and time.monotonic() > ends:
                return _Progressed(epochs, path.read_bytes(), ended=False)
        return _Progressed(epochs, path.read_bytes(), ended=True)
