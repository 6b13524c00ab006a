"""The model that a page or a service holds: the promoted one, else the last one that works."""

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from numpy.typing import ArrayLike

from digitlib.recogniser.locations import BUNDLED, current_model, earlier_models
from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.prediction import Prediction, predict_drawings, predict_images
from digitlib.recogniser.trial import check_serves
from digitlib.strokes import checked_strokes, rasterise

logger = logging.getLogger(__name__)
_MOST_STROKES = 12  # of a number while it is drawn: each takes another millisecond or two
_BROKEN: set[tuple[Path, int]] = set()  # folder and time of models that failed in this process


def _candidates() -> Iterator[Path]:
    """The promoted model's folder, then those that served before it, the bundled one last."""
    try:
        yield current_model()
    except (ValueError, OSError) as error:
        logger.error("The promoted model can't serve: %s", error)
    yield from earlier_models()


def _newest(folder: Path) -> int:
    """The time in ns of the newest file in a folder; 0 where there is none."""
    try:
        with os.scandir(folder) as files:  # a fifth of what Path.glob costs, for each request
            return max((file.stat().st_mtime_ns for file in files if "." in file.name), default=0)
    except FileNotFoundError:
        return 0


class LoadedModel(NamedTuple):
    """A recogniser, its folder, and the time of its newest file, which reveals a later model."""

    recogniser: Recogniser
    folder: Path
    written: int  # ns since 1970

    @classmethod
    def latest(cls, before: Self | None = None) -> Self:
        """The promoted model; where it can't serve, the one before it; at last the bundled one.

        Returns `before` where that is still the latest. The log names each model that can't serve
        once.
        """
        for folder in _candidates():
            version = (folder, _newest(folder))
            if version in _BROKEN:
                continue
            if before is not None and before[1:] == version:
                return before
            try:
                recogniser = Recogniser.load(folder)
                check_serves(recogniser)
                return cls(recogniser, *version)
            except (ValueError, OSError):
                _BROKEN.add(version)
                logger.exception("%s can't serve; the model before it serves instead.", folder)
        raise ValueError(f"Not even the bundled model can serve: install {BUNDLED} again.")

    def read(self, strokes: Iterable[ArrayLike]) -> Prediction:
        """The prediction for strokes from the pad; an empty one without ink.

        Raises ValueError for malformed strokes.
        """
        raw = list(strokes)
        return self.read_all([raw])[0] if raw else Prediction()

    def read_all(self, drawings: Sequence[Iterable[ArrayLike]]) -> list[Prediction]:
        """The predictions for drawings, each given by its strokes.

        A drawing's prediction does not depend on the others. Where this model fails on one, the
        model before it reads that one, and the log says so. Raises ValueError for malformed strokes
        and for a drawing without ink.
        """
        checked = [checked_strokes(strokes) for strokes in drawings]
        try:
            return predict_drawings(self.recogniser, checked)
        except Exception:  # ONNX Runtime's exceptions share no other base class
            if len(checked) > 1:
                return [self.read(strokes) for strokes in checked]
            if self.folder == BUNDLED:
                raise
            logger.exception("%s failed on a drawing; the model before it reads it.", self.folder)
        _BROKEN.add((self.folder, self.written))
        return predict_drawings(LoadedModel.latest().recogniser, checked)

    def read_number(self, whole: Prediction) -> list[Prediction]:
        """The digits of a drawing that is no lone digit, left to right; none where it is no number.

        `whole` is what was predicted for the drawing. It is a number where each part is read as a
        digit without a doubt; else it is as doubtful as before.
        """
        if whole.digit is not None or whole.is_dot or not 1 < len(whole.strokes) <= _MOST_STROKES:
            return []
        recogniser = self.recogniser
        try:
            parts = recogniser.read_number(whole.strokes)
        except Exception:  # ONNX Runtime's exceptions share no other base class
            logger.exception("%s failed on a number.", self.folder)
            return []
        digits = [
            Prediction(strokes, rasterise(strokes), row, recogniser.name, recogniser.threshold)
            for strokes, row in parts
        ]
        is_number = len(digits) > 1 and all(digit.digit is not None for digit in digits)
        return digits if is_number else []

    def read_images(self, images: ArrayLike) -> list[Prediction]:
        """The predictions for images (n, 28, 28) uint8, which have no trajectory."""
        return predict_images(self.recogniser, images)
