"""Networks by name, each a few lines that read like its drawing."""

import ast
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from digitlib.training.network import Network, as_ensemble


def lenet5() -> Network:
    """LeNet-5 with a full second convolution (LeCun et al. 1998, fig. 2): 61,706 parameters."""
    blocks = {
        "block1": nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),  # 14×14
        "block2": nn.Sequential(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),  # (n, 16, 5, 5)
    }
    dense = [nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)]
    return Network(blocks, nn.Sequential(nn.Flatten(), *dense))


def _convolution(
    inputs: int, outputs: int, size: int = 3, *, pool: bool = False, pad: bool = True
) -> nn.Sequential:
    """A convolution, then pooling (where asked), batch normalisation and ReLU."""
    padding = size // 2 if pad else 0
    return _block([nn.Conv2d(inputs, outputs, size, padding=padding, bias=False)], outputs, pool)


def _block(convolutions: Sequence[nn.Module], outputs: int, pool: bool) -> nn.Sequential:
    """Convolutions, then pooling (where asked), batch normalisation and ReLU."""
    pooling = [nn.MaxPool2d(2)] if pool else []
    return nn.Sequential(*convolutions, *pooling, nn.BatchNorm2d(outputs), nn.ReLU())


class Crop(nn.Module):
    """Crops a margin of some px: MNIST's digits are scaled to 20×20, so the margin is empty."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, images: Float[Tensor, "n 1 28 28"]) -> Tensor:
        """Images (n, 1, 28 - 2 margin, 28 - 2 margin)."""
        return images[..., self.margin : -self.margin, self.margin : -self.margin]


def cnn(maps: int = 32) -> Network:
    """Six convolutions in four blocks: 320,234 parameters.

    After the VGG pattern (Simonyan and Zisserman 2015) with batch normalisation. Pooling comes
    before normalisation, which makes that four times as cheap. `maps` is the number of feature maps
    of the first block; the last block has four times as many.
    """
    two, four = 2 * maps, 4 * maps
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, maps, 5, pool=True, pad=False)),  # 10×10
        "block2": nn.Sequential(_convolution(maps, two), _convolution(two, two)),  # 10×10
        "block3": nn.Sequential(_convolution(two, two, pool=True), _convolution(two, four)),  # 5×5
        "block4": _convolution(four, four, pool=True),  # (n, 4 maps, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * four, 10)))


def fast() -> Network:
    """Three narrow convolutions without padding: 26,234 parameters.

    Ours, after LeNet-5's alternation of convolution and pooling (LeCun et al. 1998), with batch
    normalisation (Ioffe and Szegedy 2015). The widths were chosen on 10,000 training images for the
    shortest time to 99 %.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, 16, 5, pool=True, pad=False)),  # 10×10
        "block2": _convolution(16, 32, pool=True, pad=False),  # (n, 32, 4, 4)
        "block3": _convolution(32, 64, pad=False),  # (n, 64, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Linear(256, 10)))


def _separable(inputs: int, outputs: int, *, pool: bool = False) -> nn.Sequential:
    """A depthwise-separable convolution: about 1/8 of the parameters of a full one."""
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return _block([depthwise, nn.Conv2d(inputs, outputs, 1, bias=False)], outputs, pool)


