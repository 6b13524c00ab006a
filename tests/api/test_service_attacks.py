"""What a hostile client may send is refused in words, without its input; others notice nothing."""

import json
import socket
import time

import httpx
import pytest
from services import ONE, Service

SECRET = "PRIVATE-INPUT"
MALFORMED = {
    "NaN": '{"strokes": [[[NaN, 0.5]]]}',
    "infinity": '{"strokes": [[[0.5, -Infinity]]]}',
    "infinity by size": '{"strokes": [[[1e999, 0.5]]]}',
    "a huge whole number": '{"strokes": [[[1' + "0" * 400 + ", 0.5]]]}",
    "a number too long to parse": '{"strokes": [[[1' + "0" * 9000 + ", 0.5]]]}",
    "far coordinates": '{"strokes": [[[1e7, 0.5]]]}',
    "deep nesting": '{"strokes": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "deep objects": '{"strokes":' * 20_000 + "1" + "}" * 20_000,
    "a lone surrogate": '{"strokes": "\\ud800"}',
    "a lone surrogate as a field": '{"\\ud800": 1}',
    "text for a number": '{"strokes": [[["0.5", 0.5]]]}',
    "a boolean for a number": '{"strokes": [[[true, 0.5]]]}',
    "null": '{"strokes": null}',
    "no strokes": '{"strokes": []}',
    "an empty stroke": '{"strokes": [[]]}',
    "a point of one": '{"strokes": [[[0.5]]]}',
    "a point of three": '{"strokes": [[[0.5, 0.5, 0.5]]]}',
    "an unknown field": f'{{"strokes": [[[0.5, 0.5]]], "{SECRET}": 1}}',
    "another type": f'"{SECRET}"',
    "neither": f'{{"{SECRET}": "{SECRET}"}}',
    "both": '{"strokes": [[[0.5, 0.5]]], "image": []}',
    "no JSON": SECRET,
    "nothing": "",
    "too many drawings": json.dumps({"drawings": [{"strokes": [[[0.5, 0.5]]]}] * 257}),
    "no drawings": '{"drawings": []}',
    "lists in lists": '{"drawings": [{"drawings": []}]}',
    "too many points": json.dumps({"strokes": [[[0, 1]] * 15_000] * 2}),
    "27 rows": json.dumps({"image": [[0] * 28] * 27}),
    "a pixel of 256": json.dumps({"image": [[256] + [0] * 27] + [[0] * 28] * 27}),
    "a pixel of -1": json.dumps({"image": [[-1] + [0] * 27] + [[0] * 28] * 27}),
    "a broken pixel": json.dumps({"image": [[0.5] + [0] * 27] + [[0] * 28] * 27}),
}


def refused(answer: httpx.Response, status: int) -> dict:
    """The problem's details, of the right form and without any of the input."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert SECRET not in answer.text
    details = answer.json()
    assert details["status"] == status
    assert details["title"]
    assert len(details["detail"]) > 20
    assert len(answer.content) < 5000
    assert details["request_id"] == answer.headers["X-Request-ID"]
    return details


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_is_refused_in_words(service: Service, name: str) -> None:
    headers = {"Content-Type": "application/json"}
    body = MALFORMED[name].encode()
    refused(service.client.post("/v1/read", content=body, headers=headers), 422)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\xed\xa0\x80", b"\x00" * 100, b"{}\x00"])
def test_bytes_that_are_no_text_are_refused(service: Service, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    refused(service.client.post("/v1/read", content=body, headers=headers), 422)


def test_another_content_type_is_refused(service: Service) -> None:
    body = json.dumps({"strokes": ONE})
    for kind in ("text/plain", "", "application/jsonx", "multipart/form-data"):
        answer = service.client.post("/v1/read", content=body, headers={"Content-Type": kind})
        refused(answer, 415)


def test_addresses_and_methods_that_are_not_there_are_refused_alike(service: Service) -> None:
    refused(service.client.get(f"/{SECRET}"), 404)
    refused(service.client.get("/v1/read/../../etc/passwd"), 404)
    refused(service.client.get("/static-offline-docs/..%2f..%2f..%2fpyproject.toml"), 404)
    assert service.client.get("/v1/read").headers["Allow"] == "POST"
    answer = service.client.put("/v1/submissions/x")
    assert answer.headers["Allow"] == "DELETE, GET"
    refused(service.client.request("PATCH", "/v1/read"), 405)


def test_a_large_body_is_refused_before_it_is_kept(service: Service) -> None:
    before = service.memory
    headers = {"Content-Type": "application/json"}
    refused(service.client.post("/v1/read", content=b"[" * 400_000, headers=headers), 413)

    def parts() -> object:
        for _ in range(60):
            yield b"[" * 10_000

    answer = service.client.post("/v1/read", content=parts(), headers=headers)
    refused(answer, 413)
    announced = f"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: {10**15}\r\n\r\n"
    assert b" 413 " in service.raw(announced.encode())
    assert service.memory - before < 30e6


def test_a_slow_client_is_given_up(service: Service) -> None:
    """The service's patience is one second here."""
    assert service.raw(b"") == b""
    assert service.raw(b"POST /v1/read HTTP/1.1\r\nHost: localh") == b""
    headers = b"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    assert b" 408 " in service.raw(headers + b"Content-Length: 100\r\n\r\n{")
    assert b" 408 " in service.raw(headers + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")


def test_headers_without_end_are_given_up(service: Service) -> None:
    assert service.raw(b"GET / HTTP/1.1\r\n" + b"X-A: " + b"a" * 300_000) == b""


def test_half_open_connections_disturb_nobody(service: Service) -> None:
    opened = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
    try:
        for number, connection in enumerate(opened):
            connection.sendall(b"POST /v1/read HTTP/1.1\r\nContent-Le" if number % 2 else b"")
        assert service.client.post("/v1/read", json={"strokes": ONE}).json()["digit"] == 1
        until = time.monotonic() + 60
        while service.sockets > 20:
            assert time.monotonic() < until, "the service keeps half-open connections"
            time.sleep(0.1)
    finally:
        for connection in opened:
            connection.close()


def test_websockets_are_refused(service: Service) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert service.client.get("/v1/read", headers=headers).status_code >= 400


def test_a_request_id_is_kept_if_it_is_harmless(service: Service) -> None:
    answer = service.client.get("/healthz", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["X-Request-ID"] == "mine-1"
    answer = service.client.get("/healthz", headers={"X-Request-ID": 'a" forged=1'})
    assert "forged" not in answer.headers["X-Request-ID"]


def test_nothing_crashed(service: Service) -> None:
    """After all attacks of this module."""
    assert service.client.post("/v1/read", json={"strokes": ONE}).json()["digit"] == 1
    assert "Traceback" not in service.log
    assert " 500 " not in service.log
