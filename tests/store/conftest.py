"""An empty database for each test: a DuckDB file, and one of a real PostgreSQL."""

from pathlib import Path

import pytest

from digitlib.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "it's digits.duckdb"  # a quote, and a folder to be made


@pytest.fixture(params=["file", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """What both engines promise is tested with both."""
    if request.param == "file":
        return str(request.getfixturevalue("path"))
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def store(url: str) -> Store:
    return Store(url)


@pytest.fixture
def file_store(path: Path) -> Store:
    return Store(path)
