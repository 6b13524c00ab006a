"""Drift is noticed where people draw otherwise, and seldom where they don't."""

import numpy as np
import pytest

from digitlib.datasets import nondigits
from digitlib.datasets.loading import load_synthetic
from digitlib.evaluation import drift
from digitlib.evaluation.drift import DriftReference
from digitlib.evaluation.plots import submissions
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.training import Replay

NOTHING = np.zeros((0, 28, 28), np.uint8)


@pytest.fixture(scope="module")
def reference() -> DriftReference:
    train, unseen = (
        load_synthetic(count, seed).images.numpy() for count, seed in ((800, 0), (300, 1))
    )
    return DriftReference.of(Recogniser.load(BUNDLED), train, unseen)


def test_about_the_expected_share_of_the_same_kind_are_outliers(reference):
    share = reference.beyond(load_synthetic(500, 2).images.numpy()).mean()
    assert share == pytest.approx(drift.EXPECTED, abs=0.04)


def test_most_scribbles_are_outliers(reference):
    assert reference.beyond(nondigits.nondigit_images(300, 5).images.numpy()).mean() > 0.4


def test_a_day_that_differs_is_named():
    days = ["2026-01-01"] * 200 + ["2026-01-02"] * 200
    outliers = np.array([*[False] * 195, *[True] * 5, *[False] * 120, *[True] * 80])
    shares = drift.by_group(days, outliers)
    assert shares["2026-01-01"].value == 0.025
    assert shares["2026-01-02"].value == 0.4
    assert "2026-01-02 has 40 % outliers, more than 5 %." in drift.drift_sentence(shares)
    both = drift.drift_sentence({**shares, "2026-01-04": shares["2026-01-02"]})
    assert "2 of 3 days have more than 5 % outliers, most of all 2026-01-02 with 40 %" in both
    assert "no drift" in drift.drift_sentence({"2026-01-01": shares["2026-01-01"]})
    assert "nothing" in drift.drift_sentence({})
    few = drift.by_group(["2026-01-03"] * 3, np.array([True, False, False]))
    assert "too few visits" in drift.drift_sentence(few)


def test_a_day_is_named_for_its_visits_not_for_its_sketches():
    outliers = np.arange(200) < 40
    spread, one = (
        drift.by_group(["day"] * 200, outliers, visits)
        for visits in (np.arange(200) % 25, np.arange(200) // 40)
    )
    assert "Drift" in drift.drift_sentence(spread)
    assert "Drift" not in drift.drift_sentence(one)  # one of five visits draws otherwise
    alone = drift.by_group(["day"] * 200, ~outliers, ["visit"] * 200)
    assert "too few visits" in drift.drift_sentence(alone)


@pytest.mark.parametrize(("visits", "correlation"), [(4, 0.2), (20, 0.2), (20, 0.5)])
def test_without_drift_a_day_is_named_in_5_of_100_runs_at_most(visits, correlation):
    """Five days whose visits' shares of outliers are drawn about the expected one."""
    generator, days, sketches, runs = np.random.default_rng(visits), 5, 12, 100
    shape = (drift.EXPECTED * (1 / correlation - 1), (1 - drift.EXPECTED) * (1 / correlation - 1))
    alarms = 0
    visit = np.arange(days * visits * sketches) // sketches
    for share in generator.beta(*shape, (runs, days * visits)):
        outliers = generator.random(len(visit)) < share[visit]
        alarms += bool(drift.drifted(drift.by_group(visit // visits, outliers, visit)))
    assert alarms <= 9  # of 100 at a risk of 5 %: 5 and two standard errors


def test_the_label_of_the_expected_share_covers_no_day():
    shares = drift.by_group(["day"] * 100, np.arange(100) < 5)
    axes = submissions.drift(shares, drift.EXPECTED).axes[0]
    assert not axes.texts and "5 %" in axes.get_title(loc="right")


def test_without_days_the_figures_say_so():
    for figure in (submissions.drift({}, drift.EXPECTED), submissions.over_time({})):
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.texts] == ["no submissions yet"]
        assert not axes.get_xticks().size and not axes.get_yticks().size


def test_submissions_that_were_trained_on_are_no_outliers(monkeypatch):
    recogniser = Recogniser.load(BUNDLED)
    drawn = load_synthetic(300, 0)
    replay = Replay(drawn, load_synthetic(300, 1), drawn)
    monkeypatch.setattr(drift, "replay_data", lambda *_args, **_kwargs: replay)
    scribbles = nondigits.nondigit_images(100, 5).images.numpy()
    assert drift.drift_reference(recogniser, NOTHING).beyond(scribbles).mean() > 0.4
    silent = ~recogniser.features(scribbles).any(axis=1)  # without features
    assert not drift.drift_reference(recogniser, scribbles).beyond(scribbles)[~silent].any()
    monkeypatch.setitem(recogniser.card, "lineage", {"submissions": ["a", "b"]})
    assert drift.trained_submission_ids(recogniser) == ["a", "b"]


def test_without_the_training_data_there_is_no_reference(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.MNIST", _no_network)
    assert drift.drift_reference(Recogniser.load(BUNDLED), NOTHING) is None


def _no_network(*_args, **_kwargs):
    raise RuntimeError("no network")
