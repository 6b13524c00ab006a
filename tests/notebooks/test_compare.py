"""Ablations: trials are repeated by seed, kept, and reported without overstating them."""

import json
from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Text

from digitlib.experiments import ablations, plots, report, variants
from digitlib.experiments.ablations import AblationStudy, Trial, Variant
from digitlib.store.store import Store
from digitlib.training import Recipe

QUICK = {"architecture": "fast", "epochs": 1, "patience": 1, "limit": 500, "augment": 0.0}


def variant(name: str, *accuracies: float, parameters: int = 100, **recipe: object) -> Variant:
    trials = [Trial(a, 1, 1.0, parameters, [0.1], [0.1], [a]) for a in accuracies]
    return Variant(name, Recipe(**{"architecture": "plain", **recipe}), trials)


def test_trials_are_kept_and_repeated_only_after_the_code_changed(mnist, monkeypatch):
    study = AblationStudy(Store(), QUICK, held_out=500)
    first = study.compare({"a": {}, "b": {"learning_rate": 0.01}}, 2)
    assert [len(v.trials) for v in first] == [2, 2]
    assert len({trial.accuracy for v in first for trial in v.trials}) > 1
    assert len(Store().runs()) == 4
    again = AblationStudy(Store(), QUICK, held_out=500)
    assert again.compare({"b": {"learning_rate": 0.01}, "a": {}}, 2) == first[::-1]
    assert len(Store().runs()) == 4
    again.compare({"a": {}}, 3)  # one seed more
    assert len(Store().runs()) == 5
    monkeypatch.setattr(ablations, "_code_version", lambda: "another")
    again.compare({"a": {}}, 1)
    assert len(Store().runs()) == 6
    AblationStudy(Store(), QUICK, held_out=400).compare({"a": {}}, 1)  # measured on other images
    assert len(Store().runs()) == 7


def test_the_code_version_follows_the_source_of_training(tmp_path, monkeypatch):
    before = ablations._code_version()
    (tmp_path / "__init__.py").write_text("changed = True")
    monkeypatch.setattr(ablations.training, "__file__", str(tmp_path / "__init__.py"))
    ablations._code_version.cache_clear()
    after = ablations._code_version()
    ablations._code_version.cache_clear()
    assert before != after


def test_only_early_stopping_chooses_an_epoch(mnist, monkeypatch):
    """Else the held-out images would choose what they measure."""
    chosen = []

    def fit(network, train, validation, recipe, choose):
        chosen.append(choose.__name__)
        return iter([ablations.training.Epoch(1, 0, 0, 0, 0, 0.5, 0, 0, 0)])

    monkeypatch.setattr(ablations.training, "fit", fit)
    AblationStudy(Store(), QUICK).compare({"a": {"epochs": 3, "patience": 3}}, 1)
    AblationStudy(Store(), QUICK).compare({"b": {"epochs": 3, "patience": 1}}, 1)
    assert chosen == ["last_epoch", "best_epoch"]


def test_the_conclusion_says_whether_the_gain_may_be_chance():
    wide, narrow = variant("wide", 0.98, 0.98, 0.98), variant("narrow", 0.95, 0.96, 0.97)
    assert report.conclusion([wide, narrow], "narrow") == (
        "Highest accuracy: wide, 98.00 %, +2.00 points against narrow. "
        "Each of its 3 seeds beats all seeds of the others."
    )
    close = variant("close", 0.95, 0.96, 0.985)
    said = report.conclusion([wide, narrow, variant("second", 0.975, 0.975, 0.975), close], "close")
    assert said.endswith("Its seeds overlap with those of close: no clear winner.")
    few = [variant("wide", 0.98), variant("narrow", 0.95)]
    said = report.conclusion(few, "narrow")
    assert "At least 3 seeds are needed to rule out chance" in said
    assert "**" not in said  # one seed has no winner


def test_a_table_has_a_range_only_where_there_are_several_seeds():
    one = report.variants_table([variant("a", 0.7577)])
    assert one.count("75.77 %") == 1 and "range" not in one
    two = report.variants_table([variant("a", 0.75, 0.76)])
    assert "| a | 75.50 % | 75.00 % to 76.00 % | 100 | 1.0 |" in two and "range of 2 seeds" in two


def stopping(name: str, *accuracies: float, kept: int, **recipe: object) -> Variant:
    losses = [0.1] * len(accuracies)
    trial = Trial(accuracies[kept - 1], kept, 1.0, 100, losses, losses, list(accuracies))
    return variant(name, **recipe)._replace(trials=[trial])


