"""Behind nginx, under a path, as people put it on their own domain."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from proxies import proxied
from visits import Server, Visit

pytest_plugins = ["browser"]

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
SERVER = """
server {{
  listen PORT;
  location /digits/ {{
    proxy_pass http://127.0.0.1:{behind};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout 1d;
    gzip on;
    gzip_types text/javascript text/css;
  }}
}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A dashboard that expects its visitors under a path."""
    options = ["--base_url=/digits", "--VoilaConfiguration.default_pool_size=1"]  # without the /
    with Server(tmp_path, options, path="/digits/") as running:
        yield running


@pytest.fixture
def proxy(server: Server, tmp_path: Path) -> Iterator[str]:
    """The address under which nginx offers the dashboard."""
    with proxied(tmp_path / "nginx", SERVER.format(behind=server.port)) as url:
        yield f"{url}/digits/"


def test_it_works_behind_a_proxy_under_a_path(browser: Browser, server: Server, proxy: str) -> None:
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    visit = Visit(page, proxy)
    visit.draw(ONE)
    expect(visit.text("guess")).to_contain_text("I read a 1")
    visit.submit(1)
    assert server.store.tally().per_digit[1] == 1
    assert [url for url in asked if not url.startswith((proxy, "data:", "blob:"))] == []
    expect(page.get_by_role("alert")).to_be_hidden()
    asked_packed = {"Accept-Encoding": "gzip"}
    scripts = urllib.request.Request(f"{proxy}voila/static/voila.js", headers=asked_packed)
    with urllib.request.urlopen(scripts) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
    status, body = server.get("/digits?a=b")  # it leads to the page
    assert status == 200
    assert "kernelId" in body
    kernel = f"/digits/api/kernels/{visit.kernel}"
    assert server.get(kernel)[0] == 200
    page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while server.get(kernel)[0] == 200:
        assert time.monotonic() < until, "the kernel goes on without a page"
        time.sleep(0.2)
    assert visit.errors == []
    context.close()
