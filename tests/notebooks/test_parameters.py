"""Wrong parameters, as people type them: a notebook says what is wrong before it starts."""

import ast
import dataclasses
import shutil
from typing import Any

import nbformat
import pytest
from executing import ROOT

from digitlib.datasets.statistics import Exploration
from digitlib.evaluation import EvaluationParameters
from digitlib.experiments import variants
from digitlib.notebook import MOVED_PARAMETERS
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
        ("compare", variants.Budget),
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


def test_the_notebooks_that_train_share_the_parameters_of_a_recipe():
    """Each of a recipe's parameters is in one of them or in both, with its default there."""
    people = {"preset", "sketches", "images", "image_share"}
    for notebook, recipe, fixed in (
        ("train", Recipe(), set(MOVED_PARAMETERS)),
        ("train_people", Recipe.checked({"preset": "people"}), people),
    ):
        values = {name: value for name, value in recipe.as_dict().items() if name not in fixed}
        declared = {name: (type(value).__name__, value) for name, value in values.items()}
        assert parameters_cell(notebook) == declared


@pytest.mark.parametrize("name", MOVED_PARAMETERS)
def test_a_parameter_that_moved_to_another_notebook_says_where(outputs, name):
    with pytest.raises(ValueError, match=f"`{name}` is now a parameter of .*train_people.ipynb"):
        run_until_checked("train", f"# Parameters\n{name} = 1\n")


def test_the_preset_that_became_a_notebook_says_so(outputs):
    with pytest.raises(ValueError, match=r"a notebook of its own: notebooks/train_people\.ipynb"):
        run_until_checked("train", '# Parameters\npreset = "people"\n')


@pytest.mark.parametrize(
    ("notebook", "typo", "meant"),
    [
        ("explore", "limits", "limit"),
        ("train", "epohcs", "epochs"),
        ("train_people", "epohcs", "epochs"),
        ("evaluate", "baselin", "baseline"),
        ("compare", "sedes", "seeds"),
        ("submissions", "dgits", "digits"),
        ("refine", "lest", "least"),
    ],
)
def test_a_misspelt_parameter_stops_every_notebook(outputs, tmp_path, notebook, typo, meant):
    with pytest.raises(ValueError, match=f"Did you mean `{meant}`?"):
        run_until_checked(notebook, f"# Parameters\n{typo} = 10\n")
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


def run_until_checked(notebook: str, injected: str) -> None:
    """Run the cells up to the one that checks the parameters, with papermill's cell among them."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    namespace: dict[str, Any] = {"In": [""]}
    for cell in cells:
        if cell.cell_type == "code":
            tagged = "parameters" in cell.metadata.get("tags", [])
            for source in [cell.source, injected] if tagged else [cell.source]:
                namespace["In"].append(source)
                exec(without_magics(source), namespace)
            if "notebook_parameters(" in cell.source:
                return


def without_magics(cell: str) -> str:
    return "\n".join(line for line in cell.splitlines() if not line.startswith("%"))


def test_papermill_names_all_values_out_of_range_before_anything_is_written(run, outputs, tmp_path):
    done = run("train", check=False, epochs=0, learning_rate=-1, architecture="resnet50")
    assert done.returncode != 0
    assert "epochs=0: should be greater than or equal to 1" in done.log
    assert "learning_rate=-1: should be greater than 0" in done.log
    assert "architecture='resnet50': should be 'cnn', 'fast', 'lenet5', 'mlp'" in done.log
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


@pytest.mark.parametrize(
    ("notebook", "kind", "name"),
    [("compare", variants.Budget, "seeds"), ("refine", Refinement, "epochs")],
)
def test_what_notebooks_are_asked_for_has_its_range(notebook, kind, name):
    defaults = {name: value for name, (_, value) in parameters_cell(notebook).items()}
    assert validated(kind, defaults)
    with pytest.raises(ValueError, match=f"Nothing was started.\n{name}=0:"):
        validated(kind, {**defaults, name: 0})


def test_a_model_that_is_not_there_stops_the_notebook(outputs, tmp_path):
    with pytest.raises(ValueError, match="nobody is not a model folder; there are bundled"):
        run_until_checked("refine", '# Parameters\nmodel = "nobody"\n')
    assert not outputs.exists()
    assert not (tmp_path / "digits.duckdb").exists()


def test_a_model_that_is_not_there_is_told_as_it_was_typed_with_those_that_are(outputs):
    shutil.copytree(BUNDLED, outputs / "models" / "mine")
    for typed in ("nobody", "outputs/models/nobody"):
        with pytest.raises(ValueError, match=f"^{typed} is not a model .* are bundled, mine.$"):
            Recogniser.named(typed)
