"""Networks trained in parallel learn what each would learn alone; failures are explained."""

import multiprocessing
import os
import signal

import forking
import pytest
import torch

from digitlib.datasets import digits
from digitlib.training import as_ensemble, ensemble, predict_logits
from digitlib.training.recipe import Recipe

SMALL = {"architecture": "lenet5", "dataset": "synthetic", "batch_size": 50, "device": "cpu"}


@pytest.fixture(scope="module", autouse=True)
def imported_first() -> None:
    forking.import_first()


@pytest.fixture
def parts(drawn):
    return digits.split(drawn, 0.1, seed=0)


@pytest.fixture
def two_cores():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def children():
    """The processes that were started since; workers of a cluster may run beside them."""
    before = {process.pid for process in multiprocessing.active_children()}
    return lambda: [p for p in multiprocessing.active_children() if p.pid not in before]


@pytest.fixture
def checkpoint(tmp_path):
    return lambda number: tmp_path / f"checkpoint-{number}.pt"


def recipe_of(**changed) -> Recipe:
    return Recipe.checked({**SMALL, "epochs": 2, **changed})


def test_in_parallel_each_network_learns_what_it_would_alone(
    parts, checkpoint, tmp_path, two_cores, children
):
    recipe = recipe_of(ensemble=3)
    passed = list(ensemble.fit_ensemble(recipe, *parts, checkpoint))
    mean = probabilities(ensemble.fitted_networks(recipe, checkpoint), parts)
    torch.set_num_threads(1)
    members = []
    for number in range(3):
        member = recipe_of(seed=number)
        own = tmp_path / f"alone-{number}.pt"
        epochs = [
            epoch for _, epoch in ensemble.fit_ensemble(member, *parts, lambda _, own=own: own)
        ]
        together = [epoch for network, epoch in passed if network == number]
        assert [e[:-1] for e in together] == [e[:-1] for e in epochs]  # all but the seconds
        members.append(
            probabilities(ensemble.fitted_networks(member, lambda _, own=own: own), parts)
        )
    assert torch.allclose(mean, torch.stack(members).mean(dim=0), atol=0.01)  # bfloat16
    assert not children()


def probabilities(networks, parts):
    network = as_ensemble(networks)
    return predict_logits(network, parts[1].images).softmax(dim=1)


def test_a_killed_process_is_explained_and_training_can_go_on(
    parts, checkpoint, two_cores, children
):
    recipe = recipe_of(ensemble=2, epochs=4000, patience=4000)  # far from its end when it is killed
    training = ensemble.fit_ensemble(recipe, *parts, checkpoint)
    started = {next(training)[0] for _ in range(3)}
    os.kill(children()[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="-p resume true"):
        list(training)
    assert not children()
    assert all(checkpoint(number).exists() for number in started)
    torch.set_num_threads(1)  # from here on in this process
    again = recipe_of(ensemble=2, epochs=4000, patience=1, resume=True)
    numbers = [number for number, _ in ensemble.fit_ensemble(again, *parts, checkpoint)]
    assert {0, 1} == set(numbers)


def test_closing_it_ends_the_processes(parts, checkpoint, two_cores, children):
    training = ensemble.fit_ensemble(recipe_of(ensemble=2, epochs=400), *parts, checkpoint)
    next(training)
    assert len(children()) == 2
    training.close()
    assert not children()


def test_an_error_in_a_process_is_raised_here(parts, tmp_path, two_cores):
    folder = tmp_path / "gone"
    with pytest.raises(OSError, match="gone"):
        list(ensemble.fit_ensemble(recipe_of(ensemble=2), *parts, lambda n: folder / f"{n}.pt"))


def test_another_recipe_cannot_be_resumed(parts, checkpoint):
    for _ in ensemble.fit_ensemble(recipe_of(ensemble=2, epochs=1), *parts, checkpoint):
        pass
    other = recipe_of(ensemble=2, epochs=1, learning_rate=0.01, resume=True)
    with pytest.raises(ValueError, match=r"learning_rate=0\.004: resume with the same"):
        list(ensemble.fit_ensemble(other, *parts, checkpoint))
