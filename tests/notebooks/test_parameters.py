"""Wrong parameters, as people type them: a notebook says what is wrong before it starts."""

import ast
import dataclasses
import shutil
from typing import Any

import nbformat
import pytest
from conftest import ROOT

from digitlib.datasets.statistics import Exploration
from digitlib.evaluation import EvaluationParameters
from digitlib.experiments import ablations
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.refine.parameters import Refinement, ReviewFilter
from digitlib.training.recipe import Recipe, validated


def parameters_cell(notebook: str) -> dict[str, tuple[str, Any]]:
    """The type and the value of each parameter in a notebook's parameters cell."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    return {
        line.target.id: (ast.unparse(line.annotation), ast.literal_eval(line.value))
        for line in ast.parse(cell.source).body
    }


@pytest.mark.parametrize(
    ("notebook", "kind"),
    [
        ("train", Recipe),
        ("compare", ablations.Budget),
        ("refine", Refinement),
        ("submissions", ReviewFilter),
        ("explore", Exploration),
        ("evaluate", EvaluationParameters),
    ],
)
def test_the_parameters_cell_repeats_the_defaults_of_the_library(notebook, kind):
    default = kind()
    defaults = {field.name: getattr(default, field.name) for field in dataclasses.fields(kind)}
    declared = {name: (type(value).__name__, value) for name, value in defaults.items()}
    assert parameters_cell(notebook) == declared


@pytest.mark.parametrize(
    ("notebook", "typo", "meant"),
    [
        ("explore", "limits", "limit"),
        ("train", "epohcs", "epochs"),
        ("evaluate", "baselin", "baseline"),
        ("compare", "sedes", "seeds"),
        ("submissions", "dgits", "digits"),
        ("refine", "lest", "least"),
    ],
)
def test_a_misspelt_parameter_stops_every_notebook(run, outputs, tmp_path, notebook, typo, meant):
    done = run(notebook, check=False, **{typo: 10})
    assert done.returncode != 0
    assert f"Did you mean `{meant}`?" in done.log
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


def test_all_that_is_out_of_range_is_told_at_once(run, outputs, tmp_path):
    done = run("train", check=False, epochs=0, learning_rate=-1, architecture="resnet50")
    assert done.returncode != 0
    assert "epochs=0: should be greater than or equal to 1" in done.log
    assert "learning_rate=-1: should be greater than 0" in done.log
    assert "architecture='resnet50': should be 'cnn', 'fast', 'lenet5', 'mlp'" in done.log
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


@pytest.mark.parametrize(
    ("notebook", "kind", "name"),
    [("compare", ablations.Budget, "seeds"), ("refine", Refinement, "epochs")],
)
def test_what_notebooks_are_asked_for_has_its_range(notebook, kind, name):
    defaults = {name: value for name, (_, value) in parameters_cell(notebook).items()}
    assert validated(kind, defaults)
    with pytest.raises(ValueError, match=f"Nothing was started.\n{name}=0:"):
        validated(kind, {**defaults, name: 0})


def test_a_model_that_is_not_there_stops_the_notebook(run, outputs, tmp_path):
    done = run("refine", check=False, model="nobody")
    assert done.returncode != 0
    assert "nobody is not a model folder; there are bundled." in done.log
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


def test_a_model_that_is_not_there_is_told_as_it_was_typed_with_those_that_are(outputs):
    shutil.copytree(BUNDLED, outputs / "models" / "mine")
    for typed in ("nobody", "outputs/models/nobody"):
        with pytest.raises(ValueError, match=f"^{typed} is not a model .* are bundled, mine.$"):
            Recogniser.named(typed)
