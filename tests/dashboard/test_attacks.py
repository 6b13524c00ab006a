"""A hostile visitor on a running server: refused, logged, and unnoticed by the others."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kernel_client import (
    PROTOCOL,
    REQUEST_STATES,
    KernelClient,
    kernel_of,
    kernel_pid,
    message,
    open_control,
    resident_mb,
)
from playwright.sync_api import Browser
from visits import Server, Visit

pytest_plugins = ["browser"]

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]


@pytest.fixture(scope="module")
def kernel(server: Server) -> str:
    """A kernel of a page that is not open in a browser."""
    return kernel_of(server.get("/")[1])


@pytest.fixture
def client(server: Server, kernel: str) -> Iterator[KernelClient]:
    """A websocket to that kernel."""
    opened = KernelClient(server, kernel, session=uuid4().hex)
    assert opened.status == 101
    yield opened
    opened.close()


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_code_is_not_run_for_visitors(
    server: Server, client: KernelClient, tmp_path: Path, channel: str
) -> None:
    bait = tmp_path / "run"
    code = f"open({str(bait)!r}, 'w').close()"
    request = {"code": code, "silent": False, "user_expressions": {"x": code}}
    messages = [
        message("execute_request", {**request, "allow_stdin": False}, channel),
        message("complete_request", {"code": code, "cursor_pos": 3}, channel),
        message("inspect_request", {"code": code, "cursor_pos": 3}, channel),
        message("debug_request", {"command": "evaluate", "arguments": request}, channel),
        message("create_subshell_request", {}, channel),
    ]
    before = server.log.count("not allowed")
    client.ask(*messages)
    assert not bait.exists()
    assert server.log.count("not allowed") >= before + len(messages)


def numbers(*values: int, word: int = 8) -> bytes:
    return b"".join(value.to_bytes(word, "little") for value in values)


MALFORMED = {
    "eight bytes": b"\xff" * 8,
    "a large count": numbers(2**40, 16, 24),
    "offsets outside": numbers(6, 56, 2**62, 2**62, 2**62, 2**62, 2**62),
    "offsets that go back": numbers(6, 56, 10, 8, 6, 4, 2),
    "nothing": b"",
    "one byte": b"\x06",
    "zeros": bytes(200),
    "deep JSON": message("comm_msg", {}).replace(b"{}", b"[" * 2, 1) + b"[" * 9_000,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_message_does_not_stop_the_server(
    server: Server, client: KernelClient, what: str
) -> None:
    client.send(MALFORMED[what])
    client.send(MALFORMED[what], opcode=1)  # as text
    assert server.get("/nothing")[0] == 404  # times out on a server that has stopped


def test_a_visitor_who_goes_on_sending_nonsense_is_disconnected(client: KernelClient) -> None:
    with suppress(OSError):
        for _ in range(200):
            client.send(b"\xff" * 8)
    assert client.is_closed_by_server()


@pytest.mark.parametrize("offer", ["", "v1.kernel.websocket.jupyter.orgs", f"x{PROTOCOL}, y"])
def test_the_legacy_protocols_are_refused(server: Server, kernel: str, offer: str) -> None:
    client = KernelClient(server, kernel, Sec_WebSocket_Protocol=offer)
    assert client.status == 400
    client.close()


def test_replies_that_nobody_reads_are_not_kept(server: Server, client: KernelClient) -> None:
    client.send(open_control())
    before = resident_mb(server.process.pid)
    with suppress(OSError):
        for _ in range(600):
            client.send(message("comm_msg", REQUEST_STATES))
    until = time.monotonic() + 60
    while "does not read its messages" not in server.log:
        assert resident_mb(server.process.pid) < before + 60
        assert time.monotonic() < until, "the socket stays open"
        time.sleep(0.1)
    assert resident_mb(server.process.pid) < before + 60


def test_replies_for_a_visitor_who_has_left_are_not_kept(
    server: Server, client: KernelClient, kernel: str
) -> None:
    client.send(open_control())
    before = resident_mb(server.process.pid)
    for _ in range(200):
        client.send(message("comm_msg", REQUEST_STATES))
    client.close()
    other = KernelClient(server, kernel, session="other")
    other.ask()  # the kernel answers after its other work
    other.close()
    assert resident_mb(server.process.pid) < before + 60  # without a bound, 500 MB
    assert "Starting buffering" not in server.log


def test_a_visitor_cannot_flood_the_kernel(server: Server, client: KernelClient) -> None:
    with suppress(OSError):
        for _ in range(20_000):
            client.send(message("comm_info_request", {}))
    assert client.is_closed_by_server()
    assert "sends faster than the kernel answers" in server.log


def test_large_messages_do_not_reach_the_kernel(
    server: Server, client: KernelClient, kernel: str
) -> None:
    before = resident_mb(kernel_pid(kernel))
    state = {"comm_id": "c", "data": {"method": "update", "state": {"value": "x" * 9_000_000}}}
    with suppress(OSError):
        for _ in range(12):
            client.send(message("comm_msg", state))
    assert client.is_closed_by_server()
    assert resident_mb(kernel_pid(kernel)) < before + 20


def test_visitors_cannot_create_widgets(client: KernelClient) -> None:
    count = len(re.findall(rb'"target_name"', client.ask()))
    names = {"module": "@jupyter-widgets/controls", "module_version": "2.0.0"}
    state = {f"_{part}_{key}": value for part in ("model", "view") for key, value in names.items()}
    state |= {"_model_name": "HTMLModel", "_view_name": "HTMLView"}
    content = {"target_name": "jupyter.widget", "data": {"state": state}}
    opened = [
        message("comm_open", {**content, "comm_id": str(n)}, version="2.1.0") for n in range(10)
    ]
    assert len(re.findall(rb'"target_name"', client.ask(*opened))) == count


def test_a_kernel_has_a_memory_limit(kernel: str) -> None:
    limits = Path(f"/proc/{kernel_pid(kernel)}/limits").read_text()
    assert re.search(r"Max data size +2147483648 ", limits)


def test_a_kernel_has_few_connections(server: Server, kernel: str) -> None:
    clients = [KernelClient(server, kernel, session=str(number)) for number in range(5)]
    assert all(client.is_closed_by_server() for client in clients[:2])
    assert not clients[-1].is_closed_by_server(seconds=0.5)
    for client in clients:
        client.close()


def test_another_sites_page_cannot_reach_a_kernel(server: Server, kernel: str) -> None:
    for headers in (
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ):
        client = KernelClient(server, kernel, **headers)
        assert client.status == 403
        client.close()


def visits_of(server: Server) -> int:
    return server.log.count("Using pre-heated kernel")


FOREIGN = """<img src="{0}"><img src="{0}?2"><iframe src="{0}"></iframe><object data="{0}"></object>
<script>fetch("{0}", {{mode: "no-cors"}}); new Image().src = "{0}?3";</script>"""


def test_another_sites_page_takes_no_pad(browser: Browser, server: Server) -> None:
    before, page = visits_of(server), browser.new_page()
    page.set_content(FOREIGN.format(server.url), wait_until="networkidle")
    assert visits_of(server) == before
    page.set_content(f'<a href="{server.url}">the pad</a>')  # but it may link to the page
    page.click("a")
    page.wait_for_url(server.url)
    assert visits_of(server) == before + 1
    page.context.close()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.1.2.3", "[::2]"])
def test_a_foreign_host_name_is_refused(server: Server, host: str) -> None:
    before = visits_of(server)
    status, body = server.get("/", Host=f"{host}:{server.port}")
    assert status == 403
    assert "--Visitors.host_names" in body
    assert "kernelId" not in body
    assert visits_of(server) == before


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:8866"])
def test_a_local_host_name_is_served(server: Server, host: str) -> None:
    assert server.get("/nothing", Host=host)[0] == 404


PATHS = [
    "/voila/files/sketch.ipynb",
    "/voila/files/../data/digits.duckdb",
    "/voila/files/..%2f..%2fdata%2fdigits.duckdb",
    "/voila/files/%2e%2e/%2e%2e/README.md",
    "/voila/files/../outputs/models/current",
    "/voila/files//etc/passwd",
    "/voila/static/../../../../../../../../etc/passwd",
    "/voila/static//etc/passwd",
    "/voila/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/voila/templates/lab/static/../../../../../../../etc/passwd",
    "/voila/labextensions/../../../../../../etc/passwd",
    "/voila/api/themes/../../../../../../../etc/passwd",
    "/voila/api/contents/",
    "/voila/tree",
    "/api/contents/sketch.ipynb",
    "/api/kernels",
    "/api/sessions",
    "/files/sketch.ipynb",
    "/data/digits.duckdb",
    "/digits.duckdb",
    "/.git/config",
    "/.env",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_file_of_the_project_or_the_machine_is_served(server: Server, path: str) -> None:
    status, body = server.get(path)
    assert status >= 400 or "kernelId" in body
    for secret in ("root:", "from digitlib", "[core]", "DUCK"):
        assert secret not in body


def test_the_database_is_not_served(server: Server) -> None:
    name = server.database.name
    for path in (str(server.database), name, f"../{name}"):
        assert server.get(f"/voila/files/{path}")[0] >= 400


@pytest.mark.parametrize("name", ["theme", "template"])
def test_a_query_is_not_put_into_the_page(server: Server, name: str) -> None:
    status, body = server.get(f"/?{name}=x%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert(1)" not in body
    assert status == 200


NONSENSE: list[dict[str, Any]] = [
    {"event": "mouse_down", "x": float("nan"), "y": float("inf")},
    {"event": "mouse_down", "x": None, "y": [1]},
    {"event": "mouse_down", "x": 1e308, "y": -1e308},
    {"event": "mouse_down", "x": "<b>", "y": None},
    {"event": "mouse_down"},
    {"event": "touch_start", "touches": "<script>"},
    {"event": "touch_move", "touches": [{"x": [], "y": {}}]},
    {"event": "touch_start", "touches": [{"x": 1, "y": 1}] * 100},
    {"event": 7},
    {},
]


def test_nonsense_from_the_pad_does_no_harm(visit: Visit, server: Server) -> None:
    """Sent to every widget of the page, as a changed page could."""
    visit.draw(ONE)
    client = KernelClient(server, visit.kernel)
    comms = set(re.findall(rb'"([0-9a-f]{32})": ?{"target_name"', client.ask()))
    assert len(comms) > 30
    for comm in comms:
        client.ask(
            *(
                message("comm_msg", {"comm_id": comm.decode(), "data": data})
                for nonsense in NONSENSE
                for data in (
                    {"method": "custom", "content": nonsense},
                    {"method": "update", "state": {**nonsense, "label": 99, "is_chosen": "x"}},
                )
            )
        )
    client.close()
    visit.press("clear")
    visit.draw(ONE)
    visit.submit(1)
    (stroke,) = server.store.submissions().fetchone()[7]
    assert len(stroke) == 3
    assert "Traceback" in server.log  # what was refused is logged in full
