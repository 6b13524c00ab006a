"""Open a model folder's files: ONNX networks, each on one core, and the card."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray


def model_names(folder: Path) -> list[str]:
    """The names of the model folders in a folder, sorted."""
    return sorted(card.parent.name for card in folder.glob("*/card.json"))


def check_complete(folder: Path, names: Sequence[str]) -> None:
    """Raise ValueError if a model folder lacks one of the named files.

    For a folder that does not exist, the error lists the model folders beside it.
    """
    if not folder.is_dir():
        found = ", ".join(model_names(folder.parent)) or "none"
        raise ValueError(f"{folder} is not a model folder; those beside it: {found}.")
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"{folder} is not a model folder: it lacks {', '.join(missing)}.")


def read_card(path: Path) -> dict[str, Any]:
    """The contents of a model card; raises ValueError, naming the folder, if it is broken."""
    try:
        card: dict[str, Any] = json.loads(path.read_text())
        for part in (card, card.get("pen") or {}):
            threshold = float(part.get("rejection_threshold", 0))
            if not 0 <= threshold <= 1:  # NaN is not
                raise ValueError(f"its rejection_threshold is {threshold}, not between 0 and 1")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.parent} holds a broken model, its card: {error}") from error
    return card


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """The network of an ONNX file; raises ValueError, naming the folder, if it is broken."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    options.enable_cpu_mem_arena = False  # which would keep what the largest batch took
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no other base class
        raise ValueError(f"{path.parent} holds a broken model: {error}") from error


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities from logits (n, classes); each row sums to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def checked_images(images: ArrayLike) -> NDArray[np.uint8]:
    """Images (n, 28, 28) uint8 from an array, a tensor or nested lists of integers.

    Raises ValueError for another shape, for floats, and for integers outside 0 to 255.
    """
    array = np.asarray(images)
    if (
        array.dtype != np.uint8
        and array.dtype.kind in "iu"
        and np.all((array >= 0) & (array < 256))
    ):
        array = array.astype(np.uint8)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[1:] != (28, 28):
        raise ValueError(
            "Images are (n, 28, 28) uint8, or integers from 0 to 255; got"
            f" {array.shape} {array.dtype}."
        )
    return array
