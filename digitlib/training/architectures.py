"""Networks by name, each a few lines that read like a drawing of it."""

from collections.abc import Callable, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from digitlib.training.lenet5 import lenet5
from digitlib.training.network import Network, as_ensemble


def _convolution(
    inputs: int, outputs: int, size: int = 3, *, pool: bool = False, pad: bool = True
) -> nn.Sequential:
    """Convolution, pooling where asked (before the rest, which is then a quarter), norm, ReLU."""
    padding = size // 2 if pad else 0
    return _finished([nn.Conv2d(inputs, outputs, size, padding=padding, bias=False)], outputs, pool)


def _finished(convolutions: Sequence[nn.Module], outputs: int, pool: bool) -> nn.Sequential:
    """Convolutions, and what follows them in each of our blocks."""
    pooling = [nn.MaxPool2d(2)] if pool else []
    return nn.Sequential(*convolutions, *pooling, nn.BatchNorm2d(outputs), nn.ReLU())


class Crop(nn.Module):
    """The middle of an image: digits fit 20×20, so a margin of some px holds next to nothing."""

    def __init__(self, margin: int) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, images: Float[Tensor, "n 1 28 28"]) -> Tensor:
        """Images (n, 1, 28 - 2 margin, 28 - 2 margin)."""
        return images[..., self.margin : -self.margin, self.margin : -self.margin]


def cnn(maps: int = 32) -> Network:
    """Six convolutions in four blocks, of the image's middle: 320,234 parameters.

    After the VGG pattern (Simonyan and Zisserman 2015) with batch normalisation; pooling comes
    before normalisation, which costs a quarter there and changes little. `maps` are those of the
    first block; the last one has four times as many.
    """
    two, four = 2 * maps, 4 * maps
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, maps, 5, pool=True, pad=False)),  # 10×10
        "block2": nn.Sequential(_convolution(maps, two), _convolution(two, two)),  # 10×10
        "block3": nn.Sequential(_convolution(two, two, pool=True), _convolution(two, four)),  # 5×5
        "block4": _convolution(four, four, pool=True),  # (n, 4 maps, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * four, 10)))


def cnn_16() -> Network:
    """`cnn` half as wide, a third of its training time: 81,786 parameters. Ours."""
    return cnn(maps=16)


def fast() -> Network:
    """Three narrow convolutions of the image's middle, without padding: 26,234 parameters.

    Ours, after LeNet-5's alternation of convolution and pooling (LeCun et al. 1998), with batch
    normalisation (Ioffe and Szegedy 2015). The widths were chosen on 10,000 of the training
    images: least time for 99 % of them.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, 16, 5, pool=True, pad=False)),  # 10×10
        "block2": _convolution(16, 32, pool=True, pad=False),  # (n, 32, 4, 4)
        "block3": _convolution(32, 64, pad=False),  # (n, 64, 2, 2)
    }
    return Network(blocks, nn.Sequential(nn.Flatten(), nn.Linear(256, 10)))


def _separable(inputs: int, outputs: int, *, pool: bool = False) -> nn.Sequential:
    """A convolution in two steps, each channel's 3×3 and then across channels: an eighth of one."""
    own = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return _finished([own, nn.Conv2d(inputs, outputs, 1, bias=False)], outputs, pool)


def _frugal(first: int, maps: int) -> Network:
    """A 5×5 convolution, four separable ones, a weighted mean of each map, a small dense layer.

    After MobileNets (Howard et al. 2017), with the end of MobileFaceNets (Chen et al. 2018), where
    each channel has its own weights over the 5×5 places instead of being averaged.
    """
    blocks = {
        "block1": nn.Sequential(Crop(2), _convolution(1, first, 5, pool=True, pad=False)),  # 10×10
        "block2": _separable(first, maps),
        "block3": _separable(maps, maps, pool=True),  # (n, maps, 5, 5)
        "block4": _separable(maps, maps),
        "block5": _separable(maps, maps),
    }
    middle = [nn.Conv2d(maps, maps, 5, groups=maps, bias=False), nn.BatchNorm2d(maps)]
    return Network(blocks, nn.Sequential(*middle, nn.Flatten(), nn.Linear(maps, 10)))


def tiny() -> Network:
    """A frugal network of 12 maps, 99 % of MNIST's test set: 1,786 parameters. Ours."""
    return _frugal(first=10, maps=12)


