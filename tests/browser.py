"""Fixtures for tests that visit the dashboard; a module takes them by naming this plug-in."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from visits import MODEL, Server, Visit

from digitlib.recogniser.model import Recogniser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian packages it."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One dashboard for all the tests that only visit it."""
    with Server(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    """The model that the dashboard reads with."""
    return Recogniser.load(MODEL)


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visit with a desktop's window; a mistake in the page's own scripts fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    visit = Visit(context.new_page(), server.url)
    yield visit
    assert visit.errors == []
    visit.page.close(run_before_unload=True)
    context.close()
