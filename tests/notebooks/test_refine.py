"""The refine loop, as it runs every night."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import execute

from digitlib.recogniser import locations, registry
from digitlib.recogniser.model import Recogniser
from digitlib.refine import finetune, gate, label_errors
from digitlib.store.store import Store
from digitlib.strokes.ink import rasterise
from digitlib.strokes.synthesis import draw_many
from digitlib.training import runs
from digitlib.training.export import read_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The folder of a model that learnt little."""
    folder = tmp_path_factory.mktemp("outputs")
    with pytest.MonkeyPatch.context() as own:
        own.setenv("DIGITS_OUTPUTS_DIR", str(folder))
        own.setenv("DIGITS_DATABASE", str(folder / "digits.duckdb"))
        own.setenv("IPYTHONDIR", str(folder / "ipython"))
        execute(
            folder, "train", dataset="synthetic", limit=300, epochs=2, architecture="lenet5",
            run_name="poor", batch_size=32,
        )  # fmt: skip
    return folder / "models" / "poor"


@pytest.fixture
def poor(trained, outputs) -> Recogniser:
    """That model, which serves."""
    shutil.copytree(trained, outputs / "models" / "poor")
    registry.promote("poor")
    return Recogniser.load()


def submitted(reader: Recogniser, count: int, liar: int = 0, first_visit: int = 0) -> list[str]:
    """Sketches of 30 visits, and of one more that labels its 1s as 7; the ids of the latter."""
    store, lies = Store(), []
    drawings, labels = draw_many(count, seed=21 + first_visit)
    for number, (strokes, label) in enumerate(zip(drawings, labels.tolist(), strict=True)):
        given = {"recogniser": reader, "session": f"visit {first_visit + number % 30}"}
        store.submit(strokes=strokes, label=label, **given)
    drawings, labels = draw_many(20 * liar, seed=22)
    for strokes, label in zip(drawings, labels.tolist(), strict=True):
        if label == 1 and len(lies) < liar:
            id = store.submit(strokes=strokes, label=7, recogniser=reader, session="visit liar")
            lies.append(str(id))
    return lies


def models(outputs) -> set[str]:
    return {path.name for path in (outputs / "models").iterdir() if path.is_dir()}


@pytest.mark.parametrize("count", [0, 20])
def test_with_few_or_no_submissions_it_ends_kindly_and_promotes_nothing(run, outputs, count):
    if count:
        submitted(Recogniser.load(), count)
    done = run("refine")
    assert "Nothing is refined." in done.text
    assert f"{count} submissions are of use" in done.text
    assert f"{Recogniser.load().name} goes on serving" in done.text
    assert ("There is no database" in done.text) == (count == 0)
    assert not (outputs / "models").exists()


def test_a_model_learns_from_submissions_is_promoted_and_can_be_rolled_back(run, outputs, poor):
    lies = submitted(poor, 400, liar=40)
    done = run(
        "refine", run_name="better", replay=300, epochs=8, submission_share=0.8, floor=0.5
    )  # of a poor model no digit is read well
    better = Recogniser.load()
    assert better.name == "better", done.text
    assert "The refined model is better" in done.text
    card = better.card
    assert card["metrics"]["people_accuracy"] > card["metrics"]["people_accuracy_before"]
    assert card["lineage"]["parent"] == "poor"
    assert [model["name"] for model in card["lineage"]["ancestors"]] == ["poor"]
    learnt = set(card["lineage"]["submissions"])
    known = {str(row[0]) for row in Store().submissions().project("id").fetchall()}
    assert 200 < len(learnt) < 400 and learnt <= known
    assert len(learnt & set(lies)) < 0.5 * len(lies)  # a poor model: most, not all
    set_aside = label_errors.recorded_disputed(Store())
    assert set_aside & set(lies) and not set_aside & learnt
    run_row = Store().runs().fetchone()
    assert run_row[1] == "better"
    again = run("refine", run_name="none")
    assert "None of the" in again.text and "better goes on serving" in again.text
    assert not (outputs / "models" / "none").exists()
    submitted(better, 60, first_visit=100)  # of people new to it
    again = run("refine", run_name="twice", replay=300, epochs=1, promote=False)
    assert Recogniser.load().name == "better"
    twice = json.loads((outputs / "models" / "twice" / "card.json").read_text())
    assert [model["name"] for model in twice["lineage"]["ancestors"]] == ["poor", "better"]
    assert "better is to be refined" in again.text
    assert not set_aside & set(twice["lineage"]["submissions"])
    assert registry.roll_back().name == "poor"


def test_a_model_that_is_no_better_is_not_promoted_and_the_notebook_says_why(run, outputs, poor):
    submitted(poor, 300)
    done = run("refine", replay=100, epochs=1, learning_rate=1e-9, risk=0.001, run_name="same")
    assert Recogniser.load().name == "poor"
    assert "The old model stays." in done.text
    assert "are read better" in done.text
    assert "**poor** goes on serving." in done.text
    assert models(outputs) == {"poor", "same"}


def test_a_refined_model_still_reads_the_way_of_the_pen(outputs, tmp_path):
    old = Recogniser.load(locations.BUNDLED)
    run = runs.start(tmp_path / "models", "finer")
    card = {**old.card, "name": "finer"}
    refined = finetune.Refined(read_model(old.folder), old.card["temperature"], 0.9)
    finetune.write_refined(run, refined, card, old)
    finer = Recogniser.load(finetune.complete_model(run, card))
    drawings, _ = draw_many(20, seed=1)
    np.testing.assert_allclose(finer.read(drawings), old.read(drawings), atol=1e-4)
    assert np.abs(finer.read(drawings) - finer.predict(rasterised(drawings))).max() > 1e-4


def rasterised(drawings) -> np.ndarray:
    return np.stack([rasterise(strokes) for strokes in drawings])


def decided(passed: bool) -> gate.Decision:
    return gate.Decision((gate.Check("all is well", passed, "it was looked at"),))


@pytest.fixture
def two() -> list[Recogniser]:
    """Two models of the user's, of which the first serves."""
    for name in ("one", "two"):
        shutil.copytree(locations.BUNDLED, locations.models_dir() / name)
    registry.promote("one")
    return [Recogniser.named(name) for name in ("one", "two")]


@pytest.mark.parametrize(
    "compared, passed, wanted, serving, says",
    [
        ("one", True, True, "two", "**two** serves from now on."),
        ("one", False, True, "one", "goes on serving."),
        ("one", True, False, "one", "python -m digitlib.recogniser promote two"),
        ("bundled", True, True, "one", "python -m digitlib.recogniser promote two"),
    ],
    ids=["better", "no better", "not asked for", "compared with another"],
)
def test_a_refined_model_takes_the_place_only_of_what_it_was_compared_with(
    two, compared, passed, wanted, serving, says
):
    old, asked = Recogniser.named(compared), SimpleNamespace(promote=wanted)
    assert says in finetune.promote_if_better("two", old, decided(passed), asked)
    assert locations.current_model().name == serving


def test_a_row_that_the_database_refuses_is_said_and_stops_nothing(tmp_path):
    card = {"name": "two", "parameters": {"seed": 0}, "metrics": {"passed": True}}
    assert runs.record_run(Store(), card, "refine") == ""
    assert Store().runs().project("run_name, model").fetchall() == [("two", "two")]
    (tmp_path / "broken.duckdb").write_text("a novel")
    said = runs.record_run(Store(tmp_path / "broken.duckdb"), card, "refine")
    assert "no row" in said and "not a DuckDB database" in said
