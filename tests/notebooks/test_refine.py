"""`refine.ipynb` as a user or cron runs it."""

import pytest

from digitlib import training
from digitlib.datasets.digits import provenance, split
from digitlib.datasets.loading import load_dataset
from digitlib.recogniser import locations, registry
from digitlib.recogniser.model import Recogniser
from digitlib.refine import label_errors, review, selection
from digitlib.store.store import Store
from digitlib.strokes.synthesis import draw_many
from digitlib.training import runs
from digitlib.training.recipe import Recipe


@pytest.fixture
def poor(outputs) -> Recogniser:
    """A poorly trained model, which serves."""
    recipe = Recipe(
        dataset="synthetic", limit=300, epochs=2, architecture="lenet5", batch_size=32,
        run_name="poor",
    )  # fmt: skip
    data = load_dataset("synthetic", recipe.seed, recipe.limit)
    parts = split(data.train, recipe.validation_fraction, recipe.seed)
    training.prepare(recipe)
    network = training.build("lenet5", 1)
    list(training.fit(network, *parts, recipe))
    run = runs.start(locations.models_dir(), "poor")
    card = training.model_card(
        run, recipe.as_dict(), provenance(data, *parts), {"test_accuracy": 0.5},
        architecture="lenet5", temperature=1.0, parameter_count=training.parameter_count(network),
    )  # fmt: skip
    training.write_model(run.folder, network, card)
    runs.finish(run)
    registry.promote("poor")
    return Recogniser.load()


def submit(predictor: Recogniser, count: int, wrong: int = 0, first_visit: int = 0) -> set[str]:
    """Submit sketches of 30 visits, and of one more that labels its 1s as 7; the latter's ids."""
    store, ids = Store(), set()
    drawings, labels = draw_many(count, seed=21 + first_visit)
    for number, (strokes, label) in enumerate(zip(drawings, labels.tolist(), strict=True)):
        session = f"visit {first_visit + number % 30}"
        store.submit(strokes=strokes, label=label, recogniser=predictor, session=session)
    drawings, labels = draw_many(20 * wrong, seed=22)
    ones = [strokes for strokes, label in zip(drawings, labels, strict=True) if label == 1]
    for strokes in ones[:wrong]:
        id = store.submit(strokes=strokes, label=7, recogniser=predictor, session="visit wrong")
        ids.add(str(id))
    return ids


def test_with_too_few_submissions_it_says_so_and_promotes_nothing(run, outputs):
    submit(Recogniser.load(), 20)
    done = run("refine")
    assert "Nothing is refined." in done.text
    assert "20 submissions are usable; refining needs 100." in done.text
    assert f"{Recogniser.load().name} still serves" in done.text
    assert not (outputs / "models").exists()


def test_a_model_learns_from_submissions_is_promoted_and_can_be_rolled_back(run, outputs, poor):
    wrong = submit(poor, 400, wrong=40)
    done = run(
        "refine", run_name="better", replay=150, epochs=8, submission_share=0.8, floor=0.5
    )  # the poor model misreads every digit often
    better = Recogniser.load()
    assert better.name == "better", done.text
    disputed = label_errors.recorded_disputed(Store())
    assert "The challenger is better." in done.text
    assert f"Left out: {len(disputed)} submissions with a disputed label." in done.text
    card = better.card
    assert card["metrics"]["people_accuracy"] > card["metrics"]["people_accuracy_before"]
    assert card["data"]["submissions"]["disputed"] == len(disputed)
    lineage = card["lineage"]
    assert lineage["parent"] == "poor"
    assert [model["name"] for model in lineage["ancestors"]] == ["poor"]
    trained = set(lineage["submissions"])
    known = {str(row[0]) for row in Store().submissions().project("id").fetchall()}
    assert 200 < len(trained) < 400 and trained <= known
    assert len(trained & wrong) < 0.5 * len(wrong)  # a poor model finds most, not all
    assert disputed & wrong and not disputed & trained
    assert Store().runs().fetchone()[1] == "better"
    frame = review.submissions_table(Store())
    again = selection.select(frame, better, disputed)
    assert "0 usable submissions are from 0 visits" in again.insufficient_reason(100)
    assert not disputed & {sketch.id for sketch in (*again.train, *again.validation)}
    assert registry.roll_back().name == "poor"


def test_a_model_that_is_not_better_is_not_promoted_and_the_notebook_says_why(
    run, outputs, poor, on_a_server
):
    """With the submissions on a database server."""
    submit(poor, 150)
    done = run("refine", replay=100, epochs=1, learning_rate=1e-9, risk=0.001, run_name="same")
    assert Recogniser.load().name == "poor"
    assert "The champion stays." in done.text
    assert "Failed: better on sketches of new visits" in done.text
    assert "**poor** still serves." in done.text
    assert (
        "| not tested | no digit of sketches of new visits falls significantly to below"
        in done.text
    )
    assert {path.name for path in (outputs / "models").iterdir() if path.is_dir()} == {
        "poor",
        "same",
    }
