"""The model folder that training writes, and tables of a network's layers."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from jaxtyping import UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from digitlib.training.architectures import build
from digitlib.training.network import DEVIATION, MEAN, Network

LARGE = 1000  # numbers in a tensor, from which on it is kept in half precision


def parameter_count(network: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def layer_shapes(network: Network) -> list[tuple[str, tuple[int, ...], int]]:
    """For each layer, in order: its name, its output's shape (n, …) and its parameter count."""
    rows: list[tuple[str, tuple[int, ...], int]] = []
    hooks = [
        layer.register_forward_hook(
            lambda layer, _, output, name=name: rows.append(
                (f"{name} {type(layer).__name__}", tuple(output.shape), parameter_count(layer))
            )
        )
        for name, layer in network.named_modules()
        if not list(layer.children())
    ]
    was_training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 1, 28, 28, device=next(network.parameters()).device))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return rows


class ServedNetwork(nn.Module):
    """A network as served: uint8 images in, logits and each block's output out."""

    def __init__(self, network: Network, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: UInt8[Tensor, "n 28 28"]) -> tuple[Tensor, ...]:
        """Calibrated logits (n, 10) and the blocks' outputs (n, channels, height, width)."""
        features = (images.float().unsqueeze(1) / 255 - MEAN) / DEVIATION
        activations = []
        for block in self.network.blocks.values():
            features = block(features)
            activations.append(features)
        return (self.network.head(features) / self.temperature, *activations)


def write_model(folder: Path, network: Network, card: dict[str, Any]) -> None:
    """Write `model.safetensors`, `model.onnx` and `card.json` into a folder.

    `read_model` needs the card's `architecture`, `architecture_options` and `ensemble`. Large
    weights are kept in half precision, which halves the files and changes no prediction.
    """
    network = copy.deepcopy(network).cpu().to(memory_format=torch.contiguous_format).eval()
    save_weights(network, folder / "model.safetensors")
    images = torch.zeros(2, 28, 28, dtype=torch.uint8)
    names = ["logits", *network.blocks]
    export(
        ServedNetwork(network, card["temperature"]),
        {"images": images},
        names,
        folder / "model.onnx",
    )
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's weights as safetensors; the network then has the rounded weights."""
    weights = {name: _stored(weight) for name, weight in network.state_dict().items()}
    save_file(weights, path)
    network.load_state_dict(weights)


def _stored(weights: Tensor) -> Tensor:
    """Weights as they are written: large tensors as float16."""
    return weights.half() if weights.numel() >= LARGE and weights.is_floating_point() else weights


def export(served: nn.Module, inputs: dict[str, Tensor], outputs: list[str], path: Path) -> None:
    """Write a network as one ONNX file, from example inputs; their first axis is dynamic."""
    n = torch.export.Dim("n")
    program = torch.onnx.export(
        served.eval(),
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_shapes=tuple({0: n} for _ in inputs),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]  # paths of source files on this machine
    _halve(model.graph)
    onnx.save(model, path)


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large weights in float16; the runtime casts them to float32 once, on loading."""
    for weights in graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.size >= LARGE:
            name, half = weights.name, f"{weights.name}.half"
            weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), half))
            widen = onnx.helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT)
            graph.node.insert(0, widen)


def read_model(folder: Path) -> Network:
    """The network of a model folder, to evaluate or to train on.

    Raises ValueError when the folder's weights are not those of its card's architecture, or are of
    an architecture that this version can serve but not build.
    """
    card = json.loads((folder / "card.json").read_text())
    options = card.get("architecture_options", "")
    network = build(card["architecture"], card.get("ensemble", 1), options)
    try:
        weights = load_file(folder / "model.safetensors")
        if any(name.endswith(".kernels") for name in weights):
            raise ValueError(
                f"{folder} has the weights of the earlier LeNet-5 (partial connections, radial "
                "basis outputs). It can still serve, but not be trained on: train a new model."
            )
        network.load_state_dict(weights)
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{folder} doesn't hold the weights its card names: {error}") from error
    return network.eval()


def summary(network: Network) -> str:
    """A table of the network's layers: output shapes and parameter counts."""
    lines = [f"{'layer':32}{'output':20}{'parameters':>12}"]
    for name, shape, parameters in layer_shapes(network):
        size = " × ".join(["n", *map(str, shape[1:])])
        lines.append(f"{name.removeprefix('blocks.'):32}{size:20}{parameters:>12,}")
    return "\n".join([*lines, f"{'total':52}{parameter_count(network):>12,}"])
