"""Experiments are repeated by seed, kept, and looked up the second time."""

import json
from functools import partial
from itertools import combinations

import numpy as np
import pytest
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from digitlib.experiments import ablations, plots, report
from digitlib.experiments.ablations import AblationStudy, Trial, Variant
from digitlib.store.store import Store
from digitlib.training.architectures import ARCHITECTURES, plain
from digitlib.training.recipe import Recipe

QUICK = {"architecture": "fast", "epochs": 1, "patience": 1, "limit": 500, "augment": 0.0}


def variant(name: str, *accuracies: float, architecture: str = "plain") -> Variant:
    recipe = Recipe(architecture=architecture)
    return Variant(name, recipe, [Trial(a, 1, 1.0, 100, [0.1], [0.1], [a]) for a in accuracies])


def test_trials_are_kept_and_not_repeated(mnist, monkeypatch):
    first = AblationStudy(Store(), QUICK).compare({"a": {}, "b": {"learning_rate": 0.01}}, 2)
    assert [len(v.trials) for v in first] == [2, 2]
    assert len({trial.accuracy for v in first for trial in v.trials}) > 1
    assert len(Store().runs()) == 4
    laboratory = AblationStudy(Store(), QUICK)
    again = laboratory.compare({"b": {"learning_rate": 0.01}, "a": {}}, 2)
    assert again == first[::-1]
    assert len(Store().runs()) == 4
    laboratory.compare({"a": {}}, 3)  # one seed more
    assert len(Store().runs()) == 5
    monkeypatch.setitem(ARCHITECTURES, "fast", partial(plain, maps=2))  # another under its name
    (changed,) = laboratory.compare({"a": {}}, 1)
    assert changed.parameters != first[0].parameters
    assert len(Store().runs()) == 6


def test_the_answer_says_whether_it_may_be_chance():
    clear = [variant("wide", 0.98, 0.98, 0.98), variant("narrow", 0.95, 0.96, 0.97)]
    assert report.winner_sentence(clear, "narrow") == (
        "**wide** reads most, 98.00 %. Each of its seeds beats each of those of narrow. "
        "Against narrow, in points; in bold where every seed says so, as equals do in "
        "10 % of cases: **wide +2.00**."
    )
    overlapping = [variant("wide", 0.98, 0.98, 0.98), variant("narrow", 0.95, 0.96, 0.985)]
    assert "That it beats narrow may be chance" in report.winner_sentence(overlapping, "wide")
    three = [*clear, variant("odd", 0.90, 0.91, 0.965)]
    assert "**wide +2.00**, odd -3.50." in report.winner_sentence(three, "narrow")
    few = [variant("wide", 0.98, 0.98), variant("narrow", 0.95, 0.96)]
    assert "It takes 3 seeds or more" in report.winner_sentence(few, "wide")


def stopping(name: str, *accuracies: float, kept: int) -> Variant:
    losses = [0.1] * len(accuracies)
    trial = Trial(accuracies[kept - 1], kept, 1.0, 100, losses, losses, list(accuracies))
    return variant(name)._replace(trials=[trial])


def test_only_early_stopping_keeps_its_best_epoch():
    none = stopping("1 %, no remedy", 0.7, 0.9, 0.8, 0.6, kept=2)
    stopped = stopping("1 %, early stopping", 0.7, 0.9, 0.8, kept=2)
    ended = report.final_epochs([none, stopped])
    assert [(v.accuracy, v.trials[0].kept) for v in ended] == [(0.6, 4), (0.9, 2)]
    assert report.overfitting_summary(ended) == (
        "- 1 % of the images: 60.00 % without a remedy; best with early stopping, "
        "+30.00 points. Early stopping ends after 3 of 4 epochs and keeps epoch 2, +30.00 points."
    )


def test_without_convolutions_only_the_warps_differ():
    goals = ablations.goal_variants({"mlp": "mlp", "LeNet-5": "lenet5"}, epochs=7, images=90)
    budget = {"epochs": 7, "patience": 7, "limit": 90}
    assert goals["mlp"] == {**ablations.GOALS["mlp"], **budget}
    assert goals["LeNet-5"] == {"architecture": "lenet5", **budget}


def test_labels_of_costs_do_not_lie_on_each_other():
    variants = [variant(f"network {n}", 0.98 + n / 10_000, architecture="cnn") for n in range(8)]
    figure = plots.cost_curves(variants)
    for axes in figure.axes:
        boxes = [Text.get_window_extent(label) for label in axes.texts]
        assert len(boxes) == 8
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_price_of_few_parameters_is_told():
    few, many = variant("few", 0.98), variant("many", 0.99)
    many.trials[0] = many.trials[0]._replace(parameters=1000)
    assert report.cost_sentence([few, many]) == (
        "**few** has 100 parameters, 10.0 % of many's 1,000, and reads 98.00 %, 1.00 points less."
    )


