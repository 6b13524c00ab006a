"""The server: a login for others, a limit of visitors, and kernels that end with their page."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from visits import Server, Visit

pytest_plugins = ["browser"]

FRIEND = "https://www.example.org"  # a site that may embed the page
ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]


@pytest.fixture(scope="module")
def narrow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that others can reach, under a proxy's path, with room for one visitor."""
    options = ["--Voila.ip=0.0.0.0", "--base_url=/digits/", "--VisitorKernels.most_visitors=1"]
    options += ["--VoilaConfiguration.default_pool_size=1", "--VoilaKernelManager.fill_delay=0"]
    options += ["--VisitorKernels.cull_interval=1", "--VisitorKernels.abandoned_after=20"]
    options += [f"--Visitors.frame_ancestors={FRIEND}"]
    folder = tmp_path_factory.mktemp("narrow")
    with Server(folder, options, path="/digits/") as running:
        yield running


def token_of(server: Server) -> str:
    found = re.search(r"\?token=(\w+)", server.log)
    assert found, server.log
    return found[1]


def test_others_need_the_token(narrow_server: Server) -> None:
    status, body = narrow_server.get("/digits/")
    assert status == 200
    assert "kernelId" not in body
    assert "password or token" in body.lower()
    wrong = token_of(narrow_server)[:-1] + "x"
    assert "kernelId" not in narrow_server.get(f"/digits/?token={wrong}")[1]


def test_a_full_server_says_so_and_makes_room(browser: Browser, narrow_server: Server) -> None:
    url = f"{narrow_server.url}?token={token_of(narrow_server)}"
    context = browser.new_context()
    visit = Visit(context.new_page(), url)
    visit.draw(ONE)  # the page works under the proxy's path
    visit.submit(1)
    late = context.new_page()
    answer = late.goto(url)
    assert answer is not None
    assert answer.status == 503
    expect(late.get_by_role("heading")).to_have_text("All pads are taken")
    visit.page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while late.goto(url).status == 503:
        assert time.monotonic() < until, "a closed page makes no room"
        late.wait_for_timeout(500)
    expect(late.locator("canvas.digit-pad")).to_be_visible(timeout=60_000)
    late.close()  # without a message, as when a phone's battery is empty
    narrow_server.wait_for("its page is gone")
    context.close()


def test_a_page_can_be_embedded_by_the_sites_that_a_setting_names(
    narrow_server: Server, server: Server
) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    embedded["Sec-Fetch-Dest"] = "iframe"
    assert narrow_server.get("/digits/", **embedded)[0] == 200
    assert narrow_server.get("/digits/", **embedded | {"Sec-Fetch-Dest": "script"})[0] == 403
    assert server.get("/", **embedded)[0] == 403
    with urllib.request.urlopen(f"{narrow_server.url}login") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors 'self' {FRIEND}")


def test_a_closed_page_ends_its_kernel(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), server.url)
    kernel = visit.kernel
    assert server.get(f"/api/kernels/{kernel}")[0] == 200
    visit.page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while server.get(f"/api/kernels/{kernel}")[0] == 200:
        assert time.monotonic() < until, "the kernel runs without a page"
        time.sleep(0.2)
    context.close()


def test_a_page_whose_kernel_has_ended_or_died_says_so(new_visit: Visit) -> None:
    expect(new_visit.page.get_by_role("alert")).to_be_hidden()
    new_visit.page.evaluate(
        "kernel => fetch('voila/api/shutdown/' + kernel, {method: 'POST', headers:"
        " {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1]}})",
        new_visit.kernel,
    )
    new_visit.page.locator("canvas.digit-pad").click()
    expect(new_visit.page.get_by_role("alert")).to_contain_text("lost its connection")
    new_visit.open()
    expect(new_visit.page.get_by_role("alert")).to_be_hidden()
    kernel = new_visit.kernel
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        if f"kernel-{kernel}.json" in process.read_text():
            os.kill(int(process.parent.name), signal.SIGKILL)
    expect(new_visit.page.get_by_role("alert")).to_contain_text("lost its connection")


def test_the_page_loads_nothing_from_other_servers(visit: Visit, server: Server) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open()
    outside = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    assert asked
    assert outside == []
    _, body = server.get("/")
    assert "from digitlib" not in body  # the notebook's source
    assert 'rel="icon"' in body
    assert "not trusted" not in server.log  # nothing is wrong


def test_a_wrong_address_links_to_the_pad(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    answer = page.goto(f"{server.url}nothing.html")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_have_text("There is nothing here")
    page.get_by_role("link", name="To the pad").click()
    expect(page.locator("canvas.digit-pad")).to_be_visible(timeout=60_000)
    page.context.close()
