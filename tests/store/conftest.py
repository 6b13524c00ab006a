"""An empty database's path for each test."""

from pathlib import Path

import pytest

from digitlib.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "it's digits.duckdb"  # a quote, and a folder to be made


@pytest.fixture
def store(path: Path) -> Store:
    return Store(path)
