"""`notebooks/explore.ipynb`, run as users run it."""

from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many

FIGURES = {
    "ambiguous", "class_means", "class_shares", "duplicates", "ink",
    "map", "outliers", "samples", "spread", "typical_to_odd",
}  # fmt: skip


def test_explore_leaves_its_figures_and_conclusions(run, outputs, tmp_path, monkeypatch):
    drawings, labels = draw_many(100, seed=1)
    (tmp_path / "data" / "sketches").mkdir(parents=True)
    write_sketches(
        tmp_path / "data" / "sketches" / "few.parquet",
        [Sketch(str(i), int(labels[i]), drawings[i], "drawn", "me") for i in range(100)],
    )
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    done = run("explore", dataset="synthetic", limit=300, compared=100, mapped=50, samples=2)
    for suffix in ("png", "svg"):
        files = list((outputs / "plots" / "explore").glob(f"*.{suffix}"))
        assert {file.stem for file in files} == FIGURES
        assert min(file.stat().st_size for file in files) > 1000
    assert "- The classes of the synthetic digits are " in done.text
    assert "; pen " in done.text  # ink width
    assert "- A 10-nearest-neighbour classifier gets " in done.text
