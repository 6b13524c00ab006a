"""Strokes become images in MNIST's format."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlib.strokes import ink as strokes
from digitlib.strokes.ink import INK_WIDTH, as_strokes, rasterise
from digitlib.strokes.sketches import Sketch, read_sketches, write_sketches
from digitlib.strokes.validation import MOST_POINTS, MOST_STROKES

SEVEN = [np.array([[0.2, 0.2], [0.8, 0.2], [0.4, 0.9]]), np.array([[0.3, 0.55], [0.75, 0.5]])]
coordinates = st.floats(0, 1, width=32)
drawings = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12), min_size=1, max_size=4
)


def drawings_on(pixels: st.SearchStrategy[int]) -> st.SearchStrategy[list[np.ndarray]]:
    stroke = st.lists(st.tuples(pixels, pixels), min_size=1, max_size=8)
    return st.lists(stroke.map(np.array), min_size=1, max_size=3)


sketched = drawings_on(st.integers(0, 280))
angular = drawings_on(st.integers(0, 4))  # lengths are multiples of one another, so rounding shows


def box(image: np.ndarray, least: int = 128) -> tuple[int, int]:
    """Height and width of the area with at least this much ink."""
    rows, columns = np.nonzero(image >= least)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def farthest(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


def test_a_digit_fills_twenty_pixels_and_keeps_its_aspect_ratio():
    height, width = box(rasterise(SEVEN))
    assert height in (20, 21)  # 20 px of ink can touch 21 rows
    assert width == pytest.approx(INK_WIDTH + 0.6 / 0.7 * (20 - INK_WIDTH), abs=1.1)


@given(drawings)
def test_any_drawing_is_centred_at_its_centre_of_mass(drawing):
    image = rasterise(drawing).astype(float)
    assert image.max() > 245
    for axis in (0, 1):
        ink = image.sum(axis=axis)
        centre = ink @ (np.arange(28) + 0.5) / ink.sum()
        at_the_edge = ink[0] > 0 or ink[-1] > 0  # moving further would cut ink off
        assert at_the_edge or centre == pytest.approx(14, abs=0.2)


def test_no_ink_is_cut_off_when_one_end_is_heavy():
    foot = [[(0.0, y), (1.0, y)] for y in np.linspace(0.75, 1.0, 6)]
    heavy_end = [[(0.5, 0.0), (0.5, 0.75)], *foot]
    height, _ = box(rasterise(heavy_end))
    assert height in (20, 21)


@given(sketched)
def test_a_drawing_fills_twenty_pixels_without_clipping(drawing):
    longer = max(box(rasterise(drawing), least=1))
    dot = np.ptp(np.concatenate(drawing), axis=0).max() == 0
    assert longer in ((4,) if dot else (20, 21))


@given(sketched | angular, st.floats(-10, 10), st.floats(-10, 10), st.floats(-3, 3))
def test_the_image_is_invariant_to_translation_and_scale(drawing, right, down, magnitude):
    moved = [(stroke + np.array([right, down])) * 10**magnitude for stroke in drawing]
    assert farthest(rasterise(moved), rasterise(drawing)) <= 2


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1e300])
def test_any_unit_works(scale):
    assert farthest(rasterise([stroke * scale for stroke in SEVEN]), rasterise(SEVEN)) <= 1


@given(sketched, st.randoms())
def test_the_image_is_invariant_to_the_order_and_direction_of_strokes(drawing, random):
    other = [stroke[:: random.choice([1, -1])] for stroke in drawing]
    random.shuffle(other)
    assert farthest(rasterise(other), rasterise(drawing)) <= 2


@given(sketched, st.integers(2, 30))
def test_the_image_is_invariant_to_the_sampling_rate(drawing, times):
    finely = [np.arange((len(s) - 1) * times + 1) / times for s in drawing]
    dense = [
        np.stack([np.interp(at, np.arange(len(s)), axis) for axis in s.T], axis=1)
        for at, s in zip(finely, drawing, strict=True)
    ]
    assert farthest(rasterise(dense), rasterise(drawing)) <= 2


@pytest.mark.parametrize("tap", [[[0.5, 0.5]], [[0.01, 0.99]], [[3, 4], [3, 4]]])
def test_a_tap_is_a_round_dot_in_the_middle(tap):
    image = rasterise([tap])
    assert box(image) == (2, 2)
    assert np.array_equal(image, image.T)
    assert np.array_equal(image, image[::-1])


def test_a_straight_line_is_as_wide_as_the_pen():
    image = rasterise([[[0.3, 0.1], [0.3, 0.7]]])
    assert box(image)[0] in (20, 21)
    middle = image[14] / 255
    assert middle.sum() == pytest.approx(INK_WIDTH, abs=0.05)


def test_a_hundred_thousand_points_are_rasterised():
    angle = np.linspace(0, 500 * np.pi, 100_000)
    spiral = np.stack([np.cos(angle), np.sin(angle)], axis=1) * angle[:, None]
    assert rasterise([spiral])[4:24, 4:24].mean() > 150


@pytest.mark.parametrize("points", [1_000, 8_001, 20_000, 60_001, 100_000])
def test_a_zigzag_is_inked_on_both_sides(points):
    zigzag = np.stack([np.arange(points) % 2, np.linspace(0, 0.5, points)], axis=1)
    filled = [[(0, y), (1, y)] for y in np.linspace(0, 0.5, 40)]
    difference = rasterise([zigzag]).astype(int) - rasterise(filled)
    assert np.abs(difference).max() <= 64  # a quarter of a pixel, at the edges
    assert np.abs(difference).mean() <= 4


@pytest.mark.parametrize("count", [1, 30, MOST_STROKES])
def test_the_largest_allowed_drawing_needs_bounded_work(count, monkeypatch):
    inked, seen = strokes._inked, []
    monkeypatch.setattr(
        strokes,
        "_inked",
        lambda discs, width: (seen.append(discs.shape[1]), inked(discs, width))[1],
    )
    generator = np.random.default_rng(0)
    scribbles = generator.random((count, MOST_POINTS // count, 2))
    assert rasterise(list(scribbles))[6:22, 6:22].min() == 255
    assert 0 < max(seen) < 6_000


@pytest.mark.parametrize(
    ("drawing", "complaint"),
    [
        ([], "no ink"),
        ([[]], "no ink"),
        ([[[0.1, np.nan]]], "finite"),
        ([[[np.inf, 0.1]]], "finite"),
        ([[0.1, 0.2]], r"\(n, 2\)"),
        ([[[0.1, 0.2, 0.3]]], r"\(n, 2\)"),
    ],
)
def test_malformed_strokes_are_refused(drawing, complaint):
    with pytest.raises(ValueError, match=complaint):
        rasterise(drawing)


@pytest.mark.parametrize("width", [25, 20, 0, -1, float("nan")])
def test_an_impossible_ink_width_is_refused(width):
    with pytest.raises(ValueError, match=r"^ink_width=.* above 0 and below 20"):
        rasterise(SEVEN, width)


@pytest.mark.parametrize("name", ["some.parquet", "a*b?[c].parquet"])
def test_sketches_survive_writing_and_reading(tmp_path: Path, name):
    folder = tmp_path / "mine [1]?*"
    folder.mkdir()
    write_sketches(folder / "a1b2c.parquet", [])  # what the name would match as a pattern
    path = folder / name
    written = [
        Sketch("a", 7, as_strokes(SEVEN), "pad", "me"),
        Sketch("b", 1, as_strokes([[[0.5, 0.5]]]), "pad", 'O\'Neill "x"'),
    ]
    write_sketches(path, written)
    for back, sketch in zip(read_sketches(path), written, strict=True):
        assert (back[:2], back[3:]) == (sketch[:2], sketch[3:])
        for one, other in zip(back.strokes, sketch.strokes, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
    assert {file.name for file in folder.iterdir()} == {"a1b2c.parquet", name}


def test_a_file_that_is_not_a_sketches_file_is_named(tmp_path: Path):
    path = tmp_path / "notes.parquet"
    path.write_text("not Parquet")
    with pytest.raises(ValueError, match=r"notes\.parquet is not a sketches file"):
        read_sketches(path)
    duckdb.sql("SELECT 'a' AS id, 7 AS digit").write_parquet(str(path))
    with pytest.raises(ValueError, match=r"notes\.parquet is not a sketches file .*label"):
        read_sketches(path)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("label", "10", "'b': A label is a whole number from 0 to 9; got 10"),
        ("label", "200", "got 200"),
        ("label", "-1", "got -1"),
        ("label", "7.5", "got Decimal"),
        ("label", "NULL", "got None"),
        ("label", "'7'", "got '7'"),
        ("id", "NULL", "None: id, source and writer must be texts"),
        ("writer", "NULL", "'b': id, source and writer must be texts"),
        ("strokes", "NULL", "Strokes are lists of points .x, y.; got 'None'"),
        ("strokes", "'a line'", "got 'a line'"),
        ("strokes", "[]", "no ink"),
        ("strokes", "[[]]", "no ink"),
        ("strokes", "[[['nan'::FLOAT, 0]]]", "not a finite number"),
        ("strokes", "[[[NULL, 0]]]", "not a finite number"),
        ("strokes", "[NULL]", "got shape"),
        ("strokes", "[0.1, 0.2]", "got shape"),
        ("strokes", "[[[0, 1, 2]]]", "got shape"),
        ("strokes", "[[[0, 1], [2]]]", "inhomogeneous"),
        ("strokes", "[[{'x': 0, 'y': 1}]]", "dict"),
    ],
)
def test_an_invalid_row_is_named(column, value, complaint, tmp_path):
    path = tmp_path / "mine.parquet"
    row = {"id": "'b'", "label": "7", "strokes": "[[[0, 1]]]", "source": "'s'", "writer": "'w'"}
    row[column] = value
    values = ", ".join(f"{value} AS {name}" for name, value in row.items())
    duckdb.sql(f"SELECT {values}").write_parquet(str(path))
    with pytest.raises(
        ValueError, match=rf"mine\.parquet, row 1, id .*{complaint}.* Correct or remove"
    ):
        read_sketches(path)
