"""The verdict on a model, against figures that leave no choice."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from digitlib.datasets.digits import Digits
from digitlib.evaluation import parameters, report, significance, verdict
from digitlib.evaluation.evaluation_sets import EvaluationSet
from digitlib.evaluation.metrics import accuracy
from digitlib.evaluation.results import Result
from digitlib.evaluation.robustness import DISTURBANCES, Curve


def made(name: str, right: int, of: int, uncertainty: float = 0.001, writers: int = 0) -> Result:
    """A result with so many digits correct of so many, all with the same 1 − confidence."""
    labels = np.arange(of) % 10
    predicted = np.where(np.arange(of) < right, labels, (labels + 1) % 10)
    probability = np.full((of, 10), uncertainty / 9, np.float32)
    probability[np.arange(of), predicted] = 1 - uncertainty
    digits = Digits(torch.zeros(of, 28, 28, dtype=torch.uint8), torch.from_numpy(labels))
    people = [f"writer {n % writers}" for n in range(of)] if writers else ()
    return Result(EvaluationSet(name, digits, writers=people, disputed=3), probability)


GOOD = made("large", 9990, 10_000)


@pytest.mark.parametrize(
    ("results", "start"),
    [
        ([GOOD], "**Yes**, on digits like these: the accuracy on large"),
        ([GOOD, made("few", 3, 3)], "**Yes**, on"),  # so few rule nothing out
        ([GOOD, made("some", 359, 359)], "**Yes**, on"),
        ([GOOD, made("few", 1, 8)], "**No**: the accuracy on few"),  # unless nearly all are wrong
        ([GOOD, made("one person", 10, 50, writers=1)], "**Yes**, on"),  # who is no sample
        ([GOOD, made("pens", 975, 1000)], "**Yes, with reservations**: the accuracy on pens"),
        ([GOOD, made("pens", 900, 1000)], "**No**: the accuracy on pens"),
        ([made("only", 359, 359)], "**Yes, with reservations**: no evaluation set shows"),
        ([made("few", 20, 20)], "**Unknown**"),
        ([made("one person", 999, 999, writers=1)], "**Unknown**"),
        ([made("timid", 9990, 10_000, 0.1)], "**Yes, with reservations**: confidence on timid"),
        (
            [made("overconfident", 9970, 10_000, 1e-6)],
            "**Yes, with reservations**: confidence on overconfident",
        ),
    ],
)
def test_trust_takes_a_set_that_shows_99_per_cent_and_none_that_rules_it_out(results, start):
    assert verdict.verdict_headline(results).startswith(start)


def curve(number: int, shares: list[float]) -> Curve:
    labels = np.zeros(1000, int)
    found = [accuracy(labels, (np.arange(1000) >= 1000 * share).astype(int)) for share in shares]
    return Curve(DISTURBANCES[number], tuple(found))


def test_the_tables_show_the_figures_behind_the_verdict():
    few, large, one = verdict.results_table(
        [made("few", 3, 3), GOOD, made("one", 9, 9, writers=1)]
    ).itertuples()
    assert few[:4] == ("few", "100.00 %", "43.85 to 100.00 %", "3")
    assert large[5:8] == (3, "99.9 % of the 0s", "0.00 %")
    assert few[-1] == "too few digits" and large[-1] == "0.00 %"
    assert one[2:5] == ("none: one person", "9", 1)
    overconfident = verdict.results_table([made("overconfident", 9970, 10_000, 1e-6)])
    assert overconfident.loc["overconfident", "calibration error"] == "0.30 % (poor)"
    curves = [
        curve(0, [0.94, 0.91, 0.90, 0.5, 0.3, 0.2]),
        curve(1, [0.94, 0.5, 0.4, 0.3, 0.2, 0.1]),
        curve(2, [0.94] * 6),
    ]
    levels = verdict.robustness_table(curves).iloc[:, 0]
    assert levels.to_dict() == {"shift": "2", "rotation": "0", "smaller": "50"}


def test_a_difference_by_chance_makes_no_model_better():
    old, new = np.array([0] * 50 + [1] * 4), np.array([0] * 48 + [1] * 2 + [0] * 4)
    found = significance.compare(np.zeros(54, int), old, new)
    assert (found.fixed, found.broken) == (4, 2)
    worse = significance.compare(np.zeros(99, int), np.zeros(99, int), np.arange(99) % 2)
    table = verdict.comparison_table({"few": found, "many": worse}, "a", "b")
    assert table["better"].to_dict() == {"few": "difference not significant", "many": "b"}
    assert table["p, two-sided"].to_dict() == {"few": f"{found.p_two_sided:.3f}", "many": "< 0.001"}
    assert table.loc["many", "difference"] == "-49.49 points"
    assert verdict.comparison_table({}, "a", "").empty


def test_the_hardest_writers_are_those_that_surely_are():
    ones = np.ones(10, int)
    writers = {
        "ann": accuracy(ones, ones),
        "ben": accuracy(ones, np.array([1] * 9 + [0])),
        "cy": accuracy(ones, np.array([1] * 5 + [0] * 5)),
        "dee": accuracy(ones[:5], np.array([1] * 4 + [0])),
        "eve": accuracy(np.ones(100, int), np.array([1] * 85 + [0] * 15)),
    }
    assert list(report.hardest_writers(writers)) == ["cy", "eve", "dee", "ben"]


def test_models_of_one_name_are_told_apart():
    one, other, again = (
        SimpleNamespace(folder=Path(path)) for path in ("/digitlib/bundled", "/m/cnn", "/n/cnn")
    )
    assert parameters.model_names(one, None) == ("bundled", "")
    assert parameters.model_names(one, other) == ("bundled", "cnn")
    assert parameters.model_names(other, again) == ("/m/cnn", "/n/cnn")
    with pytest.raises(ValueError, match="is the model itself: name another"):
        parameters.model_names(one, one)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"model": 5}, "model=5: .*`-r NAME 5`"),
        ({"qmnist": "perhaps"}, "qmnist='perhaps': should be a valid boolean"),
        ({"disturbed": 50}, "disturbed=50: should be greater than or equal to 100"),
    ],
)
def test_what_evaluate_is_asked_for_is_checked_with_the_way_to_say_it(wrong, complaint):
    asked = {"model": "5", "baseline": "", "disturbed": 200, "qmnist": "false"}
    assert parameters.EvaluationParameters.checked(asked).qmnist is False
    with pytest.raises(ValueError, match=complaint):
        parameters.EvaluationParameters.checked({**asked, **wrong})
