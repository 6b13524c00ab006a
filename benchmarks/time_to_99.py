"""Time to 99 % on MNIST: `-p preset fast` compared with PyTorch's MNIST example.

Rules for both, on the same machine in the same run:

- Timed are building the network and the optimiser, and training. The reference's DataLoader
  decodes, normalises and batches images during training, as in the example; our clock starts with
  uint8 images in memory and includes all later steps, such as the move to the device. Imports,
  reading MNIST's files and evaluation are not timed.
- The reference stops after the first epoch with 99 % on the test set, which is in its favour; ours
  runs its whole recipe, and the mean over its seeds must reach 99 %.
- A short untimed run of ours comes first, in which the libraries load their kernels.

Usage: python benchmarks/time_to_99.py [--seeds 5] [--reference-seeds 1]
"""

import argparse
import os
import statistics
import time
from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader
from torchvision import datasets as vision
from torchvision import transforms

from digitlib import settings
from digitlib.datasets import Digits, first, load_mnist, split
from digitlib.training import Recipe, build, fit, predict_logits, prepare

TARGET = 0.99


class ReferenceNetwork(nn.Module):
    """Two convolutions, dropout and two dense layers, as in pytorch/examples `mnist/main.py`."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Sequential(
            nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(128, 10),
        )  # fmt: skip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return F.log_softmax(self.head(self.features(images)), dim=1)


def reference(seed: int, epochs: int = 14) -> tuple[float, float, int]:
    """Seconds of training, test accuracy and epochs of PyTorch's example, which stops at 99 %."""
    torch.manual_seed(seed)
    steps = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    transform = transforms.Compose(steps)
    parts = [
        vision.MNIST(settings.data_dir(), train, transform=transform) for train in (True, False)
    ]
    test_loader = DataLoader(parts[1], batch_size=1000)
    started = time.perf_counter()
    loader = DataLoader(parts[0], batch_size=64, shuffle=True)
    network = ReferenceNetwork()
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = StepLR(optimizer, step_size=1, gamma=0.7)
    seconds = time.perf_counter() - started
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        network.train()
        for images, labels in loader:
            optimizer.zero_grad()
            F.nll_loss(network(images), labels).backward()
            optimizer.step()
        schedule.step()
        seconds += time.perf_counter() - started
        accuracy = _reference_accuracy(network, test_loader)
        print(
            f"  reference, seed {seed}, epoch {epoch}: {accuracy:.2%} after {seconds:.1f} s",
            flush=True,
        )
        if accuracy >= TARGET:
            break
    return seconds, accuracy, epoch


@torch.no_grad()
def _reference_accuracy(network: nn.Module, loader: DataLoader[Any]) -> float:
    network.eval()
    hits = sum((network(images).argmax(1) == labels).sum().item() for images, labels in loader)
    return hits / 10_000


def ours(seed: int, train: Digits, test: Digits) -> tuple[float, float]:
    """Seconds of training and test accuracy of the fast preset."""
    recipe = Recipe.checked({"preset": "fast", "dataset": "mnist", "seed": seed, "device": "cpu"})
    parts = split(first(train, recipe.limit), recipe.validation_fraction, seed)
    started = time.perf_counter()
    prepare(recipe)
    network = build(recipe.architecture)
    loop = fit(network, *parts, recipe)
    made = time.perf_counter() - started
    epochs = list(loop)
    hits = predict_logits(network, test.images).argmax(dim=1) == test.labels
    return made + sum(epoch.seconds for epoch in epochs), hits.float().mean().item()


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description="Time to 99 % of MNIST's test set.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reference-seeds", type=int, default=1, help="some minutes each")
    options = parser.parse_args()
    train, test = load_mnist()
    ours(0, first(train, 3_000), test)
    fast = [ours(seed, train, test) for seed in range(options.seeds)]
    slow = [reference(seed)[:2] for seed in range(options.reference_seeds)]
    print(
        f"{os.cpu_count()} cores, torch {torch.__version__}, torchvision {torchvision.__version__}"
    )
    print(f"{'':24}{'seeds':>6}{'test accuracy (mean, range)':>34}{'seconds (mean, range)':>28}")
    for name, rows in (("PyTorch's example", slow), ("-p preset fast", fast)):
        seconds, accuracies = zip(*rows, strict=True)
        print(
            f"{name:24}{len(rows):>6}{_spread(accuracies, '.2%'):>34}{_spread(seconds, '.1f'):>28}"
        )
    ratio = statistics.mean(s for s, _ in slow) / statistics.mean(s for s, _ in fast)
    print(f"The fast preset takes 1/{ratio:.0f} of the time.")


def _spread(values: tuple[float, ...], form: str) -> str:
    mean = statistics.mean(values)
    return f"{mean:{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
