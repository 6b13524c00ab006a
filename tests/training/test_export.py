"""Architectures are what their docstrings say; a model folder computes what the network does."""

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from executing import ROOT
from safetensors.torch import save_file

from digitlib import settings
from digitlib.recogniser.model import Recogniser
from digitlib.training import architectures, as_ensemble, export
from digitlib.training.architectures import ARCHITECTURES, RENAMED
from digitlib.training.replay import recipe_parameters

BEFORE = ROOT / "tests" / "fixtures" / "before"
EXPORTED = [*((name, "") for name in ARCHITECTURES), ("plain", "strided=True, norm=False")]


class Exported(NamedTuple):
    """A network, what it predicted for 50 digits before it was written, and its folder."""

    network: export.Network
    before: torch.Tensor  # probabilities (50, 10)
    folder: Path


@pytest.fixture(scope="module")
def exported(drawn, tmp_path_factory) -> Callable[..., Exported]:
    """Writes an untrained network into a model folder, each once."""

    @cache
    def export_once(name: str, options: str = "") -> Exported:
        torch.manual_seed(0)
        network = architectures.build(name, options=options)
        network.train()(torch.rand(32, 1, 28, 28))  # statistics for batch normalisation
        before = network.eval()(drawn.images[:50, None] / 255).softmax(dim=1)
        card = {"architecture": name, "architecture_options": options, "temperature": 1.7}
        folder = tmp_path_factory.mktemp(name)
        export.write_model(folder, network, card)
        return Exported(network, before, folder)

    return export_once


@pytest.fixture
def fast(exported) -> Path:
    """The model folder of an untrained `fast`."""
    return exported("fast").folder


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_docstring_tells_the_parameter_count(name):
    (count,) = re.findall(r"([\d,]+) parameters", ARCHITECTURES[name].__doc__ or "")
    assert int(count.replace(",", "")) == export.parameter_count(architectures.build(name))


@pytest.mark.parametrize(("name", "options"), EXPORTED)
def test_the_folder_computes_what_the_network_does(name, options, exported, drawn):
    network, before, folder = exported(name, options)
    images = drawn.images[:7]
    with torch.no_grad():
        logits, *blocks = export.ServedNetwork(network, 1.7)(images)
    recogniser = Recogniser.load(folder)
    np.testing.assert_allclose(recogniser.predict(images.numpy()), logits.softmax(1), atol=1e-4)
    seen = recogniser.activations(images[3].numpy())
    assert list(seen) == list(network.blocks)
    for activation, block in zip(seen.values(), blocks, strict=True):
        np.testing.assert_allclose(activation, block[3], atol=2e-3)
    reread = export.read_model(folder)
    with torch.no_grad():
        after = reread(drawn.images[:50, None] / 255).softmax(dim=1)
    torch.testing.assert_close(after, before, atol=1e-3, rtol=0)  # kept in half precision
    if name == "cnn":
        for file in ("model.safetensors", "model.onnx"):
            assert (folder / file).stat().st_size < 2.2 * export.parameter_count(network)


@pytest.mark.parametrize("name", ["fast", "mlp"])
def test_the_probabilities_of_an_ensemble_are_the_mean_of_its_networks(name, drawn):
    torch.manual_seed(1)
    networks = [architectures.build(name).eval() for _ in range(3)]
    inputs = drawn.images[:7, None] / 255
    with torch.no_grad():
        mean = torch.stack([network(inputs).softmax(1) for network in networks]).mean(0)
        together = as_ensemble(networks)(inputs).softmax(1)
    torch.testing.assert_close(together, mean, atol=1e-5, rtol=0)


def test_an_ensemble_is_served_with_the_activations_of_all_its_networks(tmp_path, drawn):
    networks = [architectures.build("fast").eval() for _ in range(2)]
    together = as_ensemble(networks)
    card = {"architecture": "fast", "ensemble": 2, "temperature": 1.0}
    export.write_model(tmp_path, together, card)
    images = drawn.images[:7]
    with torch.no_grad():
        alone = [export.ServedNetwork(network)(images) for network in networks]
        mean = torch.stack([logits.softmax(1) for logits, *_ in alone]).mean(0)
        reread = export.read_model(tmp_path)(images[:, None] / 255).softmax(1)
    recogniser = Recogniser.load(tmp_path)
    np.testing.assert_allclose(recogniser.predict(images.numpy()), mean, atol=1e-4)
    torch.testing.assert_close(reread, mean, atol=1e-4, rtol=0)
    first = next(iter(recogniser.activations(images[3].numpy()).values()))
    np.testing.assert_allclose(first, torch.cat([block[3] for _, block, *_ in alone]), atol=2e-3)


def test_a_prediction_does_not_depend_on_the_other_images(fast, drawn):
    recogniser = Recogniser.load(fast)
    images = drawn.images[:9].numpy()
    together = recogniser.predict(images)
    alone = np.concatenate([recogniser.predict(image[None]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_no_weights_travel_as_pickle(fast):
    names = sorted(file.name for file in fast.iterdir())
    assert names == ["card.json", "model.onnx", "model.safetensors"]


def test_a_model_does_not_contain_paths_of_this_machine(fast):
    written = (fast / "model.onnx").read_bytes()
    for place in (settings.project_root(), Path.home(), "site-packages"):
        assert str(place).encode() not in written


def test_weights_of_another_architecture_are_refused(fast, tmp_path):
    folder = Path(shutil.copytree(fast, tmp_path / "fast"))
    (folder / "card.json").write_text('{"architecture": "cnn"}')
    with pytest.raises(ValueError, match="doesn't hold the weights its card names"):
        export.read_model(folder)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="cnn, fast, lenet5, mlp, plain"):
        architectures.build("resnet50")


def test_the_summary_shows_shapes_and_the_total():
    text = export.summary(architectures.build("lenet5"))
    assert re.search(r"block2.0 Conv2d +n × 16 × 10 × 10 +2,416", text)
    assert "61,706" in text.splitlines()[-1]


def test_an_earlier_lenet5_serves_but_says_why_it_cannot_be_trained_on(drawn):
    recogniser = Recogniser.load(BEFORE / "lenet5")
    predicted = recogniser.predict(drawn.images.numpy()).argmax(axis=1)
    assert np.mean(predicted == drawn.labels.numpy()) > 0.6
    with pytest.raises(ValueError, match=r"earlier LeNet-5 .* can still serve, but not be trained"):
        export.read_model(BEFORE / "lenet5")


SIZES = {
    "plain-1-block": 148_346,
    "plain-3-blocks": 60_986,
    "plain-4-maps": 19_494,
    "plain-8-maps": 38_850,
    "plain-32-maps": 167_082,
    "plain-no-dense": 16_378,
    "plain-16-dense": 23_466,
    "plain-256-dense": 302_586,
    "plain-no-dropout": 79_290,
    "plain-60-dropout": 79_290,
    "plain-no-norm": 79_242,
    "plain-strided": 79_290,
    "cnn-16-maps": 81_786,
    "frugal-8": 1_042,
    "frugal-20": 3_546,
}


@pytest.mark.parametrize("name", RENAMED)
def test_a_card_that_names_an_architecture_of_before_can_be_trained_on(name, tmp_path):
    network = architectures.build(name)
    assert export.parameter_count(network) == SIZES[name]
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    card = {"architecture": name, "parameters": {"architecture": name, "pen_reader": True}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    export.read_model(tmp_path)
    parameters = recipe_parameters(card)
    now = parameters["architecture"], parameters["architecture_options"]
    assert now == RENAMED[name] and parameters["stroke_model"]
