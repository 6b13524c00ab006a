"""Notebooks are committed clean and keep to the shape that makes them legible."""

import ast
import runpy
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from papermill.translators import PythonTranslator

from digitlib import settings

NOTEBOOKS = sorted((settings.project_root() / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4), request.param.stem


def code_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def without_magics(cell: str) -> str:
    return "\n".join(line for line in cell.splitlines() if not line.startswith("%"))


def test_no_notebook_holds_outputs_or_a_private_kernel(notebook):
    content, _ = notebook
    assert all(not cell.get("outputs") for cell in content.cells)
    assert all(cell.get("execution_count") is None for cell in content.cells)
    assert content.metadata.kernelspec.name == "python3"


def test_results_have_a_plain_text_form_for_papermills_log(notebook):
    content, _ = notebook
    assert not any("IPython.display" in cell for cell in code_of(content))


def test_nbstripout_finds_nothing_to_strip():
    command = [Path(sys.executable).with_name("nbstripout"), "--verify", *NOTEBOOKS]
    command[2:2] = ["--extra-keys", "metadata.language_info.version"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_benchmark_of_training_finds_the_cell_that_trains():
    path = settings.project_root() / "benchmarks" / "training.py"
    executed = nbformat.read(path.parents[1] / "notebooks" / "train.ipynb", as_version=4)
    for second, part in enumerate([executed, *executed.cells]):
        time = {"start_time": f"2026-01-01T00:{second // 60:02}:{second % 60:02}"}
        part.metadata["papermill"] = time
    begins = next(
        i for i, cell in enumerate(executed.cells) if cell.source.startswith("## Training\n")
    )
    seconds = runpy.run_path(str(path))["seconds_to_first_batch"](executed)
    assert begins < seconds < begins + 5


def test_one_cell_holds_the_parameters(notebook):
    content, name = notebook
    tagged = [cell for cell in content.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == (0 if name == "sketch" else 1)
    for line in "\n".join(cell.source for cell in tagged).splitlines():
        assert "#" in line, f"{name}: {line} has no comment"


def test_papermill_prints_the_help_of_every_parameter(notebook):
    content, name = notebook
    tagged = [cell for cell in content.cells if "parameters" in cell.metadata.get("tags", [])]
    for cell in tagged:
        found = PythonTranslator.inspect(cell)
        assert len(found) == len(cell.source.splitlines())
        assert all(parameter.help for parameter in found), name


def test_cells_are_short_and_framed_by_prose(notebook):
    content, name = notebook
    tagged = [cell for cell in content.cells if "parameters" in cell.metadata.get("tags", [])]
    cells = [cell for cell in code_of(content) if cell not in [tag.source for tag in tagged]]
    lengths = [len(cell.splitlines()) for cell in cells]
    assert max(lengths) <= 15, f"{name}: {max(lengths)} lines"
    # learn.ipynb builds a network from scratch in its cells; elsewhere the module does the work
    median, function = (8, 15) if name == "learn" else (5, 5)
    prose = sum(cell.cell_type == "markdown" for cell in content.cells)
    assert prose >= 0.8 * (len(cells) + len(tagged)), f"{name}: {prose} cells of prose"
    assert statistics.median(lengths) <= median
    assert content.cells[0].source.startswith("# ")
    functions = [
        node
        for cell in cells
        for node in ast.walk(ast.parse(without_magics(cell)))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert all(node.end_lineno - node.lineno < function for node in functions)