def frugal_8() -> Network:
    """A frugal network of 8 maps, smaller than `tiny`: 1,042 parameters. Ours."""
    return _frugal(first=6, maps=8)


def frugal_20() -> Network:
    """A frugal network of 20 maps, between `tiny` and `small`: 3,546 parameters. Ours."""
    return _frugal(first=16, maps=20)


def small() -> Network:
    """A frugal network, 99.5 % of MNIST's test set: 5,658 parameters. Ours."""
    return _frugal(first=20, maps=28)


def mlp() -> Network:
    """No convolutions, two layers of 800 after Simard et al. (2003): 1,278,410 parameters."""
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
    """Two 3×3 convolutions, each pooled, and a dense layer with dropout: 79,290 parameters.

    Ours, after the usual tutorials', such as PyTorch's MNIST example, with batch normalisation.
    `maps` are those of the first block; each further one has twice as many. With `strided`, the
    convolutions go in steps of two instead of being pooled (Springenberg et al. 2015).
    """
    layers, inputs, side = {}, 1, 24
    for number in range(blocks):
        outputs = maps * 2**number
        step = nn.Conv2d(inputs, outputs, 3, padding=1, stride=1 + strided, bias=not norm)
        parts: list[nn.Module] = [step, nn.Identity() if strided else nn.MaxPool2d(2), nn.ReLU()]
        if norm:
            parts.insert(2, nn.BatchNorm2d(outputs))
        crop = [Crop(2)] if number == 0 else []
        layers[f"block{number + 1}"] = nn.Sequential(*crop, *parts)
        inputs, side = outputs, side // 2
    flat = inputs * side**2
    hidden = [nn.Linear(flat, dense), nn.ReLU(), nn.Dropout(dropout)] if dense else []
    return Network(layers, nn.Sequential(nn.Flatten(), *hidden, nn.Linear(dense or flat, 10)))


def _changed(what: str, **changes: Any) -> Callable[[], Network]:
    """`plain` with these arguments, which a docstring tells in words."""

    def network() -> Network:
        return plain(**changes)

    network.__doc__ = f"Ours, `plain` with {what}."
    return network


# To compare: mostly `plain` with one thing changed, see `notebooks/compare.ipynb`.
VARIANTS: dict[str, Callable[[], Network]] = {
    "plain-1-block": _changed("one block instead of two: 148,346 parameters", blocks=1),
    "plain-3-blocks": _changed("three blocks instead of two: 60,986 parameters", blocks=3),
    "plain-4-maps": _changed(
        "4 and 8 feature maps instead of 16 and 32: 19,494 parameters", maps=4
    ),
    "plain-8-maps": _changed(
        "8 and 16 feature maps instead of 16 and 32: 38,850 parameters", maps=8
    ),
    "plain-32-maps": _changed(
        "32 and 64 feature maps instead of 16 and 32: 167,082 parameters", maps=32
    ),
    "plain-no-dense": _changed("no dense layer before the ten outputs: 16,378 parameters", dense=0),
    "plain-16-dense": _changed("16 dense units instead of 64: 23,466 parameters", dense=16),
    "plain-256-dense": _changed("256 dense units instead of 64: 302,586 parameters", dense=256),
    "plain-no-dropout": _changed("no dropout: 79,290 parameters", dropout=0.0),
    "plain-60-dropout": _changed("60 % dropout instead of 30 %: 79,290 parameters", dropout=0.6),
    "plain-no-norm": _changed("no batch normalisation: 79,242 parameters", norm=False),
    "plain-strided": _changed(
        "convolutions in steps of two instead of pooling: 79,290 parameters", strided=True
    ),
    "cnn-16-maps": cnn_16,
    "frugal-8": frugal_8,
    "frugal-20": frugal_20,
}
ARCHITECTURES: dict[str, Callable[[], Network]] = {
    "cnn": cnn,
    "fast": fast,
    "lenet5": lenet5,
    "mlp": mlp,
    "plain": plain,
    "small": small,
    "tiny": tiny,
    **VARIANTS,
}


def build(name: str, members: int = 1) -> Network:
    """A fresh network, or an ensemble of so many.

    Raises ValueError, with the known names, for an unknown architecture.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture={name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    return as_ensemble([ARCHITECTURES[name]() for _ in range(members)])
