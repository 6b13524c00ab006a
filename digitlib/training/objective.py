"""What training minimises, and the loss and accuracy that are reported."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from digitlib.datasets import NO_DIGIT, Digits
from digitlib.training.inference import predict_logits


def target_distributions(smoothing: float, device: torch.device) -> Float[Tensor, "11 10"]:
    """The target of each label: the digit, smoothed; for `NO_DIGIT`, the uniform distribution.

    The uniform target is that of outlier exposure (Hendrycks, Mazeika and Dietterich 2019).
    """
    digits = (1 - smoothing) * torch.eye(10) + smoothing / 10
    return torch.cat([digits, torch.full((1, 10), 0.1)]).to(device)


def digit_accuracy(logits: Float[Tensor, "n 10"], labels: Int64[Tensor, " n"]) -> float:
    """The share of correct predictions; non-digits don't count."""
    digit = labels != NO_DIGIT
    return (logits.argmax(dim=1) == labels)[digit].float().mean().item()


def loss_and_accuracy(network: nn.Module, digits: Digits, smoothing: float) -> tuple[float, float]:
    """Loss in nats above its minimum, and accuracy.

    The minimum is the entropy of the smoothed labels, so that 0 is perfect at any smoothing.
    """
    logits = predict_logits(network, digits.images)
    targets = target_distributions(smoothing, logits.device)
    minimum = torch.special.entr(targets[0]).sum()
    loss = F.cross_entropy(logits, targets[digits.labels]) - minimum
    return loss.item(), digit_accuracy(logits, digits.labels)