def tiny(first: int = 10, maps: int = 12) -> Network:
    """One 5×5 and four depthwise-separable convolutions: 1,786 parameters, 99 % on MNIST.

    After MobileNets (Howard et al. 2017). The global depthwise convolution before the dense layer
    is that of MobileFaceNets (Chen et al. 2018). `first` is the number of feature maps of the first
    block, `maps` that of the others.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, first, 5, pool=True, pad=False)),  # 10×10
        "block2": _separable(first, maps),
        "block3": _separable(maps, maps, pool=True),  # (n, maps, 5, 5)
        "block4": _separable(maps, maps),
        "block5": _separable(maps, maps),
    }
    pooling = [nn.Conv2d(maps, maps, 5, groups=maps, bias=False), nn.BatchNorm2d(maps)]
    return Network(blocks, nn.Sequential(*pooling, nn.Flatten(), nn.Linear(maps, 10)))


def small() -> Network:
    """`tiny` with more feature maps: 5,658 parameters, 99.5 % on MNIST."""
    return tiny(first=20, maps=28)


def mlp() -> Network:
    """Two dense layers of 800 units, after Simard et al. (2003): 1,278,410 parameters."""
    blocks: dict[str, nn.Module] = {}
    for number, inputs in enumerate((784, 800), start=1):
        dense = nn.Linear(inputs, 800, bias=False)
        layers = [nn.Flatten(), dense, nn.BatchNorm1d(800), nn.ReLU(), nn.Dropout(0.2)]
        blocks[f"layer{number}"] = nn.Sequential(*layers)
    return Network(blocks, nn.Linear(800, 10))


def plain(
    blocks: int = 2,
    maps: int = 16,
    dense: int = 64,
    dropout: float = 0.3,
    *,
    norm: bool = True,
    strided: bool = False,
) -> Network:
    """Two blocks of a 3×3 convolution and pooling, then a dense layer: 79,290 parameters.

    Ours, after common tutorials such as PyTorch's MNIST example, with batch normalisation. The
    first block has `maps` feature maps, each further one twice as many; `dense` is the number of
    units. With `strided`, stride 2 replaces pooling (Springenberg et al. 2015).
    """
    layers, inputs, side = {}, 1, 24
    for number in range(blocks):
        outputs = maps * 2**number
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, stride=1 + strided, bias=not norm)
        parts: list[nn.Module] = [
            convolution,
            nn.Identity() if strided else nn.MaxPool2d(2),
            nn.ReLU(),
        ]
        if norm:
            parts.insert(2, nn.BatchNorm2d(outputs))
        crop = [Crop(2)] if number == 0 else []
        layers[f"block{number + 1}"] = nn.Sequential(*crop, *parts)
        inputs, side = outputs, side // 2
    flat = inputs * side**2
    hidden = [nn.Linear(flat, dense), nn.ReLU(), nn.Dropout(dropout)] if dense else []
    return Network(layers, nn.Sequential(nn.Flatten(), *hidden, nn.Linear(dense or flat, 10)))


ARCHITECTURES: dict[str, Callable[..., Network]] = {
    "cnn": cnn,
    "fast": fast,
    "lenet5": lenet5,
    "mlp": mlp,
    "plain": plain,
    "small": small,
    "tiny": tiny,
}

# Architectures of earlier versions, which their cards still name: today's name and its options.
RENAMED = {
    "plain-1-block": ("plain", "blocks=1"),
    "plain-3-blocks": ("plain", "blocks=3"),
    "plain-4-maps": ("plain", "maps=4"),
    "plain-8-maps": ("plain", "maps=8"),
    "plain-32-maps": ("plain", "maps=32"),
    "plain-no-dense": ("plain", "dense=0"),
    "plain-16-dense": ("plain", "dense=16"),
    "plain-256-dense": ("plain", "dense=256"),
    "plain-no-dropout": ("plain", "dropout=0.0"),
    "plain-60-dropout": ("plain", "dropout=0.6"),
    "plain-no-norm": ("plain", "norm=False"),
    "plain-strided": ("plain", "strided=True"),
    "cnn-16-maps": ("cnn", "maps=16"),
    "frugal-8": ("tiny", "first=6, maps=8"),
    "frugal-20": ("tiny", "first=16, maps=20"),
}


def build(name: str, members: int = 1, options: str = "") -> Network:
    """A new network, or an ensemble of `members` of them.

    `options` are arguments of the architecture, such as `maps=8, dropout=0.6` for `plain`. Raises
    ValueError for an unknown architecture or option, with the known ones.
    """
    name, options = RENAMED.get(name, (name, options))
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture={name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    arguments = _parsed(name, options)
    return as_ensemble([ARCHITECTURES[name](**arguments) for _ in range(members)])


def _parsed(name: str, options: str) -> dict[str, Any]:
    """The options as arguments of the architecture of this name."""
    parameters = inspect.signature(ARCHITECTURES[name]).parameters
    known = ", ".join(f"{p.name}={p.default}" for p in parameters.values()) or "none"
    try:
        pairs = [pair.split("=") for pair in options.split(",") if pair.strip()]
        given = {option.strip(): ast.literal_eval(value.strip()) for option, value in pairs}
    except (SyntaxError, ValueError):
        raise ValueError(f"should look like `maps=8, dropout=0.6`; {name} has {known}") from None
    for option, value in given.items():
        if option not in parameters:
            raise ValueError(f"should use options of {name} ({known}), not {option!r}")
        kind = type(parameters[option].default)
        if type(value) not in {kind, *({int} if kind is float else ())}:
            raise ValueError(f"should have {option} of type {kind.__name__}, not {value!r}")
    return given


def architecture_source(name: str) -> str:
    """The source of an architecture and of the parts in this file that it is built from."""
    parts: list[Any] = [ARCHITECTURES[RENAMED.get(name, (name, ""))[0]]]
    for part in parts:  # grows as parts name others
        names = part.__code__.co_names if inspect.isfunction(part) else ()
        for other in map(globals().get, names):
            if getattr(other, "__module__", "") == __name__ and other not in parts:
                parts.append(other)
    return "\n\n".join(inspect.getsource(part) for part in parts)


def check_options(name: str, options: str) -> None:
    """Build the network and run it without computing; raises ValueError where that fails."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of layers without weights, which are refused below
        try:
            build(name, options=options).eval()(torch.zeros(1, 1, 28, 28))
        except (RuntimeError, ZeroDivisionError) as error:
            raise ValueError(f"should be options that {name} can have ({error})") from None
