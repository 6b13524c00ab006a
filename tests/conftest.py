"""What all tests share: their own outputs, and notebooks executed as users execute them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from hypothesis import settings as hypothesis_settings

from digitlib import settings
from digitlib.datasets.digits import DataUnavailable, Digits
from digitlib.datasets.loading import load_sketches, load_synthetic
from digitlib.datasets.mnist import find_mnist
from digitlib.strokes.sketches import Sketch

# The time for an example depends on the machine's load.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

ROOT = settings.project_root()
PAPERMILL = Path(sys.executable).with_name("papermill")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open a browser."""
    for item in items:
        if "browser" in getattr(item.module, "pytest_plugins", ()):
            item.add_marker("browser")


class Executed(NamedTuple):
    """A notebook that papermill executed: its exit status, its log and its path."""

    returncode: int
    log: str
    path: Path

    @property
    def text(self) -> str:
        """All text and Markdown in its outputs."""
        notebook = nbformat.read(self.path, as_version=4)
        outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
        shown = [out.get("data", {}).get("text/markdown", "") for out in outputs]
        return "\n".join(shown + [out.get("text", "") for out in outputs])


def papermill(name: str, out: Path, **parameters: object) -> list[str]:
    """The command line that a user types."""
    flags = [word for key, value in parameters.items() for word in ("-p", key, str(value))]
    notebook = ROOT / "notebooks" / f"{name}.ipynb"
    return [str(PAPERMILL), str(notebook), str(out), "--log-output", *flags]


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty outputs folder and database for each test; the data folder stays the same."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("DIGITS_OUTPUTS_DIR", str(folder))
    monkeypatch.setenv("DIGITS_DATABASE", str(tmp_path / "digits.duckdb"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return folder


def execute(
    folder: Path, name: str, *, check: bool = True, cwd: Path | None = None, **parameters: object
) -> Executed:
    """Execute a notebook with papermill into a folder, the working directory by default."""
    out = folder / f"{name}-{len(list(folder.iterdir()))}.ipynb"
    command = papermill(name, out, **parameters)
    done = subprocess.run(command, cwd=cwd or folder, capture_output=True, text=True, check=False)
    log = done.stdout + done.stderr
    if check and done.returncode:
        raise RuntimeError(log)
    return Executed(done.returncode, log, out)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Executed]:
    """Execute a notebook with papermill, outside the project's folder by default."""
    return partial(execute, tmp_path)


@pytest.fixture(scope="session")
def drawn() -> Digits:
    """300 synthetic digits."""
    return load_synthetic(300, seed=5)


@pytest.fixture(scope="session")
def mnist() -> Iterator[Path]:
    """The folder that holds the real MNIST."""
    folder = settings.data_dir()
    if not find_mnist(folder):
        pytest.skip("MNIST is not in the data folder: `make train` downloads it")
    yield folder


@pytest.fixture(scope="session")
def pens() -> list[Sketch]:
    """The real pen digits."""
    try:
        return load_sketches()
    except DataUnavailable:
        pytest.skip("no pen digits in the data folder: `python -m digitlib.unipen` downloads them")
