"""What all tests share: their own outputs, and notebooks executed as users execute them.

What imports torch is imported where it is used: every process of pytest reads this file.
"""

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from executing import Executed, execute

from digitlib import settings
from digitlib.strokes.sketches import Sketch

if TYPE_CHECKING:
    from distributed import LocalCluster
    from postgres_server import PostgresServer

    from digitlib.datasets import Digits


def pytest_configure(config: pytest.Config) -> None:
    """Let an example take any time, which depends on the machine's load."""
    if config.option.markexpr != "browser":  # which has no examples
        from hypothesis import settings as hypothesis_settings

        hypothesis_settings.register_profile("untimed", deadline=None)
        hypothesis_settings.load_profile("untimed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import only the half that is asked for: the page's tests need no torch, for instance."""
    half = config.option.markexpr
    if half not in ("browser", "not browser") or not collection_path.match("test_*.py"):
        return None
    opens = re.search(r'^pytest_plugins = .*"browser"', collection_path.read_text(), re.M)
    return True if bool(opens) != (half == "browser") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open a browser."""
    for item in items:
        if "browser" in getattr(item.module, "pytest_plugins", ()):
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty outputs folder and database for each test; the data folder stays the same."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("DIGITS_OUTPUTS_DIR", str(folder))
    monkeypatch.setenv("DIGITS_DATABASE", str(tmp_path / "digits.duckdb"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Executed]:
    """Execute a notebook with papermill, outside the project's folder by default."""
    return partial(execute, tmp_path)


@pytest.fixture(scope="session")
def postgres() -> "Iterator[PostgresServer]":
    """A PostgreSQL server, started once."""
    from postgres_server import PostgresServer, programs

    if not programs():
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: "PostgresServer", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new, empty PostgreSQL database; its size is asked for each time."""
    monkeypatch.setattr("digitlib.store.postgres.engine._SIZE_SECONDS", 0)
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.administer("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def on_a_server(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new PostgreSQL database that `Store()` and notebooks use."""
    monkeypatch.setenv("DIGITS_DATABASE", postgres_url)
    return postgres_url


@pytest.fixture(scope="session")
def workers() -> "Iterator[LocalCluster]":
    """A Dask scheduler and two workers, which are processes."""
    import dask
    from distributed import LocalCluster

    options = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    slow = {"distributed.deploy.lost-worker-timeout": "10 minutes"}  # a killed one starts anew
    with dask.config.set(slow), LocalCluster(n_workers=2, threads_per_worker=1, **options) as it:
        yield it


@pytest.fixture(scope="session")
def drawn() -> "Digits":
    """300 synthetic digits."""
    from digitlib.datasets import load_synthetic

    return load_synthetic(300, seed=5)


@pytest.fixture(scope="session")
def mnist() -> Iterator[Path]:
    """The folder that holds the real MNIST."""
    from digitlib.datasets.mnist import find_mnist

    folder = settings.data_dir()
    if not find_mnist(folder):
        pytest.skip("MNIST is not in the data folder: `make train` downloads it")
    yield folder


@pytest.fixture(scope="session")
def pens() -> list[Sketch]:
    """The real pen digits."""
    from digitlib.datasets import DataUnavailable, load_sketches

    try:
        return load_sketches()
    except DataUnavailable:
        pytest.skip("no pen digits in the data folder: `python -m digitlib.unipen` downloads them")
