"""What a hostile visitor may try: refused, logged, and nothing lost."""

import asyncio
import json
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect
from visits import Server, Visit

from digitlib import settings

pytest_plugins = ["browser"]

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]


PROTOCOL = "v1.kernel.websocket.jupyter.org"


def message(kind: str, content: dict[str, Any], channel: str = "shell") -> bytes:
    header = {"msg_id": uuid4().hex, "session": "attacker", "username": "", "date": ""}
    header |= {"msg_type": kind, "version": "5.3"}
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    return bytes(serialize_msg_to_ws_v1(parts, channel))


def kernel_of(body: str) -> str:
    found = re.search(r'"kernelId": "([\w-]+)"', body)
    assert found
    return found[1]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Do asynchronous work; in a thread, as Playwright keeps a loop of its own in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def address(server: Server, kernel: str) -> str:
    return f"ws://localhost:{server.port}/api/kernels/{kernel}/channels?session_id=attacker"


async def tell(server: Server, kernel: str, messages: list[bytes], seconds: float) -> bytes:
    """Send messages to a kernel as its page would, and return what comes back meanwhile."""
    socket = await websocket_connect(address(server, kernel), subprotocols=[PROTOCOL])
    for text in messages:
        await socket.write_message(text, binary=True)
    heard = b""
    try:
        while True:
            heard += bytes(await asyncio.wait_for(socket.read_message(), seconds) or b"")
    except TimeoutError:
        socket.close()
    return heard


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_code_is_not_run_for_strangers(server: Server, tmp_path: Path, channel: str) -> None:
    kernel = kernel_of(server.get("/")[1])
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
    run(tell(server, kernel, messages, 2))
    assert not bait.exists()
    assert server.log.count("not allowed") >= len(messages)


def test_another_sites_page_cannot_reach_a_kernel(server: Server) -> None:
    kernel = kernel_of(server.get("/")[1])
    headers = {"Origin": "http://evil.example"}
    request = HTTPRequest(address(server, kernel), headers=headers)

    async def connect() -> None:
        await websocket_connect(request, subprotocols=[PROTOCOL])

    with pytest.raises(HTTPClientError, match="403"):
        run(connect())


def test_a_client_of_the_old_protocol_cannot_stop_the_server(server: Server) -> None:
    kernel = kernel_of(server.get("/")[1])

    async def connect() -> None:
        await websocket_connect(address(server, kernel))

    with pytest.raises(HTTPClientError, match="400"):
        run(connect())
    assert server.get("/")[0] == 200


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


def test_the_database_is_not_served_from_where_it_is(server: Server) -> None:
    name = server.database.name
    for path in (str(server.database), name, f"../{name}"):
        assert server.get(f"/voila/files/{path}")[0] >= 400


@pytest.mark.parametrize("name", ["theme", "template"])
def test_what_an_address_says_is_not_put_into_the_page(server: Server, name: str) -> None:
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
    {"event": "touch_start", "touches": [{"x": 1, "y": 1}] * 1000},
    {"event": 7},
    {},
]


def test_nonsense_from_the_pad_does_no_harm(visit: Visit, server: Server) -> None:
    """Sent to every widget of the page, as a changed page could."""
    visit.draw(ONE)
    asked = run(tell(server, visit.kernel, [message("comm_info_request", {})], 2))
    comms = set(re.findall(rb'"([0-9a-f]{32})": ?{"target_name"', asked))
    assert len(comms) > 30
    run(
        tell(
            server,
            visit.kernel,
            [
                message("comm_msg", {"comm_id": comm.decode(), "data": data})
                for comm in comms
                for nonsense in NONSENSE
                for data in (
                    {"method": "custom", "content": nonsense},
                    {"method": "update", "state": {**nonsense, "label": 99, "by_hand": "x"}},
                )
            ],
            3,
        )
    )
    visit.press("clear")
    visit.draw(ONE)
    visit.submit(1)
    (stroke,) = server.store.submissions().fetchone()[7]
    assert len(stroke) == 3
    assert "Traceback" in server.log  # what was refused is logged in full


def test_the_project_serves_with_its_own_configuration() -> None:
    config = json.loads((settings.project_root() / "voila.json").read_text())
    chosen = config["VoilaConfiguration"]
    assert chosen["file_allowlist"] == []
    assert chosen["allow_theme_override"] == chosen["allow_template_override"] == "NO"
