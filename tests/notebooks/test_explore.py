"""`notebooks/explore.ipynb`, run as users run it."""

FIGURES = {
    "ambiguous", "class_means", "class_shares", "duplicates", "ink",
    "map", "odd", "samples", "spread", "typical_to_odd",
}  # fmt: skip


def test_explore_leaves_its_figures(run, outputs):
    run("explore", dataset="synthetic", limit=600, compared=200, mapped=60, samples=3)
    for suffix in ("png", "svg"):
        files = list((outputs / "plots" / "explore").glob(f"*.{suffix}"))
        assert {file.stem for file in files} == FIGURES
        assert min(file.stat().st_size for file in files) > 1000
