"""The book and what is around it: the site, the workflows, Binder, and the project's address."""

import os
import re
import runpy
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml

from digitlib import settings

ROOT = settings.project_root()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, with explore.ipynb executed on few digits and the other notebooks as they are."""
    pytest.importorskip("myst_nb", reason="pip install -e '.[book]' builds the book")
    folder = tmp_path_factory.mktemp("book")
    small = [f"explore.{name}" for name in ("limit=300", "compared=100", "mapped=50", "samples=2")]
    command = [sys.executable, str(ROOT / "docs" / "book.py"), "--only", "explore", "--set"]
    environment = {**os.environ, "DIGITS_OUTPUTS_DIR": str(folder)}
    done = subprocess.run(
        [*command, "explore.dataset=synthetic", *small],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr  # Sphinx's warnings are errors
    return folder / "book" / "site"


def test_the_site_shows_executed_notebooks_the_readme_and_all_pages(site):
    explore = (site / "notebooks" / "explore.html").read_text()
    assert explore.count("<img") >= 10 and "smaller parameters than the defaults" in explore
    assert "injected-parameters" not in explore and "| --- |" not in explore
    index = (site / "index.html").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / "docs" / f"{page.stem}.html").is_file()
        assert f"docs/{page.stem}.html" in index
    assert "mybinder.org/badge" not in index


def test_the_site_needs_no_other_server(site):
    loading = re.compile(r"<(?:script|img|link)[^>]+(?:src|href)=\"https?:[^\"]+")
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    assert not [page for page in pages if loading.search(page.read_text())]


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


def test_the_project_has_one_address():
    tool = runpy.run_path(str(ROOT / "docs" / "address.py"))
    new = tool["address"]()
    for path in tool["FILES"]:
        text = path.read_text()
        owner, name = new.split("/")
        assert f"github.com/{new}" in text or f"gh/{new}" in text
        moved = tool["addressed"](text, new, "someone/digits")
        assert new not in moved and f"{owner}.github.io/{name}" not in moved
        assert tool["addressed"](moved, "someone/digits", new) == text


def test_in_colab_the_first_cell_installs_the_package(monkeypatch):
    cells = nbformat.read(ROOT / "notebooks" / "learn.ipynb", as_version=4).cells
    first = next(cell.source for cell in cells if cell.cell_type == "code")
    asked = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            asked.append((name, line))

    monkeypatch.delitem(sys.modules, "google.colab", raising=False)
    exec(first, {"get_ipython": Shell})
    assert not asked
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(first, {"get_ipython": Shell})
    (((name, line)),) = asked
    assert name == "pip" and "digitlib[train] @ git+https://github.com/" in line


def test_actionlint_finds_nothing():
    linter = shutil.which("actionlint") or pytest.skip("actionlint is not installed")
    subprocess.run([linter, *WORKFLOWS], check=True)
