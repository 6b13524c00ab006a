"""Model folders for tests: copies of the bundled one with a part replaced."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from digitlib.recogniser.locations import BUNDLED, models_dir

SMALL = Path(__file__).parents[1] / "fixtures" / "before" / "model"


def copied(name: str, **card_entries: object) -> Path:
    """A copy of the bundled model in `outputs/models`, with other entries in its card."""
    folder = Path(shutil.copytree(BUNDLED, models_dir() / name))
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "name": name, **card_entries}))
    return folder


def small_model(name: str) -> Path:
    """A small model in `outputs/models`; by its card its test set is 100 synthetic digits."""
    folder = Path(shutil.copytree(SMALL, models_dir() / name))
    card = json.loads((folder / "card.json").read_text())
    card["data"]["name"], card["parameters"]["limit"] = "synthetic", 600
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def write_linear(file: Path, *, input: str, shape: tuple[int, ...], weights: np.ndarray) -> None:
    """Write a linear network as ONNX: `input` (n, *shape) times `weights` (size, classes)."""
    kind = TensorProto.UINT8 if input == "images" else TensorProto.FLOAT
    nodes = [
        helper.make_node("Cast", [input], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["numbers"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info(input, kind, ["n", *shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), file)


def write_image_network(folder: Path, weights: np.ndarray) -> None:
    """Replace the image network by a linear one with `weights` (784, classes)."""
    write_linear(folder / "model.onnx", input="images", shape=(28, 28), weights=weights)


def write_stroke_network(folder: Path, weights: np.ndarray) -> None:
    """Replace the stroke network by a linear one with `weights` (384, classes)."""
    write_linear(folder / "pen.onnx", input="trajectories", shape=(6, 64), weights=weights)
