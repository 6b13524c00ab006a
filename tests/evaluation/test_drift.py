"""What lies far from the training is noticed; what is like it is not."""

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
def yardstick() -> DriftReference:
    train, unseen = (
        load_synthetic(count, seed).images.numpy() for count, seed in ((800, 0), (300, 1))
    )
    return DriftReference.of(Recogniser.load(BUNDLED), train, unseen)


def test_about_the_expected_share_of_the_same_kind_lies_beyond(yardstick):
    share = yardstick.beyond(load_synthetic(500, 2).images.numpy()).mean()
    assert share == pytest.approx(drift.EXPECTED, abs=0.04)


def test_most_of_another_kind_does(yardstick):
    assert yardstick.beyond(nondigits.nondigit_images(300, 5).images.numpy()).mean() > 0.4


def test_a_day_that_differs_is_named():
    groups = ["2026-01-01"] * 200 + ["2026-01-02"] * 200
    beyond = np.array([*[False] * 195, *[True] * 5, *[False] * 120, *[True] * 80])
    shares = drift.by_group(groups, beyond)
    assert shares["2026-01-01"].value == 0.025
    assert shares["2026-01-02"].value == 0.4
    assert "2026-01-02" in drift.drift_sentence(shares)
    assert "what the model knows" in drift.drift_sentence({"2026-01-01": shares["2026-01-01"]})
    assert "nothing" in drift.drift_sentence({})
    few = drift.by_group(["2026-01-03"] * 3, np.array([True, False, False]))
    assert "too few sketches to tell" in drift.drift_sentence(few)


def test_of_many_days_alike_hardly_ever_one_is_named():
    generator, alarms = np.random.default_rng(0), 0
    for _ in range(100):
        beyond = generator.random(60 * 100) < drift.EXPECTED
        shares = drift.by_group([f"day {number // 100:02}" for number in range(6000)], beyond)
        alarms += "No day" not in drift.drift_sentence(shares)
    assert alarms <= 9  # of 100 at a risk of 5 %


def test_the_words_on_the_expected_share_cover_no_day():
    shares = drift.by_group(["day"] * 100, np.arange(100) < 5)
    axes = submissions.drift(shares, drift.EXPECTED).axes[0]
    assert not axes.texts and "5 %" in axes.get_title(loc="right")


def test_without_days_the_figures_say_so():
    for figure in (submissions.drift({}, drift.EXPECTED), submissions.over_time({})):
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.texts] == ["nothing to show yet"]
        assert not axes.get_xticks().size and not axes.get_yticks().size


def test_what_was_learnt_from_submissions_is_known(monkeypatch):
    recogniser = Recogniser.load(BUNDLED)
    drawn = load_synthetic(300, 0)
    replay = Replay(drawn, load_synthetic(300, 1), drawn)
    monkeypatch.setattr(drift, "replay_data", lambda *_args, **_kwargs: replay)
    strange = nondigits.nondigit_images(100, 5).images.numpy()
    assert drift.drift_reference(recogniser, NOTHING).beyond(strange).mean() > 0.4
    silent = ~recogniser.features(strange).any(axis=1)  # near to nothing, not even themselves
    assert not drift.drift_reference(recogniser, strange).beyond(strange)[~silent].any()
    monkeypatch.setitem(recogniser.card, "lineage", {"submissions": ["a", "b"]})
    assert drift.trained_submission_ids(recogniser) == ["a", "b"]


def test_without_the_original_data_there_is_no_yardstick(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.MNIST", _no_network)
    assert drift.drift_reference(Recogniser.load(BUNDLED), NOTHING) is None


def _no_network(*_args, **_kwargs):
    raise RuntimeError("no network")
