"""Every command in the README and in docs/ is run by a test, or is named here as not run."""

import ast
import contextlib
import io
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise

import nbformat
import pytest

from digitlib import settings

ROOT = settings.project_root()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = (
    "make", "python", "papermill", "pip", "conda", "voila", "jupyter", "uvicorn", "pytest", "ruff",
    "mypy", "lint-imports", "curl", "openapi-python-client", "docker", "podman",
    "PIP_EXTRA_INDEX_URL",
)  # fmt: skip

MENTIONED = {"make", "python", "docker", "pip", "curl"}  # alone these are no commands

# What runs each command: a command belongs to the longest beginning here that it has.
RUN_BY = {
    "make install": ".ci/run",
    "make lint": ".ci/run",
    "make test": ".ci/run",
    "pytest": ".ci/run",
    "ruff check .": ".ci/run",
    "mypy": ".ci/run",
    "lint-imports": ".ci/run",
    "pip install --editable '.[dev]'": ".ci/run",
    "make dashboard": "tests/dashboard/test_page.py",
    "voila notebooks/sketch.ipynb": "tests/dashboard/test_page.py",
    "voila notebooks/sketch.ipynb --Voila.ip=0.0.0.0": "tests/dashboard/test_access.py",
    "voila notebooks/sketch.ipynb --Voila.ip=0.0.0.0 --base_url": "tests/dashboard/test_proxy.py",
    "python -m digitlib.dashboard": "tests/dashboard/test_access.py",
    "make api": "tests/api/test_callers.py",
    "python -m digitlib.api": "tests/api/test_documentation.py",
    "uvicorn digitlib.api:app": "tests/api/test_callers.py",
    "curl": "tests/api/test_documentation.py",
    "openapi-python-client": "tests/api/test_schema.py",
    "make train": "tests/notebooks/test_train.py",
    "papermill notebooks/train.ipynb": "tests/notebooks/test_train.py",
    "papermill notebooks/train_people.ipynb": "tests/notebooks/test_train_people.py",
    "papermill notebooks/evaluate.ipynb": "tests/notebooks/test_evaluate.py",
    "papermill notebooks/refine.ipynb": "tests/notebooks/test_refine.py",
    "papermill notebooks/photos.ipynb": "tests/test_book.py",
    "python -m digitlib.photos": "tests/photos/test_photo_reading.py",
    "papermill --help-notebook": "tests/notebooks/test_notebooks.py",
    "python -m digitlib.recogniser promote": "tests/recogniser/test_promotion.py",
    "python -m digitlib.recogniser rollback": "tests/recogniser/test_promotion.py",
    "python -m digitlib.unipen": "tests/datasets/test_unipen.py",
    "python -m digitlib.pendigits": "tests/datasets/test_pendigits.py",
    "papermill notebooks/compare.ipynb": "tests/notebooks/test_compare.py",
    "dask": "tests/training/test_cluster.py",
    "cp .env.example": "tests/containers.sh",
    "docker compose up": "tests/containers.sh",
    "docker compose down": "tests/containers.sh",
    "docker compose logs": "tests/containers.sh",
    "docker compose --profile cluster": "tests/containers.sh",
    "docker compose --profile refine": "tests/containers.sh",
    "docker build --target train": "tests/containers.sh",
    "make up": "tests/containers.sh",
    "python -m digitlib.store": "tests/store/test_copying.py",
    "python -c": "tests/test_commands.py",
    "python docs/address.py OWNER/NAME": "tests/test_book.py",
    "python -m timeit": "tests/test_commands.py",
}
NOT_RUN = {
    "make lab": "opens JupyterLab in a browser and stays",
    "jupyter lab notebooks": "opens JupyterLab in a browser and stays",
    "conda env create": "needs conda and its channel",
    "PIP_EXTRA_INDEX_URL": "installs everything again, from another index",
    "make book": "executes all notebooks; test_book.py builds a small one",
    "pip install .": "needs an index of packages",
    "pip install '.[train": "needs an index of packages",
    "pip install '.[postgres]'": "needs an index of packages",
    "pip install duckdb-cli": "needs an index of packages",
    "pip install harlequin": "needs an index of packages",
    "python docs/book.py": "executes all notebooks; test_book.py builds a small one",
    "make picture": "records the README's picture; the page itself has tests",
    "python docs/animation.py": "records the README's picture; the page itself has tests",
    "make logs": "follows until Ctrl-C; tests/containers.sh shows the same logs when it fails",
    "make down": "tests/containers.sh ends its containers so, under a project of its own",
    "make lock": "needs an index of packages",
    "docker compose --profile inspect": "needs an image from a registry",
    "docker compose exec": "needs the database that it saves or restores",
    "docker run": "needs the image, which tests/containers.sh builds",
    "make benchmark": "takes hours",
    "python benchmarks/": "takes minutes to hours; its options are checked below",
}


