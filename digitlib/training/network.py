"""What every network is: named blocks and a head; and several such networks as one."""

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
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


class ParallelBlock(nn.Module):
    """The same block of several networks: each gets its share of the channels, or all see all."""

    def __init__(self, parts: Iterable[nn.Module], *, shared: bool) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.shared = shared

    def answers(self, features: Tensor) -> list[Tensor]:
        """What each network's block makes of its input."""
        count = len(self.parts)
        inputs = [features] * count if self.shared else features.chunk(count, dim=1)
        return [part(given) for part, given in zip(self.parts, inputs, strict=True)]

    def forward(self, features: Tensor) -> Tensor:
        """Their channels (n, parts × channels, …), network after network."""
        return torch.cat(self.answers(features), dim=1)


class MeanHead(ParallelBlock):
    """The heads of several networks."""

    def forward(self, features: Tensor) -> Float[Tensor, "n 10"]:
        """Logarithm of the mean of the networks' probabilities."""
        opinions = torch.stack([logits.log_softmax(dim=1) for logits in self.answers(features)])
        return opinions.logsumexp(dim=0) - math.log(len(opinions))


def as_ensemble(networks: Sequence[Network]) -> Network:
    """Networks of one architecture as one, whose probabilities are the mean of theirs."""
    if len(networks) == 1:
        return networks[0]
    names = list(networks[0].blocks)
    blocks = {
        name: ParallelBlock((network.blocks[name] for network in networks), shared=name == names[0])
        for name in names
    }
    return Network(blocks, MeanHead((network.head for network in networks), shared=not names))
