"""Submit sketches without end to a database; print each id once it is acknowledged.

Usage: submitter.py DATABASE [POINTS], where POINTS is the number of points of a sketch.
"""

import itertools
import sys

import numpy as np

from digitlib.store.store import Store


class FixedPredictor:
    """Predicts the same for every image."""

    name = "always"

    def predict(self, images: np.ndarray) -> np.ndarray:
        return np.full((len(images), 10), 0.1, np.float32)


store = Store(sys.argv[1], lock_timeout=60)
generator = np.random.default_rng()
points = int(sys.argv[2]) if len(sys.argv) > 2 else 50
sketches = [generator.random((2, points // 2, 2)) for _ in range(10)]
for label in itertools.cycle(range(10)):
    id = store.submit(
        strokes=sketches[label], label=label, recogniser=FixedPredictor(), session=sys.argv[0]
    )
    print(id, flush=True)
