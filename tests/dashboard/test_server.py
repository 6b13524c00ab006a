"""The dashboard's server: warm, bounded, closed to strangers, and tidy when visitors leave."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_server.auth import passwd
from playwright.sync_api import Browser, expect
from visits import Server, Visit

pytest_plugins = ["browser"]

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]


@pytest.fixture(scope="module")
def narrow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that strangers can reach, behind a proxy's path, with room for one visitor."""
    options = ["--Voila.ip=0.0.0.0", "--base_url=/digits/", "--VisitorKernels.most_visitors=1"]
    options += ["--VoilaConfiguration.default_pool_size=1", "--VoilaKernelManager.fill_delay=0"]
    options += ["--VisitorKernels.cull_interval=1", "--VisitorKernels.abandoned_after=20"]
    folder = tmp_path_factory.mktemp("narrow")
    with Server(folder, options, path="/digits/") as running:
        yield running


def token_of(server: Server) -> str:
    found = re.search(r"\?token=(\w+)", server.log)
    assert found, server.log
    return found[1]


def test_strangers_need_the_token(narrow_server: Server) -> None:
    status, body = narrow_server.get("/digits/")
    assert status == 200
    assert "kernelId" not in body
    assert "password or token" in body.lower()
    wrong = token_of(narrow_server)[:-1] + "x"
    assert "kernelId" not in narrow_server.get(f"/digits/?token={wrong}")[1]


def test_a_password_lets_in_who_knows_it(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hashed = passwd("an open four")
    options = ["--Voila.ip=0.0.0.0", f"--PasswordIdentityProvider.hashed_password={hashed}"]
    options += ["--VoilaConfiguration.default_pool_size=1"]
    with Server(tmp_path_factory.mktemp("password"), options) as running:
        assert "token=" not in running.log
        page = browser.new_page()
        for word in ("an open nine", "an open four"):
            page.goto(running.url)
            assert "kernelId" not in page.content()
            page.get_by_label("password", exact=False).fill(word)
            page.get_by_label("password", exact=False).press("Enter")
        expect(page.locator("canvas.digit-pad")).to_be_visible(timeout=60_000)
        page.context.close()


def test_a_full_server_says_so_kindly_and_makes_room(
    browser: Browser, narrow_server: Server
) -> None:
    url = f"{narrow_server.url}?token={token_of(narrow_server)}"
    context = browser.new_context()
    visit = Visit(context.new_page(), url)
    visit.draw(ONE)  # under the proxy's path the page works as ever
    visit.submit(1)
    late = context.new_page()
    answer = late.goto(url)
    assert answer is not None
    assert answer.status == 503
    expect(late.get_by_role("heading")).to_have_text("All pads are taken")
    visit.page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while late.goto(url).status == 503:
        assert time.monotonic() < until, "a page that is closed makes no room"
        late.wait_for_timeout(500)
    expect(late.locator("canvas.digit-pad")).to_be_visible(timeout=60_000)
    late.close()  # without a word, as when a phone's battery is empty
    narrow_server.wait_for("its page is gone")
    context.close()


def test_a_closed_page_ends_its_kernel(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), server.url)
    kernel = visit.kernel
    assert server.get(f"/api/kernels/{kernel}")[0] == 200
    visit.page.close(run_before_unload=True)
    until = time.monotonic() + 60
    while server.get(f"/api/kernels/{kernel}")[0] == 200:
        assert time.monotonic() < until, "the kernel goes on without a page"
        time.sleep(0.2)
    context.close()


def test_a_page_whose_kernel_is_gone_says_so(visit: Visit) -> None:
    expect(visit.page.get_by_role("alert")).to_be_hidden()
    visit.page.evaluate(
        "kernel => fetch('api/kernels/' + kernel, {method: 'DELETE', headers:"
        " {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1]}})",
        visit.kernel,
    )
    visit.page.wait_for_timeout(500)
    visit.page.locator("canvas.digit-pad").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("lost its connection")
    visit.open()
    expect(visit.page.get_by_role("alert")).to_be_hidden()


def test_a_page_whose_kernel_died_says_so(visit: Visit, server: Server) -> None:
    kernel = visit.kernel
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        if f"kernel-{kernel}.json" in process.read_text():
            os.kill(int(process.parent.name), signal.SIGKILL)
    expect(visit.page.get_by_role("alert")).to_contain_text("lost its connection")


def test_the_page_asks_nobody_else_for_anything(visit: Visit, server: Server) -> None:
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.open()
    outside = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    assert asked
    assert outside == []
    _, body = server.get("/")
    assert "from digitlib" not in body  # the notebook's source
    assert 'rel="icon"' in body


def test_a_wrong_address_leads_back_to_the_pad(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    answer = page.goto(f"{server.url}nothing.html")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_have_text("There is nothing here")
    page.get_by_role("link", name="To the pad").click()
    expect(page.locator("canvas.digit-pad")).to_be_visible(timeout=60_000)
    page.context.close()
