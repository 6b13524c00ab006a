"""The page's scripts come as one file, and a browser's first visit fetches little else."""

import gzip
import re
import socket
import urllib.request
from email.message import Message

import pytest
from playwright.sync_api import Browser
from visits import Server, Visit

pytest_plugins = ["browser"]


def fetched(url: str, headers: dict[str, str]) -> tuple[int, Message, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def own_address() -> str:
    """An address of this machine that others use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return str(probe.getsockname()[0])


def test_a_first_visit_fetches_no_script_by_its_number(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit = Visit(page, server.url)
    visit.draw([[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]])
    visit.submit(1)
    context.close()
    assert any(url.endswith("/voila/scripts.js") for url in asked)
    numbered = [url for url in asked if re.search(r"/\d+(\.\w+)?\.(voila\.)?js", url)]
    assert numbered == []
    assert len([url for url in asked if url.startswith("http")]) < 20


def test_scripts_that_are_there_already_are_not_sent_again(server: Server) -> None:
    status, headers, body = fetched(f"{server.url}voila/scripts.js", {"Accept-Encoding": "gzip"})
    assert status == 200
    assert len(body) > 1_000_000
    assert headers["Content-Encoding"] is None  # within the machine
    again = fetched(f"{server.url}voila/scripts.js", {"If-None-Match": headers["Etag"]})
    assert again[0] == 304
    assert again[2] == b""


def test_they_are_packed_for_the_network(tmp_path_factory: pytest.TempPathFactory) -> None:
    options = ["--Voila.ip=0.0.0.0", "--VoilaConfiguration.default_pool_size=1"]
    with Server(tmp_path_factory.mktemp("network"), options) as running:
        url = f"http://{own_address()}:{running.port}/voila/scripts.js"
        _, headers, packed = fetched(url, {"Accept-Encoding": "gzip, br"})
        _, _, plain = fetched(url, {})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3
