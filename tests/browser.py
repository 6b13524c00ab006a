"""Fixtures for tests that visit the dashboard; a module names this plug-in to use them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

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
    """One server for all tests that only visit it."""
    with Server(tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    """The model that the dashboard uses."""
    return Recogniser.load(MODEL)


@contextmanager
def visiting(browser: Browser, server: Server) -> Iterator[Visit]:
    """A visit with a desktop's window."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    visit = Visit(context.new_page(), server.url)
    try:
        yield visit
    finally:
        visit.page.close(run_before_unload=True)
        context.close()


@pytest.fixture(scope="module")
def shared_visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """One page for all tests of a module, because a page and its kernel take seconds to start."""
    with visiting(browser, server) as visit:
        yield visit


@pytest.fixture
def visit(shared_visit: Visit) -> Iterator[Visit]:
    """The module's page with an empty pad; an error in the page's own scripts fails the test."""
    shared_visit.reset()
    yield shared_visit
    assert shared_visit.errors == []


@pytest.fixture
def new_visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A page of its own, for tests that end its kernel or need a first visit."""
    with visiting(browser, server) as visit:
        yield visit
        assert visit.errors == []
