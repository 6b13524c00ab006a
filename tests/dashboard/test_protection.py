"""The page is served only with its login and limits, from whatever folder it is started."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jupyter_server.auth.security import passwd_check
from visits import free_port, wait_for

from digitlib import settings
from digitlib.dashboard.__main__ import login
from digitlib.dashboard.configuration import SETTINGS, UNPROTECTED

NOTEBOOK = settings.project_root() / "notebooks" / "sketch.ipynb"
BIN = Path(sys.executable).parent


@contextmanager
def started(
    folder: Path, *command: str, ready: str, **environment: str
) -> Iterator[tuple[int, Path]]:
    """A server started in a folder; its port and its log."""
    port, log = free_port(), folder / "server.log"
    database = {"DIGITS_DATABASE": str(folder / "digits.duckdb")}
    with log.open("w") as file:
        process = subprocess.Popen(
            [word.format(port=port) for word in command],
            cwd="/",
            env={**os.environ, **database, **environment},
            stdout=file,
            stderr=file,
        )
    try:
        wait_for(log, ready, process)
        yield port, log
    finally:
        process.terminate()
        process.wait(60)


def get(port: int, path: str) -> str:
    wait_for_port(port)  # a server may say that it runs before it listens
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def wait_for_port(port: int, seconds: float = 60) -> None:
    """Wait until a server listens."""
    until = time.monotonic() + seconds
    while True:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), timeout=10).close()
        assert time.monotonic() < until, f"nothing listens on port {port}"
        time.sleep(0.05)


def test_it_starts_protected_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "digitlib.dashboard", "--no-browser", "--port={port}"]
    path = {"PYTHONPATH": str(settings.project_root())}
    with started(tmp_path, *command, "--Voila.ip=0.0.0.0", ready="is filled", **path) as (
        port,
        log,
    ):
        page = get(port, "/")
        assert "kernelId" not in page
        assert "password or token" in page.lower()
        token = re.search(r"\?token=(\w+)", log.read_text())
        assert token
        assert "kernelId" in get(port, f"/?token={token[1]}")


@pytest.mark.parametrize("way", ["voila", "extension"])
def test_a_server_without_the_settings_shows_no_page(tmp_path: Path, way: str) -> None:
    commands = {
        "voila": [str(BIN / "voila"), str(NOTEBOOK), "--no-browser", "--port={port}"],
        "extension": [
            *(str(BIN / "jupyter"), "server", "--no-browser", "--port={port}", "--allow-root"),
            *("--IdentityProvider.token=", f"--ServerApp.root_dir={NOTEBOOK.parent}"),
            "--ServerApp.jpserver_extensions={{'voila.server_extension': True}}",
        ],
    }
    path = {"voila": "/", "extension": "/voila/render/sketch.ipynb"}[way]
    without = {"JUPYTER_NO_CONFIG": "1", "PYTHONPATH": str(settings.project_root())}
    with started(tmp_path, *commands[way], ready="is running at", **without) as (port, log):
        page = get(port, path)
        assert "python -m digitlib.dashboard" in page
        assert "digit-pad" not in page
        assert UNPROTECTED in log.read_text()


def test_password_and_secret_come_from_the_environment_and_kernels_get_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGITS_DASHBOARD_PASSWORD", "an open four")
    monkeypatch.setenv("DIGITS_DASHBOARD_COOKIE_SECRET", "shared")
    first = login()
    assert passwd_check(first.PasswordIdentityProvider.hashed_password, "an open four")
    assert "an open four" not in os.environ.values() and "shared" not in os.environ.values()
    monkeypatch.setenv("DIGITS_DASHBOARD_COOKIE_SECRET", "shared")  # another server behind a proxy
    assert login().Voila.cookie_secret == first.Voila.cookie_secret
    assert login() == {}


def test_a_folder_of_notebooks_is_not_served() -> None:
    done = subprocess.run(
        [BIN / "voila", NOTEBOOK.parent, "--no-browser", f"--port={free_port()}"],
        cwd=settings.project_root(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "Name one notebook" in done.stderr


def test_the_projects_folder_has_the_same_settings() -> None:
    assert (settings.project_root() / "voila.json").read_text() == SETTINGS.read_text()
