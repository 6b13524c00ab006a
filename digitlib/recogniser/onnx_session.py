"""A model folder's files opened: networks that ONNX Runtime runs, one core each, and the card."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray


def model_names(folder: Path) -> list[str]:
    """The model folders that are in a folder, by name."""
    return sorted(card.parent.name for card in folder.glob("*/card.json"))


def check_complete(folder: Path, names: Sequence[str]) -> None:
    """Raise ValueError where a model folder lacks one of the files.

    Of a folder that isn't there at all, the error names the model folders beside it.
    """
    if not folder.is_dir():
        there = ", ".join(model_names(folder.parent)) or "none"
        raise ValueError(f"{folder} is not a model folder; those beside it: {there}.")
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} is not a model folder: it lacks {', '.join(missing)}.")


def read_card(path: Path) -> dict[str, Any]:
    """What a model's card holds; raises ValueError, naming the folder, for a broken one."""
    try:
        card: dict[str, Any] = json.loads(path.read_text())
        for part in (card, card.get("pen") or {}):
            float(part.get("rejection_threshold", 0))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.parent} holds a broken model, its card: {error}") from error
    return card


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A network of an ONNX file; raises ValueError, naming the folder, for a broken one."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no other base
        raise ValueError(f"{path.parent} holds a broken model: {error}") from error


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of logits (n, 10); each row sums to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def checked_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The images, if they are what a model takes; raises ValueError otherwise."""
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise ValueError(f"Images are (n, 28, 28) uint8; got {images.shape} {images.dtype}.")
    return images
