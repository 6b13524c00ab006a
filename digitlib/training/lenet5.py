"""LeNet-5 as it was published: LeCun, Bottou, Bengio and Haffner (1998), section II.B."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from digitlib.training.network import DEVIATION, MEAN, Network

# What each output looks for in the 84 units before it: a digit as a picture of 7×12. The pictures
# are ours, in the manner of the paper's figure 3. Digits that look alike have codes that are alike.
_DIGITS = """
..###.. ...#... ..###.. .#####. ....##. ####### ...###. ####### ..###.. ..###..
.#####. ..##... .#####. ####### ...###. ####### ..##... ####### .#####. .#####.
##...## .###... ##...## ##...## ...#.#. ##..... .##.... ##...## ##...## ##...##
##...## #.##... #....## .....## ..##.#. ##..... ##..... ....##. ##...## ##...##
##...## ..##... .....## ....##. ..#..#. #####.. ##.##.. ....##. .##.##. ##...##
##...## ..##... ....##. ..####. .##..#. ######. ######. ...##.. ..###.. .######
##...## ..##... ...##.. ..####. .#...#. ##..##. ###..## ...##.. .##.##. ..##.##
##...## ..##... ..##... ....##. ####### .....## ##...## ..##... ##...## .....##
##...## ..##... .##.... .....## ####### .....## ##...## ..##... ##...## .....##
##...## ..##... ##..... ##...## .....#. ##...## ##...## .##.... ##...## ....##.
.#####. .####.. ####### .#####. .....#. ######. .#####. .##.... .#####. .####..
..###.. .####.. ####### ..###.. .....#. .####.. ..###.. .##.... ..###.. .###...
"""

# The maps of S2 that each map of C3 sees (table I): three or four neighbours, four in two pairs
# (wherein the paper breaks the symmetry), all six.
_SEEN = [
    *([(first + i) % 6 for i in range(3)] for first in range(6)),
    *([(first + i) % 6 for i in range(4)] for first in range(6)),
    *([0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]),
]


class Squash(nn.Module):
    """The paper's sigmoid: a hyperbolic tangent that has its greatest curvature at ±1."""

    def forward(self, values: Tensor) -> Tensor:
        """Values between -1.7159 and 1.7159, of the same shape."""
        return 1.7159 * torch.tanh(values * (2 / 3))


class Subsampling(nn.Module):
    """The sum of each 2×2, times a trained coefficient of the map, plus a trained bias."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps,), 0.25))  # at first, the mean
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (n, channels, height / 2, width / 2)."""
        sums = 4 * F.avg_pool2d(maps, 2)
        return sums * self.coefficient.view(-1, 1, 1) + self.bias.view(-1, 1, 1)


class PartialConvolution(nn.Module):
    """C3: 16 maps of 5×5 convolutions, each of some of the six maps of S2 only.

    The 60 kernels that there are stand in a dense convolution's place, the other 36 are zero: on a
    processor that is ten times as fast as a convolution in groups.
    """

    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        pairs = [(to, of) for to, seen in enumerate(_SEEN) for of in seen]
        bound = 0.1  # as PyTorch begins where four maps are seen
        self.kernels = nn.Parameter(torch.empty(len(pairs), 25).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(16))
        places = torch.zeros(96, len(pairs))
        for number, (to, of) in enumerate(pairs):
            places[6 * to + of, number] = 1
        self.register_buffer("places", places, persistent=False)

    def forward(self, maps: Float[Tensor, "n 6 14 14"]) -> Float[Tensor, "n 16 10 10"]:
        """The maps in the order of the paper's table."""
        return F.conv2d(maps, (self.places @ self.kernels).view(16, 6, 5, 5), self.bias)


class Codes(nn.Module):
    """Radial basis functions: how far 84 units lie from each digit's picture of ±1, not trained."""

    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        rows = [row.split() for row in _DIGITS.split("\n") if row]
        pictures = ["".join(row[digit] for row in rows) for digit in range(10)]
        codes = [[1.0 if ink == "#" else -1.0 for ink in picture] for picture in pictures]
        self.register_buffer("codes", torch.tensor(codes), persistent=False)

    def forward(self, units: Float[Tensor, "n 84"]) -> Float[Tensor, "n 10"]:
        """Less their squared distances, so that the nearest is the likeliest."""
        return -(units.unsqueeze(1) - self.codes).square().sum(dim=2)


def lenet5() -> Network:
    """LeNet-5 as published (LeCun et al. 1998, section II.B): 60,000 parameters.

    Its partial C3, trained subsampling, scaled tanh and outputs that compare with pictures are the
    paper's, but the pictures are ours; cross-entropy and AdamW take the place of its loss and
    optimiser.
    """
    margin = nn.ConstantPad2d(2, -MEAN / DEVIATION)  # 32×32, no ink
    blocks = {
        "block1": nn.Sequential(margin, nn.Conv2d(1, 6, 5), Squash(), Subsampling(6), Squash()),
        "block2": nn.Sequential(PartialConvolution(), Squash(), Subsampling(16), Squash()),
    }
    dense = [nn.Linear(400, 120), Squash(), nn.Linear(120, 84), Squash()]
    return Network(blocks, nn.Sequential(nn.Flatten(), *dense, Codes()))
