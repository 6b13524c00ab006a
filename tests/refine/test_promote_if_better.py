"""A challenger that passed replaces the champion it was compared with, and nothing else."""

import shutil
from types import SimpleNamespace

import pytest

from digitlib.recogniser import locations, registry
from digitlib.recogniser.model import Recogniser
from digitlib.refine import challenger, gate
from digitlib.store.store import Store
from digitlib.training import runs


def decided(passed: bool) -> gate.Decision:
    return gate.Decision((gate.Check("a check", passed, "its result"),))


@pytest.fixture
def two(outputs) -> None:
    """Two models of the user's, of which the first serves."""
    for name in ("one", "two"):
        shutil.copytree(locations.BUNDLED, locations.models_dir() / name)
    registry.promote("one")


@pytest.mark.parametrize(
    "compared, passed, wanted, serving, says",
    [
        ("one", True, True, "two", "**two** serves now."),
        ("one", False, True, "one", "still serves."),
        ("one", True, False, "one", "python -m digitlib.recogniser promote two"),
        ("bundled", True, True, "one", "python -m digitlib.recogniser promote two"),
    ],
    ids=["better", "not better", "not asked for", "compared with another"],
)
def test_a_challenger_replaces_only_the_champion_it_was_compared_with(
    two, compared, passed, wanted, serving, says
):
    champion, asked = Recogniser.named(compared), SimpleNamespace(promote=wanted)
    assert says in challenger.promote_if_better("two", champion, decided(passed), asked)
    assert locations.current_model().name == serving


def test_a_row_that_the_database_refuses_is_reported_and_stops_nothing(tmp_path):
    card = {"name": "two", "parameters": {"seed": 0}, "metrics": {"passed": True}}
    assert runs.record_run(Store(), card, "refine").startswith("The table of runs has a row for ")
    assert Store().runs().project("run_name, model").fetchall() == [("two", "two")]
    (tmp_path / "broken.duckdb").write_text("a novel")
    said = runs.record_run(Store(tmp_path / "broken.duckdb"), card, "refine")
    assert "no row in the table of runs" in said and "not a DuckDB database" in said


def test_lineage_names_all_ancestors_and_all_submissions_used_on_the_way():
    first = {"name": "first", "parameters": {"epochs": 7}, "metrics": {"test_accuracy": 0.9}}
    selections = [
        SimpleNamespace(train=[SimpleNamespace(id=a)], validation=[SimpleNamespace(id=b)])
        for a, b in (("1", "2"), ("3", "2"))
    ]
    second = {
        **first,
        "name": "second",
        "lineage": challenger.refined_lineage(first, selections[0]),
    }
    line = challenger.refined_lineage(second, selections[1])
    assert line["parent"] == "second"
    assert [model["name"] for model in line["ancestors"]] == ["first", "second"]
    assert line["origin"]["epochs"] == 7
    assert line["submissions"] == ["1", "2", "3"]
    older = {**first, "pedigree": second["lineage"]}  # as earlier versions wrote it
    assert challenger.refined_lineage(older, selections[1])["submissions"] == ["1", "2", "3"]
