"""What is said of a model, against figures whose verdict is plain."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from digitlib.datasets.digits import Digits
from digitlib.evaluation import report, significance, verdict
from digitlib.evaluation.evaluation_sets import EvaluationSet, Result
from digitlib.evaluation.metrics import accuracy
from digitlib.evaluation.robustness import DISTURBANCES, Curve


def sat(name: str, right: int, of: int, doubt: float = 0.001) -> Result:
    """An exam of so many digits, so many read right, and doubted so much."""
    labels = np.arange(of) % 10
    read = np.where(np.arange(of) < right, labels, (labels + 1) % 10)
    probability = np.full((of, 10), doubt / 9, np.float32)
    probability[np.arange(of), read] = 1 - doubt
    images = torch.zeros(of, 28, 28, dtype=torch.uint8)
    return Result(EvaluationSet(name, Digits(images, torch.from_numpy(labels))), probability)


GOOD = sat("large", 9990, 10_000)


@pytest.mark.parametrize(
    ("results", "start"),
    [
        ([GOOD], "**Trust it**, on digits like these: of large"),
        ([GOOD, sat("few", 3, 3)], "**Trust it**, on"),  # so few can't speak against it
        ([GOOD, sat("some", 359, 359)], "**Trust it**, on"),
        ([GOOD, sat("few", 1, 8)], "**Don't trust it yet**: of few"),  # unless they all but fail
        ([GOOD, sat("pens", 975, 1000)], "**Trust it with a second look**: of pens"),
        ([GOOD, sat("pens", 900, 1000)], "**Don't trust it yet**: of pens"),
        ([sat("only", 359, 359)], "**Trust it with a second look**: no exam shows 99 %"),
        ([sat("few", 20, 20)], "**It can't be told yet**"),
        ([sat("modest", 9990, 10_000, doubt=0.1)], "**Trust it with a second look**: of modest"),
        (
            [sat("cocksure", 9970, 10_000, doubt=1e-6)],
            "**Trust it with a second look**: of cocksure",
        ),
    ],
)
def test_trust_takes_an_exam_that_vouches_and_none_that_speaks_against(results, start):
    assert verdict.verdict_headline(results).startswith(start)


def curve(number: int, shares: list[float]) -> Curve:
    labels = np.zeros(1000, int)
    found = [accuracy(labels, (np.arange(1000) >= 1000 * share).astype(int)) for share in shares]
    return Curve(DISTURBANCES[number], tuple(found))


def test_the_verdict_says_how_far_each_figure_goes():
    curves = [
        curve(0, [0.94, 0.91, 0.90, 0.5, 0.3, 0.2]),  # 2 px, of a model that reads 94 %
        curve(1, [0.94, 0.5, 0.4, 0.3, 0.2, 0.1]),
        curve(2, [0.94] * 6),
    ]
    comparison = significance.compare(np.zeros(99, int), np.zeros(99, int), np.arange(99) % 2)
    words = verdict.verdict_text([sat("few", 3, 3), GOOD], curves, {"few": comparison}, ("a", "b"))
    for part in (
        "few (3 digits) may lie on either side of 99 %",
        "shift up to 2 px, to any corner; rotation less than 10°, either way; smaller beyond 50 %",
        "**Beside b**, on few: **b** reads better (-49.49 points, p under 0.1 %)",
        "n = 3) right; no digit is misread.",
        "it knows how sure it may be",
    ):
        assert part in words


def test_a_model_that_is_far_too_sure_of_some_is_not_called_honest():
    cocksure = sat("cocksure", 9970, 10_000, doubt=1e-6)
    words = verdict.verdict_text([cocksure], [curve(0, [0.94, 0.5])], {}, ("a", ""))
    assert "it is off in its sureness" in words
    assert "Of cocksure, 10,000 that it doubts by 0.00 % on average are misread in 0.30 %." in words


def test_what_differs_by_chance_is_no_better():
    old, new = np.array([0] * 50 + [1] * 4), np.array([0] * 48 + [1] * 2 + [0] * 4)
    found = significance.compare(np.zeros(54, int), old, new)
    assert (found.fixed, found.broken) == (4, 2)
    assert verdict.better_model(found, "a", "b") == "which is better can't be told"
    table = report.comparison_table({"exam": found}, "a", "b")
    assert f"| {100 * found.either_way:.1f} % | which is better" in table


def test_writers_read_without_a_mistake_are_counted_not_listed():
    ones = np.ones(10, int)
    writers = {
        "ann": accuracy(ones, ones),
        "ben": accuracy(ones, np.array([1] * 9 + [0])),
        "cy": accuracy(ones, np.array([1] * 5 + [0] * 5)),
        "dee": accuracy(ones[:5], np.array([1] * 4 + [0])),
        "eve": accuracy(np.ones(100, int), np.array([1] * 85 + [0] * 15)),
    }
    assert list(report.hardest_writers(writers)) == ["cy", "eve", "dee", "ben"]
    assert report.writers_in_words(writers) == "1 of 5 writers are read without a mistake."


def test_models_of_one_name_are_told_apart():
    one, other, again = (
        SimpleNamespace(folder=Path(path)) for path in ("/digitlib/bundled", "/m/cnn", "/n/cnn")
    )
    assert report.model_names(one, None) == ("bundled", "")
    assert report.model_names(one, other) == ("bundled", "cnn")
    assert report.model_names(other, again) == ("/m/cnn", "/n/cnn")
    with pytest.raises(ValueError, match="is the model itself: name another"):
        report.model_names(one, one)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"model": 5}, "-r model 5"),
        ({"qmnist": "perhaps"}, "qmnist='perhaps': say true or false"),
        ({"disturbed": 50}, "disturbed=50: give a number of images, at least 100"),
    ],
)
def test_what_evaluate_is_asked_for_is_checked_with_the_way_to_say_it(wrong, complaint):
    asked = {"model": "5", "baseline": "", "disturbed": 200, "qmnist": "false"}
    assert report.checked_parameters(asked).qmnist is False
    with pytest.raises(ValueError, match=complaint):
        report.checked_parameters({**asked, **wrong})
