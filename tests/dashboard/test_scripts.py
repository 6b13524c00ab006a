"""A first visit fetches JupyterLab's code as one script, and a later one nothing of it."""

import gzip
import re
import urllib.error
import urllib.request
from email.message import Message

from playwright.sync_api import Browser
from visits import Server, Visit

pytest_plugins = ["browser"]


def fetched(url: str, headers: dict[str, str]) -> tuple[int, Message, bytes]:
    """The status, headers and body of what is at this address."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_a_visit_makes_few_requests(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    visit = Visit(page, server.url)
    visit.draw([[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]])
    visit.submit(1)
    context.close()
    assert f"{server.url}voila/scripts.js" in asked
    assert [url for url in asked if re.search(r"/\d+(\.\w+)?\.(voila\.)?js", url)] == []
    assert len([url for url in asked if url.startswith("http")]) < 20


def test_a_browser_that_has_the_script_is_not_sent_it_again(server: Server) -> None:
    url = f"{server.url}voila/scripts.js"
    status, headers, body = fetched(url, {})
    assert status == 200
    assert headers["Content-Encoding"] is None
    assert len(body) > 1_000_000
    assert fetched(url, {"If-None-Match": headers["Etag"]})[::2] == (304, b"")


def test_the_script_is_compressed(server: Server) -> None:
    url = f"{server.url}voila/scripts.js"
    _, headers, compressed = fetched(url, {"Accept-Encoding": "gzip, br"})
    _, _, plain = fetched(url, {})
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed) == plain
    assert len(compressed) < len(plain) / 3
