"""A model folder at work: check it, read digits with ONNX Runtime, promote it or roll it back."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import ArrayLike, NDArray

from digitlib.recogniser import onnx_session
from digitlib.recogniser.locations import BUNDLED, current_model, models_dir
from digitlib.strokes import geometric_mean, rasterise, trajectory

MODEL_FILES = ("model.safetensors", "model.onnx", "card.json")
STROKE_MODEL_FILES = ("pen.safetensors", "pen.onnx")  # where a stroke model belongs to the model

# Where a card names none: probability spread over several digits marks a scribble or a letter.
REJECTION_THRESHOLD = 0.8
_BATCH = 500  # images at a time, where there may be many
Images = NDArray[np.uint8]


class Recogniser:
    """Reads drawings, or 28×28 images, with a model folder, on one core."""

    def __init__(self, folder: Path) -> None:
        onnx_session.check_complete(folder, MODEL_FILES)
        self.card: dict[str, Any] = onnx_session.read_card(folder / "card.json")
        self._session = onnx_session.open_session(folder / "model.onnx")
        self._pen: onnxruntime.InferenceSession | None = None
        if self.card.get("pen"):
            onnx_session.check_complete(folder, STROKE_MODEL_FILES)
            self._pen = onnx_session.open_session(folder / "pen.onnx")
        self.folder = folder
        self.name = str(self.card.get("name", folder.name))
        self._outputs = [output.name for output in self._session.get_outputs()]

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None = None) -> "Recogniser":
        """The recogniser of a model folder, by default the promoted one, else the bundled one.

        Raises ValueError when the folder is not a sound model folder.
        """
        return cls(current_model() if folder is None else Path(folder))

    @classmethod
    def named(cls, name: str) -> "Recogniser":
        """The recogniser of a folder, of a name in `outputs/models`, or of `bundled`.

        An empty name is the one that serves. Raises ValueError when there is none such.
        """
        if not name:
            return cls.load()
        if name == "bundled":
            return cls(BUNDLED)
        folder = models_dir() / name
        if not folder.is_dir() and not (folder := Path(name)).is_dir():
            there = ", ".join(["bundled", *onnx_session.model_names(models_dir())])
            raise ValueError(f"{name} is not a model folder; there are {there}.")
        return cls(folder)

    @property
    def has_stroke_model(self) -> bool:
        """Whether of drawings it reads the way of the pen too, not only the image."""
        return self._pen is not None

    @property
    def threshold(self) -> float:
        """The probability of the likeliest digit, below which a drawing had better be asked about.

        Of images alone it is the card's `rejection_threshold`.
        """
        card = self.card["pen"] if self.has_stroke_model else self.card
        return float(card.get("rejection_threshold", REJECTION_THRESHOLD))

    def predict(self, images: Images) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of images (n, 28, 28) uint8; each row sums to 1."""
        return onnx_session.softmax(self._run("logits", images))

    def read(self, drawings: Sequence[Iterable[ArrayLike]]) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of drawings, each given by its strokes.

        From their images and, where the model reads that too, the way of the pen. Raises ValueError
        where a drawing has no ink or malformed strokes.
        """
        images = np.array([rasterise(strokes) for strokes in drawings]).reshape(-1, 28, 28)
        return self.with_stroke_model(self.predict(images.astype(np.uint8)), drawings)

    def with_stroke_model(
        self, probabilities: NDArray[np.float32], drawings: Sequence[Iterable[ArrayLike]]
    ) -> NDArray[np.float32]:
        """Probabilities (n, 10), read from images of the drawings, joined by what their pens did.

        They stay as they are where the model reads images alone, or there are no drawings.
        """
        if self._pen is None or not len(drawings):
            return probabilities
        ways = np.stack([trajectory(strokes) for strokes in drawings])
        starts = range(0, len(ways), _BATCH)
        runs = [self._pen.run(["logits"], {"trajectories": ways[i : i + _BATCH]}) for i in starts]
        logits = np.concatenate([outputs for (outputs,) in runs])
        return geometric_mean(probabilities, onnx_session.softmax(logits))

    def features(self, images: Images) -> NDArray[np.float32]:
        """What the last block makes of images (n, 28, 28) uint8, flat: (n, d) float32.

        A model without blocks gives its logits.
        """
        return self._run(self._outputs[-1], images).reshape(len(images), -1)

    def _run(self, name: str, images: Images) -> NDArray[np.float32]:
        """One output, a batch at a time: thousands of images at once would fill the memory."""
        starts = range(0, max(1, len(onnx_session.checked_images(images))), _BATCH)
        parts = [self._session.run([name], {"images": images[i : i + _BATCH]})[0] for i in starts]
        return np.concatenate(parts)

    def activations(self, image: Images) -> dict[str, NDArray[np.float32]]:
        """Each block's output (channels, height, width) for one image (28, 28) uint8, by name."""
        names = [name for name in self._outputs if name != "logits"]
        if not names:
            return {}
        outputs = self._session.run(names, {"images": onnx_session.checked_images(image[None])})
        return {name: output[0] for name, output in zip(names, outputs, strict=True)}
