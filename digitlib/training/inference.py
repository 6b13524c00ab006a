"""A network's logits, on the device that there is."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

EVALUATION_BATCH = 500  # images


def choose_device(name: str) -> torch.device:
    """The device of this name; `auto` is CUDA, else MPS, else the CPU.

    Raises ValueError for a device that is not available.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next((device for device, there in available.items() if there), "cpu")
    if not available.get(name, True):
        raise ValueError(f"device={name!r} is not available here; use `-p device auto` or `cpu`.")
    return torch.device(name)


def mixed_precision(device: torch.device) -> AbstractContextManager[Any]:
    """A context that computes in bfloat16 where the device has instructions for it."""
    if device.type == "cuda":
        enabled = torch.cuda.is_bf16_supported()
    else:
        enabled = device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def network_inputs(images: Tensor) -> Float[Tensor, "n channels height width"]:
    """Images (n, 28, 28) uint8 as float32 from 0 to 1, one channel; trajectories as they are."""
    return images if images.is_floating_point() else images.float().div_(255).unsqueeze(1)


@torch.no_grad()
def predict_logits(network: nn.Module, images: Tensor) -> Float[Tensor, "n 10"]:
    """Logits of images (n, 28, 28) uint8, in evaluation mode, on the images' device."""
    was_training = network.training
    network.eval()
    with mixed_precision(images.device):
        batches = [
            network(network_inputs(batch)).float() for batch in images.split(EVALUATION_BATCH)
        ]
    network.train(was_training)
    return torch.cat(batches)
