"""Architectures are what their docstrings say, and a model folder computes what training did."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from digitlib import settings
from digitlib.recogniser.model import Recogniser
from digitlib.training import architectures, as_ensemble, export
from digitlib.training.architectures import VARIANTS

NAMES = sorted(architectures.ARCHITECTURES)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    path.mkdir()
    return path


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_tells_the_parameter_count(name):
    counts = re.findall(r"([\d,]+) parameters", architectures.ARCHITECTURES[name].__doc__ or "")
    assert [int(count.replace(",", "")) for count in counts] == [
        export.parameter_count(architectures.build(name))
    ]


@pytest.mark.parametrize(
    "name", [*sorted(set(NAMES) - set(VARIANTS)), "plain-strided", "plain-no-norm"]
)
def test_the_folder_computes_what_the_network_does(name, folder, drawn):
    torch.manual_seed(0)
    network = architectures.build(name)
    network.train()(torch.rand(32, 1, 28, 28))  # batch norms get statistics of their own
    export.write_model(folder, network, {"architecture": name, "temperature": 1.7})
    images = drawn.images[:7]
    with torch.no_grad():
        logits, *blocks = export.ServedNetwork(network.eval(), 1.7)(images)
    recogniser = Recogniser.load(folder)
    near = 2e-4 if name == "lenet5" else 1e-4  # its logits are squared distances, up to 300
    np.testing.assert_allclose(recogniser.predict(images.numpy()), logits.softmax(1), atol=near)
    seen = recogniser.activations(images[3].numpy())
    assert list(seen) == list(network.blocks)
    for activation, block in zip(seen.values(), blocks, strict=True):
        np.testing.assert_allclose(activation, block[3], atol=2e-3)
    reread = export.read_model(folder)
    for one, other in zip(reread.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)  # kept in half precision


@pytest.mark.parametrize("name", ["fast", "mlp"])
def test_an_ensemble_is_served_as_the_mean_of_its_networks(name, folder, drawn):
    torch.manual_seed(1)
    networks = [architectures.build(name).eval() for _ in range(3)]
    together = as_ensemble(networks)
    card = {"architecture": name, "ensemble": 3, "temperature": 1.0}
    export.write_model(folder, together, card)
    images = drawn.images[:7]
    with torch.no_grad():
        alone = [export.ServedNetwork(network)(images) for network in networks]
    recogniser = Recogniser.load(folder)
    mean = torch.stack([logits.softmax(1) for logits, *_ in alone]).mean(0)
    np.testing.assert_allclose(recogniser.predict(images.numpy()), mean, atol=1e-4)
    first = next(iter(recogniser.activations(images[3].numpy()).values()))
    np.testing.assert_allclose(first, torch.cat([block[3] for _, block, *_ in alone]), atol=2e-3)
    reread = export.read_model(folder)(images[:, None] / 255).softmax(1)
    torch.testing.assert_close(reread, mean, atol=1e-4, rtol=0)


def test_probabilities_do_not_depend_on_the_company(folder, drawn):
    export.write_model(
        folder, architectures.build("fast"), {"architecture": "fast", "temperature": 1.0}
    )
    recogniser = Recogniser.load(folder)
    images = drawn.images[:9].numpy()
    together = recogniser.predict(images)
    alone = np.concatenate([recogniser.predict(image[None]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_no_weights_travel_as_pickle(folder):
    export.write_model(
        folder, architectures.build("fast"), {"architecture": "fast", "temperature": 1.0}
    )
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["card.json", "model.onnx", "model.safetensors"]


def test_large_weights_are_kept_in_half_the_space(folder, drawn):
    network = architectures.build("cnn")
    export.write_model(folder, network, {"architecture": "cnn", "temperature": 1.0})
    for name in ("model.safetensors", "model.onnx"):
        assert (folder / name).stat().st_size < 2.2 * export.parameter_count(network)
    inputs = drawn.images[:50, None] / 255
    with torch.no_grad():
        before = network.eval()(inputs).softmax(dim=1)
        after = export.read_model(folder)(inputs).softmax(dim=1)
    torch.testing.assert_close(after, before, atol=1e-3, rtol=0)
    read = Recogniser.load(folder).predict(drawn.images[:50].numpy())
    np.testing.assert_allclose(read, after, atol=1e-3)


def test_a_model_does_not_tell_where_it_was_made(folder):
    export.write_model(
        folder, architectures.build("fast"), {"architecture": "fast", "temperature": 1.0}
    )
    written = (folder / "model.onnx").read_bytes()
    for place in (settings.project_root(), Path.home(), "site-packages"):
        assert str(place).encode() not in written


def test_weights_of_another_architecture_are_refused(folder):
    export.write_model(
        folder, architectures.build("fast"), {"architecture": "cnn", "temperature": 1.0}
    )
    with pytest.raises(ValueError, match="doesn't hold the weights its card names"):
        export.read_model(folder)


def test_an_unknown_architecture_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="cnn, fast, lenet5, mlp, plain"):
        architectures.build("resnet50")


def test_the_summary_shows_shapes_and_the_sum():
    text = export.summary(architectures.build("lenet5"))
    assert re.search(r"block2.0 PartialConvolution +n × 16 × 10 × 10 +1,516", text)
    assert "60,000" in text.splitlines()[-1]


def test_lenet5_has_the_papers_parameters_layer_by_layer():
    """156, 12, 1,516, 32, 48,120 and 10,164 (LeCun et al. 1998, section II.B)."""
    network = architectures.build("lenet5")
    c1, s2 = (export.parameter_count(network.blocks["block1"][part]) for part in (1, 3))
    c3, s4 = (export.parameter_count(network.blocks["block2"][part]) for part in (0, 2))
    c5, f6 = (export.parameter_count(network.head[part]) for part in (1, 3))
    assert (c1, s2, c3, s4, c5, f6) == (156, 12, 1516, 32, 48_120, 10_164)


def test_lenet5_answers_with_the_digit_whose_picture_its_units_show():
    codes = architectures.build("lenet5").head[-1]
    assert codes.codes.shape == (10, 84) and set(codes.codes.flatten().tolist()) == {-1, 1}
    assert codes(codes.codes).argmax(dim=1).tolist() == list(range(10))
    assert codes(codes.codes).diagonal().tolist() == [0] * 10


def test_lenet5s_c3_sees_what_the_papers_table_says():
    """Of table I: the first map sees 0, 1, 2; the tenth 3, 4, 5, 0; the 15th 0, 2, 3, 5."""
    c3 = architectures.build("lenet5").blocks["block2"][0]
    torch.nn.init.ones_(c3.kernels)
    alone = torch.stack(
        [c3(torch.eye(6)[of].view(1, 6, 1, 1).expand(1, 6, 14, 14)) for of in range(6)]
    )
    seen = (alone[:, 0, :, 0, 0] - c3.bias).T > 0.5
    assert seen.sum() == 60
    for to, of in ((0, [0, 1, 2]), (9, [0, 3, 4, 5]), (14, [0, 2, 3, 5]), (15, [0, 1, 2, 3, 4, 5])):
        assert seen[to].nonzero().flatten().tolist() == of
