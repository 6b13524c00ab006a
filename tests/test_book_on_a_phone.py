"""The book's pages fit a phone: no page scrolls sideways."""

import os
import subprocess
import sys

from playwright.sync_api import Browser

from digitlib import settings

pytest_plugins = ("browser",)


def test_no_page_of_the_book_is_wider_than_a_phone(browser: Browser, tmp_path):
    command = [
        sys.executable,
        str(settings.project_root() / "docs" / "book.py"),
        "--only",
        "photos",
    ]
    environment = {**os.environ, "DIGITS_OUTPUTS_DIR": str(tmp_path)}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    site = tmp_path / "book" / "site"
    paths = [
        path for folder in (".", "docs", "notebooks") for path in (site / folder).glob("*.html")
    ]
    assert len(paths) > 15
    page = browser.new_page(viewport={"width": 390, "height": 800})
    too_wide = {}
    for path in paths:
        page.goto(path.as_uri())
        if wide := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            too_wide[path.stem] = wide
    page.close()
    assert not too_wide
