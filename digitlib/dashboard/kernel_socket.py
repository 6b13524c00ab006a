"""A kernel's websocket: checked messages in, bounded replies out."""

import json
import time
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.iostream import IOStream, StreamBufferFullError
from tornado.web import HTTPError
from traitlets import Instance, Integer

from digitlib.dashboard import wire

_KINDS = (
    "comm_msg",
    "comm_close",
    "comm_info_request",
    "kernel_info_request",
)  # what the page sends
_CONTROL = "jupyter.widget.control"  # the only comm that the page opens
_MOST_CONNECTIONS = 3  # of one kernel: the page, and it again while it reconnects
_STRIKES = 20  # refused messages after which the socket is closed


class KernelSocket(KernelWebsocketHandler):
    """The handler of a kernel's websocket; one connection for each kernel and page."""

    async def get(self, kernel_id: str) -> None:
        """Answer a handshake, and serve the socket until it closes."""
        try:
            await super().get(kernel_id)
        except StreamBufferFullError:  # by answers to pings
            self.abort("does not read its messages")

    async def open(self, kernel_id: str) -> None:
        """Connect, with Nagle's algorithm off: batching small packets costs 40 ms a pen move."""
        self.set_nodelay(True)
        if (stream := self._stream()) is not None:
            stream.max_write_buffer_size = self.connection.unread_limit
        await super().open(kernel_id)

    def write_error(self, status_code: int, **_options: Any) -> None:
        """Refuse a handshake; no page says why, as no browser shows one for a socket."""
        self.finish()

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message; close the socket of a visitor who does not read."""
        try:
            return super().write_message(message, binary)
        except StreamBufferFullError:
            self.abort("does not read its messages")
            return None

    def send_ping(self) -> None:
        """Ask whether the browser is still there."""
        try:
            super().send_ping()
        except StreamBufferFullError:
            self.abort("does not read its messages")

    def abort(self, reason: str) -> None:
        """Close the socket at once and drop what it has not sent."""
        self.log.warning("Closing a socket of kernel %s: it %s.", self.kernel_id, reason)
        if (stream := self._stream()) is not None:
            stream.close()

    def _stream(self) -> IOStream | None:
        return getattr(self.ws_connection, "stream", None)


class CheckedConnection(ZMQChannelsWebsocketConnection):
    """Passes on only what the page sends, and only as fast as the kernel answers."""

    websocket_handler = Instance(KernelSocket)
    unread_limit = Integer(
        8 * 2**20, config=True, help="Bytes that may wait for a visitor's browser to read them."
    )
    unanswered_limit = Integer(
        2_000, config=True, help="Messages that may wait for a visitor's kernel to answer them."
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._unanswered = self._refused = 0
        self._opened = time.monotonic()

    async def prepare(self) -> None:
        """Refuse clients without the v1 protocol, also those that only seem to offer it."""
        offered = self.websocket_handler.request.headers.get("Sec-WebSocket-Protocol", "")
        if wire.PROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise HTTPError(400, "This server speaks only %s.", wire.PROTOCOL)
        await super().prepare()

    def connect(self) -> Any:
        """Connect to the kernel; the oldest connection ends where a kernel has too many."""
        others: list[Any] = [c for c in self._open_sockets if c.kernel_id == self.kernel_id]
        others.sort(key=lambda connection: connection._opened)
        for other in others[: 1 - _MOST_CONNECTIONS]:
            other.websocket_handler.abort("was replaced by a newer one")
        return super().connect()

    def handle_incoming_message(self, incoming_msg: str | bytes) -> None:
        """Pass a message on to the kernel if the page could have sent it."""
        if self._refused >= _STRIKES:  # it is being closed; do not fill the log
            return
        try:
            message = wire.parse(incoming_msg)
            self._check(message)
        except wire.WireError as error:
            self._refused += 1
            self.log.warning("Refused a message to kernel %s: %s", self.kernel_id, error)
            if self._refused >= _STRIKES:
                self.websocket_handler.abort("sent too many malformed messages")
            return
        self._unanswered += 1
        if self._unanswered > self.unanswered_limit:
            self.websocket_handler.abort("sends faster than the kernel answers")
        elif self.channels:
            self.session.send_raw(self.channels[message.channel], message.parts)

    def _check(self, message: wire.Message) -> None:
        if message.channel != "shell":
            raise wire.WireError(f"Messages on channel {message.channel[:20]!r} are not allowed.")
        if message.kind == "comm_open":
            if wire.content(message).get("target_name") != _CONTROL:
                raise wire.WireError("Opening widgets is not allowed.")
        elif message.kind not in _KINDS:
            raise wire.WireError(f"A message of type {message.kind[:40]!r} is not allowed.")

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass a kernel's message on to the page, except for echoes of the notebook's source."""
        _, (_, header, _, _, content, *_) = self.session.feed_identities(outgoing_msg)
        kind = json.loads(_bytes(header))["msg_type"]
        if kind == "status" and b'"idle"' in _bytes(content):  # it has dealt with one message
            self._unanswered = max(0, self._unanswered - 1)
        if kind != "execute_input":
            super().handle_outgoing_message(stream, outgoing_msg)


def _bytes(part: Any) -> bytes:
    """A part of a message as bytes; ZeroMQ may have it in a frame of its own."""
    return bytes(part)
