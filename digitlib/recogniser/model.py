"""The recogniser: the networks of one model folder, run by ONNX Runtime on one core."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from digitlib.recogniser import onnx_session
from digitlib.recogniser.locations import BUNDLED, current_model, models_dir
from digitlib.recogniser.number import split_number
from digitlib.strokes import Strokes, as_strokes, geometric_mean, rasterise, trajectory

MODEL_FILES = ("model.safetensors", "model.onnx", "card.json")
STROKE_MODEL_FILES = ("pen.safetensors", "pen.onnx")  # where a stroke model belongs to the model

# Default for cards without a threshold: a flat distribution marks a scribble or a letter.
REJECTION_THRESHOLD = 0.8
_BATCH = 500  # images or trajectories; a batch of thousands would fill the memory


class Recogniser:
    """Predicts the digit of drawings, or of 28×28 images, with a model folder, on one core."""

    def __init__(self, folder: Path) -> None:
        onnx_session.check_complete(folder, MODEL_FILES)
        self.card: dict[str, Any] = onnx_session.read_card(folder / "card.json")
        self._image_session = onnx_session.open_session(folder / "model.onnx")
        self._stroke_session: onnxruntime.InferenceSession | None = None
        if self.card.get("pen"):
            onnx_session.check_complete(folder, STROKE_MODEL_FILES)
            self._stroke_session = onnx_session.open_session(folder / "pen.onnx")
        self.folder = folder
        self.name = str(self.card.get("name", folder.name))
        self._outputs = [output.name for output in self._image_session.get_outputs()]

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None = None) -> "Recogniser":
        """The recogniser of a model folder: by default the promoted one, else the bundled one.

        Raises ValueError when the folder is not a valid model folder.
        """
        return cls(current_model() if folder is None else Path(folder))

    @classmethod
    def named(cls, name: str) -> "Recogniser":
        """The recogniser of a folder, of a name in `outputs/models`, or of `bundled`.

        An empty name stands for the serving model. Raises ValueError when there is no such model.
        """
        if not name:
            return cls.load()
        if name == "bundled":
            return cls(BUNDLED)
        folder = models_dir() / name
        if not folder.is_dir() and not (folder := Path(name)).is_dir():
            found = ", ".join(["bundled", *onnx_session.model_names(models_dir())])
            raise ValueError(f"{name} is not a model folder; there are {found}.")
        return cls(folder)

    @property
    def has_stroke_model(self) -> bool:
        """Whether drawings are also read by their trajectory, not only by their image."""
        return self._stroke_session is not None

    @property
    def threshold(self) -> float:
        """Confidence (0 to 1) below which a drawing is rejected as doubtful.

        For images alone, use `image_threshold`.
        """
        card = self.card["pen"] if self.has_stroke_model else self.card
        return float(card.get("rejection_threshold", REJECTION_THRESHOLD))

    @property
    def image_threshold(self) -> float:
        """Confidence (0 to 1) below which an image without strokes is rejected as doubtful."""
        return float(self.card.get("rejection_threshold", REJECTION_THRESHOLD))

    def predict(self, images: ArrayLike) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of images (n, 28, 28) uint8; each row sums to 1.

        Tensors and nested lists of integers from 0 to 255 are images too. Raises ValueError for
        anything else.
        """
        return onnx_session.softmax(self._run("logits", onnx_session.checked_images(images)))

    def read(self, drawings: Sequence[Sequence[ArrayLike]]) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of drawings, each given by its strokes.

        Combines image and trajectory where there is a stroke model. Raises ValueError when a
        drawing has no ink or malformed strokes.
        """
        images = np.array([rasterise(strokes) for strokes in drawings], np.uint8)
        return self.with_stroke_model(self.predict(images.reshape(-1, 28, 28)), drawings)

    def with_stroke_model(
        self, probabilities: NDArray[np.float32], drawings: Sequence[Sequence[ArrayLike]]
    ) -> NDArray[np.float32]:
        """Probabilities (n, 10) of the drawings' images, combined with the stroke model's.

        Unchanged for drawings without strokes, and where there is no stroke model.
        """
        drawn = [place for place, strokes in enumerate(drawings) if len(strokes)]
        if self._stroke_session is None or not drawn:
            return probabilities
        trajectories = np.stack([trajectory(drawings[place]) for place in drawn])
        both = probabilities.copy()
        both[drawn] = geometric_mean(probabilities[drawn], self.predict_trajectories(trajectories))
        return both

    def predict_trajectories(self, trajectories: NDArray[np.float32]) -> NDArray[np.float32]:
        """The stroke model's probabilities (n, 10) float32 of trajectories (n, 6, 64) float32.

        Raises ValueError where there is no stroke model.
        """
        if self._stroke_session is None:
            raise ValueError(f"{self.folder} has no stroke model.")
        parts = [
            self._stroke_session.run(["logits"], {"trajectories": trajectories[i : i + _BATCH]})[0]
            for i in range(0, len(trajectories), _BATCH)
        ]
        return onnx_session.softmax(np.concatenate(parts))

    def read_number(
        self, strokes: Iterable[ArrayLike]
    ) -> list[tuple[Strokes, NDArray[np.float32]]]:
        """The digits of one drawing, left to right: the strokes and probabilities (10,) of each.

        Several digits side by side are told apart; a lone digit stays one. Over-segmentation and
        dynamic programming against what the networks make of the parts (LeCun et al. 1998,
        section V). Raises ValueError as `read` does.
        """
        return split_number(as_strokes(strokes), self.read, self.threshold)

    def features(self, images: ArrayLike) -> NDArray[np.float32]:
        """The last block's output for images (n, 28, 28) uint8, flattened: (n, d) float32.

        The logits for a model without blocks.
        """
        output = self._run(self._outputs[-1], onnx_session.checked_images(images))
        return output.reshape(len(output), int(np.prod(output.shape[1:])))

    def _run(self, name: str, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One output of the image network for checked images, computed in batches."""
        parts = [
            self._image_session.run([name], {"images": images[i : i + _BATCH]})[0]
            for i in range(0, max(1, len(images)), _BATCH)
        ]
        return np.concatenate(parts)

    def activations(self, image: ArrayLike) -> dict[str, NDArray[np.float32]]:
        """Each block's output (channels, height, width) for one image (28, 28) uint8, by name."""
        names = [name for name in self._outputs if name != "logits"]
        if not names:
            return {}
        images = onnx_session.checked_images(np.asarray(image)[None])
        outputs = self._image_session.run(names, {"images": images})
        return {name: output[0] for name, output in zip(names, outputs, strict=True)}
