"""One running service for each module of tests."""

from collections.abc import Iterator

import pytest
from services import Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a key for each right, whose patience is one second."""
    folder = tmp_path_factory.mktemp("service")
    with Service(folder, DIGITS_API_PATIENCE="1") as running:
        yield running
