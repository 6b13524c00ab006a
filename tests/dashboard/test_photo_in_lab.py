"""A photo on the dashboard in JupyterLab, which has no page script: a `FileUpload` takes it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from photo_pages import encoded, page
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from visits import free_port, wait_for

from digitlib import settings
from digitlib.store.store import Store

pytest_plugins = ["browser"]


class Lab(NamedTuple):
    """A running JupyterLab: the notebook's address, its log and its process."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A JupyterLab in a folder that holds the dashboard's notebook."""
    shutil.copy(settings.project_root() / "notebooks" / "sketch.ipynb", tmp_path)
    port, log = free_port(), tmp_path / "lab.log"
    own = {
        "DIGITS_DATABASE": str(tmp_path / "digits.duckdb"),
        "DIGITS_OUTPUTS_DIR": str(tmp_path / "outputs"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
    }
    command = [str(Path(sys.executable).with_name("jupyter")), "lab", "--no-browser"]
    command += ["--allow-root", f"--port={port}", "--IdentityProvider.token="]
    with log.open("w") as file:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **own}, stdout=file, stderr=file
        )
    try:
        wait_for(log, "is running at", process)
        yield Lab(f"http://localhost:{port}/lab/tree/sketch.ipynb", log, process)
    finally:
        process.terminate()
        process.wait(60)


def test_a_picture_is_read_corrected_and_submitted(
    browser: Browser, lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "page.png"
    file.write_bytes(encoded(page(("3 1 6",))))
    notebook = browser.new_page(viewport={"width": 1400, "height": 1000})
    notebook.goto(lab.url, timeout=60_000)
    way = notebook.locator(".digit-photo-open")
    for _ in range(6):  # what is run before the page knows its kernel is dropped: run it again
        notebook.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
        notebook.keyboard.press("Shift+Enter")
        with suppress(PlaywrightTimeout):
            way.wait_for(timeout=10_000)
            break
    way.click()
    with notebook.expect_file_chooser() as chooser:
        notebook.get_by_text("Choose a picture").click()
    chooser.value.set_files(file)
    status, found = (notebook.locator(f".digit-{name}") for name in ("photo-status", "found"))
    expect(status).to_contain_text("I read 3 digits")
    expect(found).to_have_text(["3", "1", "6"])
    found.nth(1).click()
    notebook.locator(".digit-photo-label", has_text="7").click()
    expect(found).to_have_text(["3", "7", "6"])
    notebook.locator(".digit-photo-confirm").click()
    notebook.locator(".digit-photo-submit").click()
    expect(status).to_contain_text("Saved 3 digits")
    notebook.close()
    rows = Store(tmp_path / "digits.duckdb").submissions(("label", "predicted", "strokes"))
    assert rows.fetchall()[::-1] == [(3, 3, None), (7, 1, None), (6, 6, None)]
