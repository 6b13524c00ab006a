"""The wire format of a kernel's websocket, checked before anything is parsed.

`v1.kernel.websocket.jupyter.org` sends a message as binary: the number of offsets, the offsets, and
then the channel's name and the message's parts, to which the offsets point (all 64-bit, little
endian). https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
Jupyter Server's own parser loops over a count and follows offsets that the sender chose.
"""

import json
from itertools import pairwise
from typing import Any, NamedTuple

PROTOCOL = "v1.kernel.websocket.jupyter.org"
MOST_BYTES = 16 * 1024  # of one message; the page's own are below 4 KB
MOST_PARTS = 8  # header, parent header, metadata, content and a few buffers
_WORD = 8  # bytes of a number
_FEWEST_PARTS = 4


class WireError(ValueError):
    """A message that does not follow the wire format, or that the page never sends."""


class Message(NamedTuple):
    """A message to a kernel: its channel, its parts as they came, and its type."""

    channel: str
    parts: list[bytes]
    kind: str


def parse(message: str | bytes) -> Message:
    """Parse a message of the v1 protocol; WireError where a length, count or offset is wrong."""
    if not isinstance(message, bytes):
        raise WireError("The message is text; this protocol is binary.")
    if len(message) > MOST_BYTES:
        raise WireError(f"The message has {len(message):,} bytes; at most {MOST_BYTES:,} are read.")
    offsets = _offsets(message)
    channel, *parts = (message[start:end] for start, end in pairwise(offsets))
    header = _object(parts[0], "header")
    kind = header.get("msg_type")
    if not isinstance(kind, str):
        raise WireError("The header has no message type.")
    return Message(channel.decode("ascii", "replace"), parts, kind)


def _offsets(message: bytes) -> list[int]:
    """Where the channel's name and the parts begin and where the last one ends."""
    count = int.from_bytes(message[:_WORD], "little")
    start = _WORD * (count + 1)
    if not _FEWEST_PARTS + 2 <= count <= MOST_PARTS + 2 or len(message) < start:
        raise WireError("The number of parts is wrong.")
    offsets = [
        int.from_bytes(message[at : at + _WORD], "little") for at in range(_WORD, start, _WORD)
    ]
    if offsets[0] != start or offsets[-1] != len(message) or offsets != sorted(offsets):
        raise WireError("An offset points outside of its message.")
    return offsets


def content(message: Message) -> dict[str, Any]:
    """A message's content; WireError unless it is a JSON object."""
    return _object(message.parts[3], "content")


def _object(part: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(part)
    except (ValueError, RecursionError):
        raise WireError(f"The {name} is not JSON.") from None
    if not isinstance(value, dict):
        raise WireError(f"The {name} is not a JSON object.")
    return value
