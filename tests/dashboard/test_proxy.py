"""Behind nginx, under a path, as people put it on their own domain."""

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from visits import Server, Visit, free_port

pytest_plugins = ["browser"]

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on users' paths

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
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
}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A dashboard that expects its visitors under a path."""
    options = ["--base_url=/digits/", "--VoilaConfiguration.default_pool_size=1"]
    with Server(tmp_path, options, path="/digits/") as running:
        yield running


@pytest.fixture
def proxy(server: Server, tmp_path: Path) -> Iterator[str]:
    """The address under which nginx offers the dashboard."""
    if NGINX is None:
        pytest.skip("there is no nginx here: apt install nginx-light")
    folder = tmp_path / "nginx"
    folder.mkdir()
    port = free_port()
    config, log = folder / "nginx.conf", folder / "error.log"
    config.write_text(CONFIG.format(folder=folder, port=port, behind=server.port))
    with subprocess.Popen([NGINX, "-p", folder, "-c", config, "-e", log]) as process:
        until = time.monotonic() + 60
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)) != 0:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/digits/"
        process.terminate()


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
    kernel = f"/digits/api/kernels/{visit.kernel}"
    assert server.get(kernel)[0] == 200
    page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while server.get(kernel)[0] == 200:
        assert time.monotonic() < until, "the kernel goes on without a page"
        time.sleep(0.2)
    assert visit.errors == []
    context.close()