def test_the_smallest_that_reads_each_goal_is_found_or_it_is_said_that_there_is_none():
    sizes = {"two": (0.991, 20), "one": (0.98, 10), "three": (0.993, 30)}
    variants = []
    for name, (accuracy, parameters) in sizes.items():
        one = variant(name, accuracy)
        one.trials[0] = one.trials[0]._replace(parameters=parameters)
        variants.append(one)
    assert report.smallest_table(variants) == (
        "The smallest that reads 99 % is **two**, with 20 parameters and 99.10 %. "
        "None reads 99.4 % (epochs: 10); three comes closest, with 99.30 %."
    )


def test_the_notebook_answers_every_question_with_a_small_budget(run, mnist):
    budget = {"seeds": 1, "epochs": 1, "goal_epochs": 1, "limit": 100, "goal_images": 100}
    done = run("compare", **budget, overfit_epochs=1, overfit_images=1000)
    for words in ("depth", "width", "dense layer", "dropout", "parts", "warps", "family"):
        assert f"- {words}: **" in done.text
    assert "- few parameters: None reads 99 % (epochs: 1)" in done.text
    assert "**frugal-8** has 1,042 parameters" in done.text
    assert "1 %, no remedy" in done.text
    assert "- 1 % of the images:" in done.text
    rows = Store().runs().filter("notebook = 'compare'").project("parameters, metrics").fetchall()
    assert len(rows) > 25
    assert all(0 < json.loads(metrics)["accuracy"] <= 1 for _, metrics in rows)


def test_the_best_dot_is_told_apart_without_colour():
    figure = plots.accuracy_dots([variant("a", 0.9), variant("b", 0.95)], "")
    (axes,) = figure.axes
    *_, best = (line for line in axes.lines if line.get_marker() == "D")
    assert best.get_ydata()[0] == 1
    assert "diamond: best" in axes.get_xlabel()


def costing(name: str, accuracy: float, seconds: float, parameters: int, named: bool) -> Variant:
    one = variant(name, accuracy, architecture="cnn" if named else "plain-8-maps")
    return one._replace(trials=[one.trials[0]._replace(seconds=seconds, parameters=parameters)])


def test_lines_from_labels_of_costs_cross_no_other_marker():
    draw = np.random.default_rng(6).uniform
    shares, seconds, sizes = draw(0.965, 0.98, 24), draw(4.5, 7, 24), draw(40_000, 70_000, 24)
    variants = [
        costing(f"network {n}", shares[n], seconds[n], int(sizes[n]), n < 8) for n in range(24)
    ]
    variants.append(costing("network 24", 0.94, 2, 10_000, False))
    variants.append(costing("network 25", 0.99, 12, 300_000, False))
    for axes in plots.cost_curves(variants).axes:
        markers = [line for line in axes.lines if line.get_marker() != "None"]
        centres = [axes.transData.transform(line.get_xydata())[0] for line in markers]
        for label in axes.texts:
            box, end = Text.get_window_extent(label), axes.transData.transform(label.xy)
            leader = Path([(box.min + box.max) / 2, end])
            others = [centre for centre in centres if np.hypot(*(centre - end)) > 6]
            assert not any(leader.intersects_bbox(Bbox([c - 4, c + 4]), False) for c in others)


@pytest.mark.parametrize("epochs", [1, 2, 5, 60])
@pytest.mark.parametrize("rising", [False, True])
def test_names_of_losses_lie_on_no_line(epochs, rising):
    passes = np.arange(epochs)
    learnt = 2 * np.exp(-passes / 2) + 0.01
    held_out = 1.9 * np.exp(-passes / 3) + (0.1 * passes if rising else 0.1)
    trial = Trial(0.9, epochs, 1.0, 100, list(learnt), list(held_out), [0.9] * epochs)
    figure = plots.overfitting_curves([variant("1 %, no remedy")._replace(trials=[trial])] * 5, 5)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    share, *names = (text.get_window_extent() for text in axes.texts)
    assert share.x1 <= axes.bbox.x1 + 1
    for name in names:
        lines = [line.get_path().transformed(axes.transData) for line in axes.lines]
        assert not any(line.intersects_bbox(name, filled=False) for line in lines)
        assert not name.overlaps(share)
        assert axes.bbox.y0 <= name.y0 and name.y1 <= axes.bbox.y1
    assert {"held out", "training", "90.0 %"} == {text.get_text() for text in axes.texts}