def commands() -> list[str]:
    """The commands of all pages: lines of shell blocks, and code in the text that begins so."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [re.split(r"\s+#", line)[0].strip() for line in lines]
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        spans = re.findall(r"`([^`\n]+)`", prose)
        found += [
            span
            for span in spans
            if re.split(r"[ =]", span)[0] in PROGRAMS and span not in MENTIONED
        ]
    return sorted({re.sub(r"\s+", " ", command) for command in found if command})


COMMANDS = commands()


def beginning(command: str) -> str:
    """The longest beginning of the command that is known; empty if there is none."""
    known = [begun for begun in {**RUN_BY, **NOT_RUN} if command.startswith(begun)]
    return max(known, key=len, default="")


def test_every_command_is_run_by_a_test_or_named_as_not_run():
    unknown = [command for command in COMMANDS if not beginning(command)]
    assert not unknown, f"add them to RUN_BY or NOT_RUN of this test: {unknown}"
    unused = {*RUN_BY, *NOT_RUN} - set(map(beginning, COMMANDS))
    assert not unused
    assert all((ROOT / path).is_file() for path in RUN_BY.values())


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_has_the_target(command):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command.split()[1] in targets


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("papermill notebooks")])
def test_the_notebook_has_the_parameters(command):
    words = shlex.split(command)
    cells = nbformat.read(ROOT / words[1], as_version=4).cells
    (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    known = {line.target.id for line in ast.parse(cell.source).body}
    assert {name for flag, name in pairwise(words) if flag == "-p"} <= known


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python benchmarks")])
def test_the_benchmark_has_the_options(command):
    _, script, *words = command.split()
    source = (ROOT / script).read_text()
    assert all(f'"{word}"' in source for word in words if word.startswith("--"))


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -m")])
def test_the_module_can_be_run(command):
    name = command.split()[2]
    found = find_spec(name)
    assert found, name
    assert not found.submodule_search_locations or find_spec(f"{name}.__main__")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -c")])
def test_the_line_of_python_runs(command):
    words = [sys.executable, *shlex.split(command)[1:]]
    words[2] = words[2].replace("passwd()", "passwd('secret')")  # it would ask
    done = subprocess.run(words, capture_output=True, check=True)
    assert done.stdout.startswith(b"argon2:")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -m timeit")])
def test_the_line_that_is_timed_runs(command, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    words = shlex.split(command.replace("timeit", "timeit -n 1 -r 1"))
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, check=True)
    assert b"1 loop" in done.stdout


def test_the_readme_reads_a_drawing_in_five_lines():
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGES[0].read_text(), re.M | re.S)
    assert len(program.split("\n\n")[-1].splitlines()) + 1 == 5
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(program, {})
    assert re.fullmatch(r"7 \d\d\.\d%\n", shown.getvalue())


def test_the_readme_is_one_page():
    assert len(PAGES[0].read_text().split()) <= 700


@pytest.mark.parametrize("page", [*PAGES, ROOT / "benchmarks" / "README.md"], ids=lambda p: p.name)
def test_links_within_the_project_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    missing = [link for link in links if ":" not in link and not (page.parent / link).exists()]
    assert not missing
