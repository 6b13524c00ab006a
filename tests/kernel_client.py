"""A client of a kernel's websocket that sends what no page would, and need not read the answers."""

import base64
import json
import os
import re
import socket
import struct
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from visits import Server

PROTOCOL = "v1.kernel.websocket.jupyter.org"
CONTROL = "jupyter.widget.control"


def message(
    kind: str, content: dict[str, Any], channel: str = "shell", version: str = "1.0.0"
) -> bytes:
    """A message of the v1 protocol; `version` is that of the widgets' protocol, 2 for a widget."""
    header = {"msg_id": uuid4().hex, "session": "attacker", "username": "", "date": ""}
    header |= {"msg_type": kind, "version": "5.3"}
    parts = [json.dumps(part).encode() for part in (header, {}, {"version": version}, content)]
    return bytes(serialize_msg_to_ws_v1(parts, channel))


def open_control() -> bytes:
    """Open the comm through which a page asks for all widgets."""
    return message("comm_open", {"comm_id": "c", "target_name": CONTROL, "data": {}})


REQUEST_STATES = {"comm_id": "c", "data": {"method": "request_states"}}


def kernel_of(body: str) -> str:
    """The id of the kernel of a page."""
    found = re.search(r'"kernelId": "([\w-]+)"', body)
    assert found, body[:500]
    return found[1]


def resident_mb(pid: int) -> float:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def kernel_pid(kernel: str) -> int:
    """The process of a kernel."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"kernel-{kernel}.json" in command.read_text():
                return int(command.parent.name)
        except OSError:  # the process has ended
            continue
    raise ProcessLookupError(kernel)


class KernelClient:
    """A websocket without any library's limits."""

    def __init__(
        self, server: Server, kernel: str, session: str = "attacker", **headers: str
    ) -> None:
        self.socket = socket.create_connection(("localhost", server.port), timeout=30)
        path = f"/api/kernels/{kernel}/channels?session_id={session}"
        lines = {
            "Host": f"localhost:{server.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": PROTOCOL,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{text}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            if not (piece := self.socket.recv(1)):
                break
            answer += piece
        self.status = int(answer.split()[1])

    def send(self, data: bytes, opcode: int = 2) -> None:
        """Send one frame; masked with zeros, so that it stays as it is."""
        size = len(data)
        if size < 126:
            length = struct.pack("!B", 128 | size)
        elif size < 2**16:
            length = struct.pack("!BH", 128 | 126, size)
        else:
            length = struct.pack("!BQ", 128 | 127, size)
        self.socket.sendall(bytes([128 | opcode]) + length + bytes(4) + data)

    def ask(self, *messages: bytes, seconds: float = 120) -> bytes:
        """Send messages and then a question; returns all answers up to the question's."""
        for text in messages:
            self.send(text)
        self.send(message("comm_info_request", {}))
        self.socket.settimeout(seconds)
        heard = b""
        while b"comm_info_reply" not in heard[-(2**20) :]:
            piece = self.socket.recv(2**20)
            assert piece, "the server has closed the connection"
            heard += piece
        return heard

    def is_closed_by_server(self, seconds: float = 30) -> bool:
        """Read what is there until the server closes the connection; False if it stays open."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(2**20):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()
