"""The network of the stroke model: residual blocks along the trajectory."""

from torch import Tensor, nn
from torch.nn import functional as F

from digitlib.strokes import CHANNELS, POINTS

MAPS = 24  # feature maps in the first half of the network, and half of those in the second


class Residual(nn.Module):
    """Two convolutions along the trajectory and a skip connection (He et al. 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _along(inputs, outputs, 5, stride)
        self.second = _along(outputs, outputs, 5)
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else _along(inputs, outputs, 1, stride)

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, outputs, 1, length / stride)."""
        return F.relu(self.skip(features) + self.second(F.relu(self.first(features))))


def _along(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """A convolution along the trajectory, with batch normalisation."""
    convolution = nn.Conv2d(
        inputs, outputs, (1, size), (1, stride), padding=(0, size // 2), bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


def build_stroke_network() -> nn.Sequential:
    """From trajectories (n, 6, 1, 64) to logits (n, 10). Ours, after residual networks."""
    return nn.Sequential(
        _along(CHANNELS, MAPS, 5),
        nn.ReLU(),
        Residual(MAPS, MAPS, 1),
        Residual(MAPS, 2 * MAPS, 2),
        Residual(2 * MAPS, 2 * MAPS, 2),
        Residual(2 * MAPS, 2 * MAPS, 2),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(2 * MAPS * POINTS // 8, 10),
    )
