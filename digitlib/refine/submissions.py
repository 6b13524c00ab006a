"""Submissions as a model sees them: an image, and strokes where they were drawn on the page."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from digitlib.datasets import Digits
from digitlib.evaluation import row_strokes
from digitlib.recogniser import Recogniser
from digitlib.strokes import SUBMISSION, Image, Sketch, Strokes


class Submission(NamedTuple):
    """A labelled submission; `strokes` is empty where it came as an image, from a photo say."""

    id: str
    label: int
    image: Image  # (28, 28) uint8
    strokes: Strokes
    visit: str


def submissions_of(rows: pd.DataFrame) -> list[Submission]:
    """The rows of the submissions' table; the session is the visit."""
    return [
        Submission(
            str(row.id),
            int(row.label),
            np.frombuffer(bytes(row.image), np.uint8).reshape(28, 28),
            row_strokes(row.strokes),
            row.session,
        )
        for row in rows.itertuples()
    ]


def sketches_of(submissions: Sequence[Submission]) -> list[Sketch]:
    """Those with strokes, as sketches whose writer is the visit."""
    return [Sketch(s.id, s.label, s.strokes, SUBMISSION, s.visit) for s in submissions if s.strokes]


def digits_of(submissions: Sequence[Submission]) -> Digits:
    """Images (n, 28, 28) uint8 and labels (n,) as tensors."""
    images = np.array([s.image for s in submissions], np.uint8).reshape(-1, 28, 28)
    labels = torch.tensor([s.label for s in submissions], dtype=torch.int64)
    return Digits(torch.from_numpy(images), labels)


def read(recogniser: Recogniser, submissions: Sequence[Submission]) -> NDArray[np.float32]:
    """Probabilities (n, 10) as served: by the image, and by the strokes where there are any."""
    probabilities = recogniser.predict(digits_of(submissions).images.numpy())
    return recogniser.with_stroke_model(probabilities, [s.strokes for s in submissions])
