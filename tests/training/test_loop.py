"""Training learns, is repeatable by seed, and goes on after an interruption as if uninterrupted."""

import math

import pytest
import torch

from digitlib import training
from digitlib.datasets import digits
from digitlib.datasets.digits import Digits
from digitlib.training import Epoch, Recipe

SMALL = {"architecture": "lenet5", "dataset": "synthetic", "epochs": 3, "batch_size": 50}


@pytest.fixture
def parts(drawn) -> tuple[Digits, Digits]:
    return digits.split(drawn, 0.1, seed=0)


def recipe_of(**changed) -> Recipe:
    return Recipe.checked({"device": "cpu", **SMALL, **changed})


def trained(parts, recipe, checkpoint=None, stop_after=None):
    training.prepare(recipe)
    network = training.build(recipe.architecture)
    epochs = []
    loop = training.fit(network, *parts, recipe, checkpoint)
    for epoch in loop:
        epochs.append(epoch)
        if len(epochs) == stop_after:
            loop.close()
    return network, epochs


def losses(epochs) -> list[tuple[float, float, float]]:
    return [(e.objective, e.training_loss, e.validation_loss) for e in epochs]


def test_it_learns(parts):
    _, epochs = trained(parts, recipe_of(epochs=20, augment=0.0, learning_rate=0.01, patience=20))
    assert epochs[-1].objective < 0.5 * epochs[0].objective
    assert epochs[-1].training_accuracy > 0.9


def test_the_same_seed_gives_the_same_run_and_another_does_not(parts):
    once, again = (trained(parts, recipe_of()) for _ in range(2))
    assert losses(once[1]) == losses(again[1])
    assert losses(once[1]) != losses(trained(parts, recipe_of(seed=1))[1])


@pytest.mark.parametrize("architecture", ["lenet5", "plain"])  # without and with dropout and norms
def test_a_resumed_run_ends_like_an_uninterrupted_one(parts, tmp_path, architecture):
    recipe = recipe_of(architecture=architecture)
    whole, epochs = trained(parts, recipe)
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe, checkpoint, stop_after=1)
    torch.manual_seed(999)  # another process has other random numbers
    resumed, again = trained(parts, recipe_of(architecture=architecture, resume=True), checkpoint)
    assert losses(again) == losses(epochs)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_run_is_not_resumed_with_other_parameters(parts, tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe_of(), checkpoint, stop_after=1)
    with pytest.raises(ValueError, match=r"was written with learning_rate=0\.\d+: resume"):
        trained(parts, recipe_of(learning_rate=0.1, resume=True), checkpoint)


def test_a_run_is_not_resumed_on_other_digits(parts, tmp_path):
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe_of(), checkpoint, stop_after=1)
    others = (Digits(parts[0].images, parts[0].labels.flip(0)), parts[1])
    with pytest.raises(ValueError, match=r"other training data.* resume with the same data"):
        trained(others, recipe_of(resume=True), checkpoint)


def test_a_run_can_go_on_on_another_device(parts, tmp_path):
    """A GPU's random state has another form than a CPU's."""
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe_of(), checkpoint, stop_after=1)
    saved = torch.load(checkpoint, weights_only=True)
    saved["chance"] |= {"device": "cuda", "generator": torch.zeros(16, dtype=torch.uint8)}
    torch.save(saved, checkpoint)
    _, epochs = trained(parts, recipe_of(resume=True), checkpoint)
    assert len(epochs) == recipe_of().epochs


def test_without_a_patience_it_waits_for_half_of_the_epochs(parts):
    train, validation = parts
    noise = Digits(train.images, torch.randint(0, 10, train.labels.shape))
    _, epochs = trained((noise, validation), recipe_of(epochs=16, patience=0))
    accuracies = [epoch.validation_accuracy for epoch in epochs]
    assert len(epochs) == min(16, accuracies.index(max(accuracies)) + 1 + 8)


def test_it_stops_early_and_keeps_the_best_epoch(parts):
    """Random labels: validation accuracy can't go on rising."""
    train, validation = parts
    noise = Digits(train.images, torch.randint(0, 10, train.labels.shape))
    network, epochs = trained((noise, validation), recipe_of(epochs=40, patience=2))
    accuracies = [epoch.validation_accuracy for epoch in epochs]
    assert len(epochs) == accuracies.index(max(accuracies)) + 1 + 2 < 40
    best = training.best_epoch(epochs, len(validation.labels))
    logits = training.predict_logits(network, validation.images)
    accuracy = (logits.argmax(dim=1) == validation.labels).float().mean().item()
    assert accuracy == pytest.approx(best.validation_accuracy)


@pytest.mark.parametrize(("accuracies", "kept"), [([0.9, 0.99, 0.989], 3), ([0.9, 0.99, 0.95], 2)])
def test_of_epochs_within_one_standard_error_the_last_is_kept(accuracies, kept):
    """With 1,000 images the standard error of 99 % is 0.31 %."""
    epochs = [
        Epoch(number, 0, 0, 0, 0, accuracy, 0, 0, 0)
        for number, accuracy in enumerate(accuracies, start=1)
    ]
    assert training.best_epoch(epochs, 1000).number == kept


def test_progress_is_reported_to_the_end_of_each_epoch(parts):
    seen = []
    for _ in training.fit(training.build("lenet5"), *parts, recipe_of(epochs=2), watch=seen.append):
        pass
    assert [p.epoch for p in seen if p.step == p.steps] == [1, 2]
    assert all(math.isfinite(p.loss) and 0 <= p.accuracy <= 1 for p in seen)


def test_a_missing_device_is_refused_with_the_way_out():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(
        ValueError, match=r"device='cuda' is not available here; use `-p device auto`"
    ):
        training.choose_device("cuda")


def test_augmented_images_can_be_previewed(drawn):
    shown = training.preview_augmentation(drawn.images[:5], recipe_of())
    assert shown.shape == (5, 28, 28)
    assert shown.dtype.name == "uint8"


@pytest.mark.parametrize("left", [0, 100, 20_000])  # bytes
def test_a_truncated_checkpoint_is_called_damaged(parts, tmp_path, left):
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe_of(), checkpoint, stop_after=1)
    checkpoint.write_bytes(checkpoint.read_bytes()[:left])
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged .*Delete it"):
        trained(parts, recipe_of(resume=True), checkpoint)


def test_a_checkpoint_of_an_earlier_version_can_be_resumed(parts, tmp_path):
    """Parameters that it doesn't know had today's defaults."""
    checkpoint = tmp_path / "checkpoint.pt"
    trained(parts, recipe_of(), checkpoint, stop_after=1)
    saved = torch.load(checkpoint, weights_only=True)
    del saved["recipe"]["architecture_options"]
    saved["recipe"]["pen_reader"] = False
    torch.save(saved, checkpoint)
    _, epochs = trained(parts, recipe_of(resume=True), checkpoint)
    assert len(epochs) == recipe_of().epochs


def test_without_choosing_the_last_epoch_is_kept(parts):
    recipe = recipe_of(epochs=3, learning_rate=0.5, ema=0.0)  # too high: later epochs are worse
    training.prepare(recipe)
    network = training.build(recipe.architecture)
    epochs = list(training.fit(network, *parts, recipe, choose=training.last_epoch))
    logits = training.predict_logits(network, parts[1].images)
    accuracy = (logits.argmax(dim=1) == parts[1].labels).float().mean().item()
    assert accuracy == pytest.approx(epochs[-1].validation_accuracy)
