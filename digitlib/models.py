"""Architectures by name, and the model folder that training hands to serving."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

# Mean and standard deviation of MNIST's training pixels, as shares of full ink.
MEAN, DEVIATION = 0.1307, 0.3081


class Network(nn.Module):
    """Named blocks, whose outputs are worth looking at, and a head that turns them into logits."""

    def __init__(self, blocks: Mapping[str, nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict(dict(blocks))
        self.head = head

    def forward(self, images: Float[Tensor, "n 1 28 28"]) -> Float[Tensor, "n 10"]:
        """Logits of images with ink 1 on 0."""
        features = (images - MEAN) / DEVIATION
        for block in self.blocks.values():
            features = block(features)
        return self.head(features)


def _convolution(
    inputs: int, outputs: int, size: int = 3, *, pool: bool = False, pad: bool = True
) -> nn.Sequential:
    """Convolution, pooling where asked (before the rest, which is then a quarter), norm, ReLU."""
    padding = size // 2 if pad else 0
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, size, padding=padding, bias=False)]
    if pool:
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs), nn.ReLU())


class Crop(nn.Module):
    """The middle of an image: digits fit 20×20, so a margin of some px holds next to nothing."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, images: Float[Tensor, "n 1 28 28"]) -> Tensor:
        """Images (n, 1, 28 - 2 margin, 28 - 2 margin)."""
        return images[..., self.margin : -self.margin, self.margin : -self.margin]


def cnn() -> Network:
    """Six convolutions in four blocks, of the image's middle: 320,234 parameters.

    After the VGG pattern (Simonyan and Zisserman 2015) with batch normalisation; pooling comes
    before normalisation, which costs a quarter there and changes little.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, 32, 5, pool=True, pad=False)),  # 10×10
        "block2": nn.Sequential(_convolution(32, 64), _convolution(64, 64)),  # (n, 64, 10, 10)
        "block3": nn.Sequential(_convolution(64, 64, pool=True), _convolution(64, 128)),  # 5×5
        "block4": _convolution(128, 128, pool=True),  # (n, 128, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, 10)))


def fast() -> Network:
    """Three narrow convolutions of the image's middle, without padding: 26,234 parameters.

    The widths were chosen on 10,000 of the training images: least time for 99 % of them.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, 16, 5, pool=True, pad=False)),  # 10×10
        "block2": _convolution(16, 32, pool=True, pad=False),  # (n, 32, 4, 4)
        "block3": _convolution(32, 64, pad=False),  # (n, 64, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Linear(256, 10)))


def lenet5() -> Network:
    """LeNet-5 with its full C3 (LeCun et al. 1998, fig. 2): 61,706 parameters."""
    blocks = {
        "block1": nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),  # 14×14
        "block2": nn.Sequential(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),  # (n, 16, 5, 5)
    }
    dense = [nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)]
    return Network(blocks, nn.Sequential(nn.Flatten(), *dense))


def mlp() -> Network:
    """No convolutions, two layers of 800 after Simard et al. (2003): 1,278,410 parameters."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (784, 800):
        layers += [
            nn.Linear(inputs, 800, bias=False),
            nn.BatchNorm1d(800),
            nn.ReLU(),
            nn.Dropout(0.2),
        ]
    return Network({}, nn.Sequential(*layers, nn.Linear(800, 10)))


ARCHITECTURES: dict[str, Callable[[], Network]] = {
    "cnn": cnn,
    "fast": fast,
    "lenet5": lenet5,
    "mlp": mlp,
}


def build(name: str) -> Network:
    """A fresh network; raises ValueError, with the known names, for an unknown architecture."""
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture={name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[name]()


def parameter_count(network: nn.Module) -> int:
    """How many trained numbers a network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def layer_shapes(network: Network) -> list[tuple[str, tuple[int, ...], int]]:
    """For each layer in the order of work: its name, its output's shape (n, …), its parameters."""
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


class Served(nn.Module):
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
    """Write `model.safetensors`, `model.onnx` and `card.json` into a folder that is being prepared.

    The card's `architecture` and `temperature` are what `read_model` builds the network with.
    """
    network = copy.deepcopy(network).cpu().to(memory_format=torch.contiguous_format).eval()
    save_file(network.state_dict(), folder / "model.safetensors")
    _export(Served(network, card["temperature"]).eval(), folder / "model.onnx")
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def _export(served: Served, path: Path) -> None:
    """Write the network as one ONNX file whose first axis is free."""
    example = torch.zeros(2, 28, 28, dtype=torch.uint8)
    names = ["logits", *served.network.blocks]
    program = torch.onnx.export(
        served,
        (example,),
        input_names=["images"],
        output_names=names,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(path, external_data=False)


def read_model(folder: Path) -> Network:
    """The network of a model folder, to be evaluated or trained further.

    Raises ValueError when the folder's weights are not those of its card's architecture.
    """
    card = json.loads((folder / "card.json").read_text())
    network = build(card["architecture"])
    try:
        network.load_state_dict(load_file(folder / "model.safetensors"))
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{folder} doesn't hold the weights its card names: {error}") from error
    return network.eval()


def summary(network: Network) -> str:
    """A table of the network's layers, with their outputs' shapes and their parameters."""
    lines = [f"{'layer':32}{'output':20}{'parameters':>12}"]
    for name, shape, parameters in layer_shapes(network):
        size = " × ".join(["n", *map(str, shape[1:])])
        lines.append(f"{name.removeprefix('blocks.'):32}{size:20}{parameters:>12,}")
    return "\n".join([*lines, f"{'in all':52}{parameter_count(network):>12,}"])
