"""The book and what is around it: the site, the workflows, Binder, and the project's address."""

import contextlib
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import nbformat
import pytest
import yaml
from photo_pages import encoded, page

from digitlib import settings

ROOT = settings.project_root()
COLAB_HAS = ("ipywidgets", "matplotlib", "numpy", "pandas", "pillow", "pydantic", "torch", "tqdm")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The book, with photos.ipynb executed on two files, and the other notebooks as they are."""
    folder = tmp_path_factory.mktemp("book")
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(encoded(page(("352 06",), rules=True)))
    (pictures / "b.jpg").write_bytes(b"%PDF-1.7")
    command = [sys.executable, str(ROOT / "docs" / "book.py"), "--only", "photos"]
    environment = {**os.environ, "DIGITS_OUTPUTS_DIR": str(folder)}
    done = subprocess.run(
        [*command, "--set", f"photos.path={pictures}"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr  # Sphinx's warnings are errors
    return folder / "book"


@pytest.fixture(scope="module")
def site(book):
    return book / "site"


def test_photos_of_a_folder_are_read_and_a_bad_file_is_named(book, site):
    html = (site / "notebooks" / "photos.html").read_text()
    read, failed = re.findall(r"<tr[^>]*><td><p>([^<]+)</p></td>\s*<td><p>([^<]+)</p></td>", html)
    assert read == ("a.png", "352 06")
    assert failed[0] == "b.jpg" and failed[1].startswith("The file is a PDF document")
    assert len(re.findall(r"<img[^>]+_images/", html)) == 8
    assert [file.name for file in (book / "run/plots/photos").iterdir()] == ["a.png"]


def test_the_site_shows_executed_notebooks_the_readme_and_all_pages(site):
    photos = (site / "notebooks" / "photos.html").read_text()
    assert "executed with -p path " in re.sub(r"<[^>]+>", "", photos)
    assert "injected-parameters" not in photos and "| --- |" not in photos
    assert "_images/dashboard.webp" in (site / "notebooks" / "sketch.html").read_text()
    index = (site / "index.html").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert (site / "docs" / f"{path.stem}.html").is_file()
        assert f"docs/{path.stem}.html" in index


def test_a_kept_copy_joins_prose_that_was_added_since(tmp_path):
    """Its cells have the numbers that they had before, which other cells have now."""
    copy = nbformat.read(ROOT / "notebooks" / "photos.ipynb", as_version=4)
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code):
        cell.id = str(number)
    nbformat.write(nbformat.v4.new_notebook(cells=code), tmp_path / "copy.ipynb")
    chapter = runpy.run_path(str(ROOT / "docs" / "book.py"))["chapter"]
    chapter("photos", tmp_path / "copy.ipynb", tmp_path / "page.ipynb", {})
    cells = nbformat.read(tmp_path / "page.ipynb", as_version=4).cells
    assert len({cell.id for cell in cells}) == len(cells)


def test_the_site_needs_no_other_server(site):
    loading = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=\"https?:[^\"]+")
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    assert not [page for page in pages if loading.search(page.read_text())]


def test_workflows_are_checked_against_githubs_schema(tmp_path):
    rule = next(
        line for line in (ROOT / "Makefile").read_text().splitlines() if "workflows" in line
    )
    check = rule.replace("--quiet ", "").split()[:-1]
    check[0] = check[0].replace("$(BIN)", str(Path(sys.executable).parent))
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    done = subprocess.run([*check, wrong, *WORKFLOWS], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert set(re.findall(r"(\w+)\.yml", done.stdout + done.stderr)) == {"wrong"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_exists(path):
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make (\w+)", "\n".join(commands), re.MULTILINE):
        assert target in targets
    for script in re.findall(r"^\.ci/\w+", "\n".join(commands), re.MULTILINE):
        assert os.access(ROOT / script, os.X_OK)
    assert commands


def test_binder_installs_the_notebooks():
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert (ROOT / ".binder" / "runtime.txt").read_text().startswith("python-3.1")


@pytest.fixture
def published(tmp_path):
    """A copy of the files that hold the project's address, with one written into them twice."""
    for name in ("pyproject.toml", "README.md", "notebooks/learn.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write = runpy.run_path(str(ROOT / "docs" / "address.py"))["write"]
    for address in ("someone/first", "some-one/digits"):
        write(tmp_path, address)
    return tmp_path


def test_the_address_is_written_where_readers_need_it(published):
    project = tomllib.loads((published / "pyproject.toml").read_text())["project"]
    assert project["urls"] == {"Repository": "https://github.com/some-one/digits"}
    readme = (published / "README.md").read_text()
    places = re.findall(r"^\[!\[[^]]+\]\(\S+\)\]\((\S+)\)$", readme, re.MULTILINE)
    assert [place.split("/")[2] for place in places] == [
        "mybinder.org", "colab.research.google.com", "some-one.github.io",
    ]  # fmt: skip
    assert all("some-one/digits" in place for place in places[:2])
    assert "someone/first" not in readme + (published / "notebooks/learn.ipynb").read_text()
    now = (ROOT / "README.md").read_text()
    assert without_badges(readme) == without_badges(now)


def without_badges(readme: str) -> str:
    return re.sub(r"^\[!\[.*\n", "", readme, flags=re.MULTILINE).replace("\n\n\n", "\n\n")


def test_readers_see_no_placeholder_of_an_address():
    for path in (ROOT / "README.md", ROOT / "notebooks" / "learn.ipynb", ROOT / "pyproject.toml"):
        assert "OWNER" not in path.read_text(), path.name


def test_a_wrong_address_is_refused(tmp_path):
    write = runpy.run_path(str(ROOT / "docs" / "address.py"))["write"]
    with pytest.raises(ValueError, match="is not OWNER/NAME"):
        write(tmp_path, "https://github.com/someone/digits")


@pytest.fixture
def colab_cell(published):
    notebook = nbformat.read(published / "notebooks" / "learn.ipynb", as_version=4)
    nbformat.validate(notebook)
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


def installed_in_colab(cell, monkeypatch):
    """What the cell installs: in Colab's Python, after it did nothing in another."""
    asked = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            asked.append((name, line))

    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    exec(cell, {"get_ipython": Shell})
    assert not asked
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(cell, {"get_ipython": Shell})
    ((name, line),) = asked
    assert name == "pip"
    return shlex.split(line)


def test_in_colab_the_first_cell_installs_the_package(colab_cell, monkeypatch):
    installed = installed_in_colab(colab_cell, monkeypatch)
    assert installed[:3] == ["install", "-q", "--no-deps"]
    assert installed[-1] == "digitlib @ git+https://github.com/some-one/digits"


def test_learn_imports_only_what_colab_has_or_the_cell_installs(colab_cell, monkeypatch):
    cells = nbformat.read(ROOT / "notebooks" / "learn.ipynb", as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    imports = [line for cell in code for line in cell.splitlines() if " import " in line]
    program = "\n".join(
        [
            *imports,
            "import sys; from importlib.metadata import packages_distributions as known",
            "datasets.load_dataset('synthetic', 0, 100)",
            "names = {name.split('.')[0] for name in sys.modules} & known().keys()",
            "print(*{known()[name][0] for name in names})",
        ]
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.lower().replace("_", "-") for name in done.stdout.split()}
    there = with_dependencies({*installed_in_colab(colab_cell, monkeypatch)[3:-1], *COLAB_HAS})
    assert loaded - there <= {"digitlib", "setuptools"}


def with_dependencies(names):
    """These packages and all that they require."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            with contextlib.suppress(PackageNotFoundError):
                needed = [need for need in requires(name) or () if "extra ==" not in need]
                waiting += [re.match(r"[\w.-]+", need)[0] for need in needed]
    return found
