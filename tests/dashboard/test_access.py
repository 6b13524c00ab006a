"""Who may visit a server that others can reach, and what they can do before they log in."""

import http.client
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from jupyter_server.auth import passwd
from visits import Server

PASSWORD = "an open four"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a password that others can reach."""
    options = [
        "--Voila.ip=0.0.0.0",
        f"--PasswordIdentityProvider.hashed_password={passwd(PASSWORD)}",
        "--VoilaConfiguration.default_pool_size=1",
        "--Visitors.patience=2",
        "--Visitors.host_names=digits.example.org",
        "--Visitors.trusted_proxies=127.0.0.0/8",
        "--VisitorKernels.pads_per_address=2",
    ]
    with Server(tmp_path_factory.mktemp("password"), options) as running:
        yield running


class Client:
    """A browser's cookies and forms, without a browser; each with an address of its own."""

    def __init__(self, server: Server, address: str) -> None:
        self.server, self.address = server, address
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: str = "", **more: str) -> tuple[int, str, dict]:
        headers = {
            "Host": f"localhost:{self.server.port}",
            "X-Forwarded-For": self.address,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
            **more,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text, dict(answer.headers)

    def log_in(self, password: str) -> int:
        if "_xsrf" not in self.cookies:
            self.send("GET", "/login")
        form = {"password": password, "_xsrf": self.cookies["_xsrf"]}
        return self.send("POST", "/login", urlencode(form))[0]


def test_the_password_opens_the_page_and_logging_out_ends_the_cookie(server: Server) -> None:
    client = Client(server, "10.0.0.1")
    assert client.send("GET", "/")[0] == 302
    assert client.log_in("an open nine") == 401
    assert client.log_in(PASSWORD) == 302
    status, page, _ = client.send("GET", "/")
    assert (status, "kernelId" in page) == (200, True)
    copied = dict(client.cookies)
    status, page, _ = client.send("GET", "/logout")
    assert status == 200
    assert "logged out" in page
    assert client.send("GET", "/")[0] == 302
    client.cookies = copied  # as from a computer that somebody else used
    assert client.send("GET", "/")[0] == 302
    assert client.log_in(PASSWORD) == 302


def test_wrong_passwords_are_throttled_by_address(server: Server) -> None:
    client = Client(server, "10.0.0.2")
    answers = [client.log_in(f"guess {number}") for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert client.log_in(PASSWORD) == 429  # also the right one, else guessing could go on
    assert Client(server, "10.0.0.3").log_in(PASSWORD) == 302


def test_checking_passwords_keeps_nobody_waiting(server: Server) -> None:
    clients = [Client(server, f"10.0.1.{number}") for number in range(20)]
    for client in clients:
        client.send("GET", "/login")
    answered = 0  # while passwords were being checked
    with ThreadPoolExecutor(20) as pool:
        checks = [pool.submit(client.log_in, "a guess") for client in clients]
        while not all(check.done() for check in checks):
            assert server.get("/nothing")[0] == 404
            answered += 1
    assert {check.result() for check in checks} <= {401, 429}
    assert answered >= 5  # in between; else one after all of the others


@pytest.mark.parametrize("path", ["/", "/login", "/nothing", "/voila/static/voila.js"])
def test_large_bodies_are_refused_before_they_are_read(server: Server, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 80000000\r\n\r\n"
    with socket.create_connection(("localhost", server.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "beginning",
    ["", "GET / HT", "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"],
)
def test_half_open_connections_are_closed(server: Server, beginning: str) -> None:
    with socket.create_connection(("localhost", server.port), timeout=60) as connection:
        connection.sendall(beginning.encode())
        while connection.recv(1000):  # raises TimeoutError where the server goes on waiting
            pass


@pytest.mark.parametrize("name", ["digits.example.org", socket.gethostname(), "192.168.7.7"])
def test_the_servers_own_names_are_known(server: Server, name: str) -> None:
    assert Client(server, "10.0.0.4").send("GET", "/login", Host=name)[0] == 200


def test_other_names_are_refused(server: Server) -> None:
    assert Client(server, "10.0.0.4").send("GET", "/login", Host="evil.example")[0] == 403


def test_an_address_has_only_so_many_pads(server: Server) -> None:
    clients = [Client(server, "10.0.0.5") for _ in range(3)]
    assert [client.log_in(PASSWORD) for client in clients] == [302] * 3
    answers = [client.send("GET", "/") for client in clients]
    assert [status for status, _, _ in answers] == [200, 200, 503]
    assert answers[-1][2]["Retry-After"] == "20"
    other = Client(server, "10.0.0.6, 10.9.9.9")  # the last is what our own proxy has added
    assert other.log_in(PASSWORD) == 302
    assert other.send("GET", "/")[0] == 200
    kernel = re.search(r'"kernelId": "([\w-]+)"', answers[0][1])
    assert kernel
    ended = clients[0].send(
        "POST",
        f"/voila/api/shutdown/{kernel[1]}",
        urlencode({"_xsrf": clients[0].cookies["_xsrf"]}),
    )
    assert ended[0] == 204
    assert clients[2].send("GET", "/")[0] == 200


STRANGERS = {
    ("GET", "/"): 302,
    ("GET", "/login"): 200,
    ("GET", "/logout"): 200,
    ("GET", "/voila/scripts.js"): 200,
    ("GET", "/voila/static/voila.js"): 200,
    ("GET", "/voila/templates/lab/static/voila-style.js"): 200,
    ("GET", "/voila/labextensions/ipycanvas/package.json"): 200,
    ("GET", "/api/kernels/{kernel}"): 403,
    ("DELETE", "/api/kernels/{kernel}"): 405,
    ("GET", "/api/kernels/{kernel}/channels"): 403,
    ("POST", "/voila/api/shutdown/{kernel}"): 403,
}
VISITORS = {**STRANGERS, ("GET", "/api/kernels/{kernel}"): 200}
CLOSED = [
    "/voila/query/{kernel}",
    "/voila/execution/{kernel}",
    "/voila/files/sketch.ipynb",
    "/voila/tree",
    "/voila/render/sketch.ipynb",
    "/voila/api/contents/",
    "/voila/api/themes/@jupyterlab/theme-light-extension/index.css",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/sessions",
    "/api/contents/",
    "/api/terminals",
    "/api/config/x",
    "/api/me",
    "/static/style/style.min.css",
    "/sketch.ipynb",
    "/favicon.ico",
    "/metrics",
]


def test_these_routes_are_open_and_no_others(server: Server) -> None:
    visitor, stranger = Client(server, "10.0.0.7"), Client(server, "10.0.0.8")
    assert visitor.log_in(PASSWORD) == 302
    kernel = re.search(r'"kernelId": "([\w-]+)"', visitor.send("GET", "/")[1])
    assert kernel

    def statuses(client: Client, wanted: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        return {
            (method, path): client.send(method, path.format(kernel=kernel[1]))[0]
            for method, path in wanted
        }

    assert statuses(stranger, STRANGERS) == STRANGERS
    of_visitors = {k: v for k, v in VISITORS.items() if k not in {("GET", "/"), ("GET", "/logout")}}
    of_visitors |= {("GET", "/login"): 302, ("GET", "/api/kernels/{kernel}/channels"): 400}
    assert statuses(visitor, of_visitors) == of_visitors
    for client in (visitor, stranger):
        for path in CLOSED:
            for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
                status, text, _ = client.send(method, path.format(kernel=kernel[1]))
                assert status == 404, (method, path)
                assert "token" not in text


def test_a_page_whose_kernel_is_gone_is_refused_in_lines_not_in_a_traceback(server: Server) -> None:
    visitor = Client(server, "10.0.0.31")
    assert visitor.log_in(PASSWORD) == 302
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert visitor.send("GET", f"/api/kernels/{uuid4()}/channels", **handshake)[0] == 404
    assert "Traceback" not in server.log