def test_remedies_against_overfitting_are_compared_with_none():
    none = stopping("1 %, no remedy", 0.7, 0.9, 0.8, 0.6, kept=4)
    stopped = stopping("1 %, early stopping", 0.7, 0.9, 0.8, kept=2, epochs=4)
    assert report.overfitting_summary([none, stopped]).splitlines()[-1] == (
        "| 1 % | 60.00 % | early stopping, +30.00 | +30.00, after 3 of 4 epochs |"
    )
    same = stopping("1 %, early stopping", 0.7, 0.9, 0.8, 0.6, kept=4, epochs=4)
    assert "| 60.00 % | none | +0.00," in report.overfitting_summary([none, same])


def test_without_convolutions_only_the_augmentation_differs():
    goals = variants.goal_variants(["mlp", "lenet5"], epochs=7, images=90)
    budget = {"epochs": 7, "patience": 7, "limit": 90}
    assert goals["mlp"] == {**variants.GOALS["mlp"], **budget}
    assert goals["lenet5"] == {"architecture": "lenet5", **budget}


def test_the_smallest_network_that_reaches_each_goal_is_found():
    sizes = {"two": (0.991, 20), "one": (0.98, 10), "three": (0.993, 30)}
    rows = [variant(name, a, parameters=count) for name, (a, count) in sizes.items()]
    assert report.smallest_table(rows).splitlines()[2:] == [
        "| 99 % | two | 20 | 99.10 % |",
        "| 99.4 % | none | – | – |",
        "| highest | three | 30 | 99.30 % |",
    ]


def test_the_notebook_answers_every_question_with_a_small_budget(run, mnist, workers):
    """With its trials on a cluster."""
    budget = {"seeds": 1, "epochs": 1, "goal_epochs": 1, "limit": 100, "goal_images": 100}
    budget |= {"held_out": 200, "scheduler": workers.scheduler_address}
    done = run("compare", **budget, overfit_epochs=1, overfit_images=1000)
    for question in ("depth", "width", "dense layer", "dropout", "augmentation", "convolutions"):
        assert f"- **{question}:** Highest accuracy: " in done.text
        assert f"- {question}: Highest accuracy: " in done.log  # in plain text
    assert "| 99 % | none | – | – |" in done.text
    assert "| tiny, 8 maps | " in done.text and " 1,042 |" in done.text
    assert "| 1 %, no remedy |" in done.text
    rows = Store().runs().filter("notebook = 'compare'").project("parameters, metrics").fetchall()
    assert len(rows) > 25
    assert workers.scheduler.transition_counter > 3 * 25  # each trial was its task
    assert all(0 < json.loads(metrics)["accuracy"] <= 1 for _, metrics in rows)


def test_labels_of_the_cost_curves_do_not_overlap():
    draw = np.random.default_rng(6).uniform
    costs = zip(draw(0.965, 0.98, 16), draw(4.5, 7, 16), draw(4e4, 7e4, 16), strict=True)
    shown = []
    for number, (accuracy, seconds, size) in enumerate(costs):
        # the first eight have labels, the others are variants of plain
        one = variant(f"network {number}", accuracy, architecture="cnn" if number < 8 else "plain")
        trial = one.trials[0]._replace(seconds=seconds, parameters=int(size))
        shown.append(one._replace(trials=[trial]))
    figure = plots.cost_curves(shown)
    for axes in figure.axes:
        boxes = [Text.get_window_extent(label) for label in axes.texts if label.get_text()]
        assert len(boxes) >= 8
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize(("seeds", "markers"), [(1, 0), (2, 1)])
def test_the_highest_mean_of_several_seeds_has_a_marker_of_its_own(seeds, markers):
    figure = plots.accuracy_dots([variant("a", *[0.9] * seeds), variant("b", *[0.95] * seeds)], "")
    (axes,) = figure.axes
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert len(diamonds) == markers
    assert all(diamond.get_ydata()[0] == 1 for diamond in diamonds)


@pytest.mark.parametrize("epochs", [1, 5, 60])
@pytest.mark.parametrize("rising", [False, True])
def test_labels_of_losses_lie_on_no_line(epochs, rising):
    passes = np.arange(epochs)
    training = 2 * np.exp(-passes / 2) + 0.01
    held_out = 1.9 * np.exp(-passes / 3) + (0.1 * passes if rising else 0.1)
    trial = Trial(0.9, epochs, 1.0, 100, list(training), list(held_out), [0.9] * epochs)
    figure = plots.overfitting_curves([variant("1 %, no remedy")._replace(trials=[trial])], 1)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    accuracy, *names = (text.get_window_extent() for text in axes.texts)
    assert accuracy.x1 <= axes.bbox.x1 + 1
    for name in names:
        lines = [line.get_path().transformed(axes.transData) for line in axes.lines]
        assert not any(line.intersects_bbox(name, filled=False) for line in lines)
        assert not name.overlaps(accuracy)
        assert axes.bbox.y0 <= name.y0 and name.y1 <= axes.bbox.y1
    assert {"held out", "training", "90.0 %"} == {text.get_text() for text in axes.texts}
