"""uvicorn's HTTP protocol, which waits for ever for a client, with an end to its patience."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from digitlib.api.configuration import LARGE, configuration

_HEADER_BYTES = 64 * 1024  # of a request; uvicorn would collect any number


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too long or too slow, or whose answer nobody reads."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        if self._deadline is not None:
            self._header_bytes += len(data)
            if self._header_bytes > _HEADER_BYTES:
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin to wait for the headers of another request on the same connection."""
        super().on_message_begin()
        self._await_headers()

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._forget_deadline()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read, a few times the patience."""
        super().pause_writing()
        # Not `close`, which would wait for the client too.
        self._unread = self.loop.call_later(LARGE * configuration().patience, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._forget_unread()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget_deadline()
        self._forget_unread()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._deadline is None:
            self._header_bytes = 0
            wait = configuration().patience
            self._deadline = self.loop.call_later(wait, self.transport.close)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
