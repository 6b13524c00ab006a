"""The fast rasteriser gives the images of the slow one that models were trained on."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digitlib.strokes.ink import BOX, FIELD, INK_WIDTH, as_strokes, rasterise, scaled
from digitlib.strokes.synthesis import draw

PIXELS = np.arange(FIELD) + 0.5
coordinates = st.floats(0, 1, width=32) | st.integers(0, 8).map(lambda place: place / 8)
drawings = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=20), min_size=1, max_size=4
)


def reference(strokes, ink_width=INK_WIDTH):
    """The first implementation: all discs of a row at a time, against all pixels of that row."""
    checked = as_strokes(strokes)
    points = scaled(np.concatenate(checked).T.copy(), BOX - ink_width)
    discs = resampled(points, np.array([len(stroke) for stroke in checked]))
    if discs.shape[1] > 2000:
        discs = merged(np.concatenate([discs, points], axis=1))
    ink = inked(discs, ink_width)
    centre = np.array([ink.sum(axis=0) @ PIXELS, ink.sum(axis=1) @ PIXELS]) / ink.sum()
    least = ink_width / 2 - discs.min(axis=1)
    most = FIELD - ink_width / 2 - discs.max(axis=1)
    shift = np.clip(FIELD / 2 - centre, least, most)
    return np.rint(255 * inked(discs + shift[:, None], ink_width)).astype(np.uint8)


def resampled(points, sizes):
    after = np.cumsum(sizes)
    steps = np.hypot(*np.diff(points))
    steps[after[:-1] - 1] = 1.0
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts, ends = along[after - sizes], along[after - 1]
    spacing = max(0.4, (ends - starts).sum() / 8000)
    gaps = np.ceil((ends - starts) / spacing - 1e-4).astype(int)
    stroke = np.repeat(np.arange(len(sizes)), gaps + 1)
    disc = np.arange(len(stroke))
    place = disc - (np.cumsum(gaps + 1) - gaps - 1)[stroke]
    if spacing > 0.4:
        place = place + disc * ((5**0.5 - 1) / 2) % 1
    at = starts[stroke] + place * ((ends - starts) / np.maximum(gaps, 1))[stroke]
    at = np.minimum(at, ends[stroke])
    return np.stack([np.interp(at, along, axis) for axis in points])


def merged(points):
    column, row = (points / 0.25 + 1e-4).astype(int)
    cells = row * round(FIELD / 0.25) + column
    counts = np.bincount(cells)
    sums = np.stack([np.bincount(cells, axis) for axis in points])
    return sums[:, counts > 0] / counts[counts > 0]


def inked(discs, ink_width):
    reach = ink_width / 2 + 0.5
    x, y = discs[:, discs[1].argsort()]
    across = (PIXELS[:, None] - x).astype(np.float32) ** 2
    down = (PIXELS[:, None] - y).astype(np.float32) ** 2
    firsts, lasts = y.searchsorted([PIXELS - reach, PIXELS + reach]).tolist()
    nearest = np.full((FIELD, FIELD), reach**2, np.float32)
    for row, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if first < last:
            near = across[:, first:last] + down[row, first:last]
            near.min(axis=1, out=nearest[row])
    return np.clip(reach - np.sqrt(nearest), 0.0, 1.0)


@given(drawings)
def test_any_drawing_gives_the_same_image(drawing):
    np.testing.assert_array_equal(rasterise(drawing), reference(drawing))


ROUNDED = [
    [
        *((0.0, 0.25), (0.5, 0.125), (0.5, 0.875), (0.9078336358070374, 0.9529834389686584)),
        *((0.49636611342430115, 1.0), (0.25, 0.0390625)),
    ],
    [(0.9175607562065125, 0.08617949485778809)],
    [(0.75, 0.375), (0.0, 0.0), (0.8268828988075256, 0.0)],
]


@example(ROUNDED, 15.799384328568019)
@given(drawings, st.floats(0.5, 19) | st.integers(1, 19))
def test_any_ink_width_gives_the_same_image_but_for_rounding(drawing, width):
    # In a row without ink, the slow one gives each pixel a millionth where √(reach²) isn't reach.
    difference = rasterise(drawing, width).astype(int) - reference(drawing, width)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("count", [1, 30, 2000])
def test_a_scribble_gives_the_same_image(count):
    points = np.random.default_rng(count).random((count, 20_000 // count, 2))
    np.testing.assert_array_equal(rasterise(points), reference(points))


def test_synthetic_digits_give_the_same_images():
    for seed in range(100):
        drawing = draw(seed % 10, np.random.default_rng(seed))
        np.testing.assert_array_equal(rasterise(drawing), reference(drawing))
