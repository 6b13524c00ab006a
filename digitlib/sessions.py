"""Networks that ONNX Runtime runs, one core each, and what goes in and comes out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray


def check_complete(folder: Path, names: Sequence[str]) -> None:
    """Raise ValueError where a model folder lacks one of the files."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} is not a model folder: it lacks {', '.join(missing)}.")


def session(path: Path) -> onnxruntime.InferenceSession:
    """A network of an ONNX file, on one core. Raises what ONNX Runtime does for a broken file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of logits (n, 10); each row sums to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def checked_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The images, if they are what a model takes; raises ValueError otherwise."""
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise ValueError(f"Images are (n, 28, 28) uint8; got {images.shape} {images.dtype}.")
    return images
