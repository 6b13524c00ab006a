"""Experiments are repeated by seed, kept, and looked up the second time."""

import json

import pytest

from digitlib import experiments
from digitlib.experiments import Laboratory, Trial, Variant
from digitlib.store import Store

QUICK = {"architecture": "fast", "epochs": 1, "patience": 1, "limit": 500, "augment": 0.0}


def variant(name: str, *accuracies: float) -> Variant:
    return Variant(name, [Trial(a, 0.1, 1.0, 100, [0.1], [0.1]) for a in accuracies])


def test_trials_are_kept_and_not_repeated(mnist):
    first = Laboratory(Store(), QUICK).compare({"a": {}, "b": {"learning_rate": 0.01}}, 2)
    assert [len(v.trials) for v in first] == [2, 2]
    assert len({trial.accuracy for v in first for trial in v.trials}) > 1
    assert len(Store().runs()) == 4
    laboratory = Laboratory(Store(), QUICK)
    again = laboratory.compare({"b": {"learning_rate": 0.01}, "a": {}}, 2)
    assert again == first[::-1]
    assert len(Store().runs()) == 4
    laboratory.compare({"a": {}}, 3)  # one seed more
    assert len(Store().runs()) == 5


def test_the_answer_says_whether_it_may_be_chance():
    clear = [variant("wide", 0.98, 0.99), variant("narrow", 0.95, 0.96)]
    assert "**wide** reads most, 98.50%" in experiments.answer(clear)
    assert "Each of its seeds" in experiments.answer(clear)
    overlapping = [variant("wide", 0.98, 0.99), variant("narrow", 0.95, 0.985)]
    assert "may be chance" in experiments.answer(overlapping)


def test_the_price_of_few_parameters_is_told():
    few, many = variant("few", 0.98), variant("many", 0.99)
    many.trials[0] = many.trials[0]._replace(parameters=1000)
    assert experiments.price([few, many]) == (
        "**few** has 100 parameters, 10.0% of many's 1,000, and reads 98.00%, 1.00 points less."
    )


def test_the_notebook_answers_every_question_with_a_small_budget(run, mnist):
    budget = {"seeds": 1, "epochs": 1, "goal_epochs": 1, "limit": 100}
    done = run("compare", **budget, overfit_epochs=1, overfit_images=1000)
    for words in ("depth", "width", "dense layer", "dropout", "parts", "warps", "family"):
        assert f"- {words}: **" in done.text
    assert "- few parameters: **tiny** has 1,786 parameters" in done.text
    assert "1 %, no remedy" in done.text
    rows = Store().runs().filter("notebook = 'compare'").project("parameters, metrics").fetchall()
    assert len(rows) > 25
    assert all(0 < json.loads(metrics)["accuracy"] <= 1 for _, metrics in rows)


@pytest.mark.parametrize(
    "wrong, words", [({"sedes": 3}, "Did you mean `seeds`?"), ({"seeds": 0}, "seeds=0")]
)
def test_bad_parameters_stop_it_before_it_starts(run, wrong, words):
    done = run("compare", check=False, **wrong)
    assert done.returncode != 0
    assert words in done.log
