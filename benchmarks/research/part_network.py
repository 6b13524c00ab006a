"""The network that judges parts of connected ink, and how it is trained; for parts.py."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

SPREAD = 0.5  # of the distortions that training adds


class PartNetwork(nn.Module):
    """Three small convolutions; takes views (n, 2, 32, 32), 0 to 255."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((2, 16), (16, 32), (32, 48)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.1), nn.Linear(768, 11))

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(seen.float() / 255)
        return logits


class Judges(nn.Module):
    """Networks whose probabilities are averaged; logarithms (n, 11) come out."""

    def __init__(self, networks: Sequence[PartNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        rows = torch.stack([network(seen).softmax(dim=1) for network in self.networks])
        return rows.mean(dim=0).log()


def distorted(seen: torch.Tensor) -> torch.Tensor:
    """Views (n, 2, 32, 32), each turned, scaled, sheared, shifted and made thicker or thinner."""
    count = len(seen)
    turn, lean = SPREAD * 0.07 * torch.randn(count), SPREAD * 0.1 * torch.randn(count)
    scale = torch.exp(SPREAD * 0.07 * torch.randn(count, 2))
    ways = torch.zeros(count, 2, 3)
    ways[:, 0, 0], ways[:, 0, 1] = scale[:, 0] * turn.cos(), lean - turn.sin()
    ways[:, 1, 0], ways[:, 1, 1] = turn.sin(), scale[:, 1] * turn.cos()
    ways[:, :, 2] = SPREAD * 0.04 * torch.randn(count, 2)
    grid = nn.functional.affine_grid(ways, list(seen.shape), align_corners=False)
    moved = nn.functional.grid_sample(seen.float() / 255, grid, align_corners=False).clamp(0, 1)
    return 255 * moved ** torch.exp(SPREAD * 0.25 * torch.randn(count, 1, 1, 1))


def train(
    seen: NDArray[np.uint8], labels: NDArray[np.int64], epochs: int, seed: int
) -> PartNetwork:
    """A network trained on these parts."""
    torch.manual_seed(seed)
    network = PartNetwork()
    inputs, targets = torch.from_numpy(seen), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = epochs * (len(inputs) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.004, total_steps=steps + 1)
    for epoch in range(epochs):
        order = torch.randperm(len(inputs))
        losses = []
        for at in range(0, len(inputs) - 127, 128):
            chosen = order[at : at + 128]
            loss = nn.functional.cross_entropy(network(distorted(inputs[chosen])), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    return network.eval()
