"""A model folder at work: check it, read digits with ONNX Runtime, promote it or roll it back."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from filelock import FileLock
from numpy.typing import ArrayLike, NDArray

from digitlib import sessions, settings
from digitlib.strokes import rasterise
from digitlib.trajectories import pooled, trajectory

BUNDLED = Path(__file__).parent / "bundled"
MODEL_FILES = ("model.safetensors", "model.onnx", "card.json")
PEN_FILES = ("pen.safetensors", "pen.onnx")  # of a model that reads the way of the pen too

# Where a card names none: probability spread over several digits marks a scribble or a letter.
REJECTION_THRESHOLD = 0.8
_BATCH = 500  # images at a time, where there may be many
_NO_PROMOTION = "No model was promoted, so there is none to go back to."

Images = NDArray[np.uint8]


def models_dir() -> Path:
    """Where runs leave their model folders."""
    return settings.outputs_dir() / "models"


def current_model() -> Path:
    """The promoted model's folder, else the one that comes with the project.

    Raises ValueError when the promoted folder is gone.
    """
    current = models_dir() / "current"
    if not current.exists():
        return BUNDLED
    folder = models_dir() / current.read_text().strip()
    if not (folder / "card.json").is_file():
        raise ValueError(
            f"{current} names {folder.name!r}, which is not a model folder any more. Promote "
            f"another or delete {current} to go back to the bundled model."
        )
    return folder


class Recogniser:
    """Reads drawings, or 28×28 images, with a model folder, on one core."""

    def __init__(self, folder: Path) -> None:
        sessions.check_complete(folder, MODEL_FILES)
        self.card: dict[str, Any] = sessions.read_card(folder / "card.json")
        self._session = sessions.session(folder / "model.onnx")
        self._pen: onnxruntime.InferenceSession | None = None
        if self.card.get("pen"):
            sessions.check_complete(folder, PEN_FILES)
            self._pen = sessions.session(folder / "pen.onnx")
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
            there = ", ".join(["bundled", *sessions.model_names(models_dir())])
            raise ValueError(f"{name} is not a model folder; there are {there}.")
        return cls(folder)

    @property
    def reads_pen(self) -> bool:
        """Whether of drawings it reads the way of the pen too, not only the image."""
        return self._pen is not None

    @property
    def threshold(self) -> float:
        """The probability of the likeliest digit, below which a drawing had better be asked about.

        Of images alone it is the card's `rejection_threshold`.
        """
        card = self.card["pen"] if self.reads_pen else self.card
        return float(card.get("rejection_threshold", REJECTION_THRESHOLD))

    def predict(self, images: Images) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of images (n, 28, 28) uint8; each row sums to 1."""
        return sessions.softmax(self._run("logits", images))

    def read(self, drawings: Sequence[Iterable[ArrayLike]]) -> NDArray[np.float32]:
        """Probabilities (n, 10) float32 of drawings, each given by its strokes.

        From their images and, where the model reads that too, the way of the pen. Raises ValueError
        where a drawing has no ink or malformed strokes.
        """
        images = np.array([rasterise(strokes) for strokes in drawings]).reshape(-1, 28, 28)
        return self.with_pen(self.predict(images.astype(np.uint8)), drawings)

    def with_pen(
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
        return pooled(probabilities, sessions.softmax(logits))

    def features(self, images: Images) -> NDArray[np.float32]:
        """What the last block makes of images (n, 28, 28) uint8, flat: (n, d) float32.

        A model without blocks gives its logits.
        """
        return self._run(self._outputs[-1], images).reshape(len(images), -1)

    def _run(self, name: str, images: Images) -> NDArray[np.float32]:
        """One output, a batch at a time: thousands of images at once would fill the memory."""
        starts = range(0, max(1, len(sessions.checked_images(images))), _BATCH)
        parts = [self._session.run([name], {"images": images[i : i + _BATCH]})[0] for i in starts]
        return np.concatenate(parts)

    def activations(self, image: Images) -> dict[str, NDArray[np.float32]]:
        """Each block's output (channels, height, width) for one image (28, 28) uint8, by name."""
        names = [name for name in self._outputs if name != "logits"]
        if not names:
            return {}
        outputs = self._session.run(names, {"images": sessions.checked_images(image[None])})
        return {name: output[0] for name, output in zip(names, outputs, strict=True)}


def promote(name: str, instead_of: Path | None = None) -> Path:
    """Make a model of `outputs/models/` the one that serves; atomic. Returns its folder.

    The one that served before stays on record for `roll_back`; promoting the one that serves
    changes nothing. With `instead_of`, it takes the place of that folder's model only. Raises
    ValueError for a model that is not there or not sound, or where another serves than
    `instead_of`; what served before then goes on serving.
    """
    folder = _sound(name)
    with _promoting():
        if instead_of is not None and not current_model().samefile(instead_of):
            raise ValueError(
                f"{Recogniser.load().name} serves by now, not {instead_of.name}, which {name} was "
                "compared with."
            )
        serving, history = _record()
        if name != serving:
            _write_history([*history, serving])
            settings.write_atomically(models_dir() / "current", f"{name}\n")
    return folder


def roll_back() -> Path:
    """Let the model serve again that served before the last promotion; returns its folder.

    Raises ValueError when there was no promotion, or that model is not sound any more; what serves
    then goes on serving.
    """
    if not models_dir().is_dir():
        raise ValueError(_NO_PROMOTION)
    with _promoting():
        _, history = _record()
        if not history:
            raise ValueError(_NO_PROMOTION)
        current = models_dir() / "current"
        if history[-1]:
            _sound(history[-1])
            settings.write_atomically(current, f"{history[-1]}\n")
        else:  # the bundled model served before
            current.unlink(missing_ok=True)
        _write_history(history[:-1])
        return current_model()


def _sound(name: str) -> Path:
    """The folder of a model that can serve; raises ValueError where it can't."""
    if Path(name).name != name or name == ".." or [name.strip()] != name.splitlines():
        raise ValueError(f"{name!r} is not the plain name of a folder in {models_dir()}.")
    Recogniser(models_dir() / name).predict(np.zeros((1, 28, 28), np.uint8))
    return models_dir() / name


def _promoting() -> FileLock:
    """Held while the two files below change: of two promotions at once, one waits."""
    return FileLock(models_dir() / ".promotion.lock")


def _record() -> tuple[str, list[str]]:
    """The name of what serves, and of what did before, the latest last; the bundled one is empty.

    A promotion writes the history first and a rollback writes it last, so that one that was cut
    short leaves what serves at the end of it: that entry is dropped.
    """
    current, history = models_dir() / "current", models_dir() / "history"
    serving = current.read_text().strip() if current.exists() else ""
    names = history.read_text().splitlines() if history.exists() else []
    while names and names[-1] == serving:
        names.pop()
    return serving, names


def _write_history(names: Sequence[str]) -> None:
    settings.write_atomically(models_dir() / "history", "".join(f"{name}\n" for name in names))


def main(arguments: Sequence[str]) -> str:
    """`promote NAME`, `rollback`, or nothing: which model serves? Returns the answer.

    Raises ValueError for anything else, with the usage.
    """
    match arguments:
        case ["promote", name]:
            promote(name)
        case ["rollback"]:
            roll_back()
        case [_, *_]:
            raise ValueError("Usage: python -m digitlib.recogniser [promote NAME | rollback]")
    recogniser = Recogniser.load()
    return f"{recogniser.name} serves, from {recogniser.folder}."


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
