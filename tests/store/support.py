"""What the store's tests share: a fixed predictor, sketches, and processes that submit them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np

from digitlib.store.store import Store
from digitlib.strokes.ink import Strokes, rasterise
from digitlib.strokes.synthesis import draw

SUBMITTER = Path(__file__).with_name("submitter.py")


class FixedPredictor:
    """Predicts the same digit for every image; no model file is needed."""

    name = "always"

    def __init__(self, digit: int = 7) -> None:
        self.probabilities = np.full((1, 10), 0.01, np.float32)
        self.probabilities[0, digit] = 0.91

    def predict(self, images: np.ndarray) -> np.ndarray:
        assert images.shape == (1, 28, 28) and images.dtype == np.uint8
        return self.probabilities


def drawn(digit: int, seed: int = 0) -> Strokes:
    return draw(digit, np.random.default_rng(seed))


def submit(store: Store, label: int = 7, session: str = "a visit", id: UUID | None = None) -> UUID:
    return store.submit(
        strokes=drawn(label), label=label, recogniser=FixedPredictor(), session=session, id=id
    )


def photographed(digit: int, seed: int = 0) -> np.ndarray:
    """An image of a digit, as from a photo."""
    return rasterise(drawn(digit, seed))


def submit_image(
    store: Store, label: int = 7, id: UUID | None = None, image: np.ndarray | None = None
) -> UUID:
    image = photographed(label) if image is None else image
    return store.submit(
        image=image, label=label, recogniser=FixedPredictor(), session="a photo", id=id
    )


def submit_large(store: Store) -> UUID:
    """Submit a sketch of 12,000 bytes, of which a few fill the log."""
    strokes = np.random.default_rng().random((1, 1500, 2))
    return store.submit(strokes=strokes, label=1, recogniser=FixedPredictor(), session="large")


def kept(store: Store) -> set[UUID]:
    return {id for (id,) in store.submissions().project("id").fetchall()}


def log_of(path: Path) -> Path:
    return Path(f"{path}.wal")


@contextmanager
def submitting(url: str, count: int) -> Iterator[list[subprocess.Popen]]:
    """Processes that submit to a database, one sketch after the other, and print the ids."""
    command = [sys.executable, str(SUBMITTER), url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    yield processes
    for process in processes:
        process.kill()
        process.communicate()
