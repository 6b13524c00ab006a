"""A network: named blocks and a head; and an ensemble of several as one network."""

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

# Mean and standard deviation of MNIST's training pixels, as shares of full ink.
MEAN, DEVIATION = 0.1307, 0.3081


class Network(nn.Module):
    """Named blocks, whose outputs are shown as activations, and a head that gives logits."""

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
    """Runs each member's block; splits the channels between them unless `shared`."""

    def __init__(self, parts: Iterable[nn.Module], *, shared: bool) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.shared = shared

    def member_outputs(self, features: Tensor) -> list[Tensor]:
        """The output of each member's block."""
        count = len(self.parts)
        inputs = [features] * count if self.shared else features.chunk(count, dim=1)
        return [part(own) for part, own in zip(self.parts, inputs, strict=True)]

    def forward(self, features: Tensor) -> Tensor:
        """The members' channels (n, members × channels, …), one after another."""
        return torch.cat(self.member_outputs(features), dim=1)


class MeanHead(ParallelBlock):
    """The members' heads."""

    def forward(self, features: Tensor) -> Float[Tensor, "n 10"]:
        """Logarithm of the mean of the members' probabilities."""
        members = [logits.log_softmax(dim=1) for logits in self.member_outputs(features)]
        return torch.stack(members).logsumexp(dim=0) - math.log(len(members))


def as_ensemble(networks: Sequence[Network]) -> Network:
    """One network from several of one architecture; its probabilities are the mean of theirs."""
    if len(networks) == 1:
        return networks[0]
    names = list(networks[0].blocks)
    blocks = {
        name: ParallelBlock((network.blocks[name] for network in networks), shared=name == names[0])
        for name in names
    }
    return Network(blocks, MeanHead((network.head for network in networks), shared=not names))
