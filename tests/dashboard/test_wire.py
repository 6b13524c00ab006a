"""Only well-formed messages of the v1 protocol are parsed, in time that their length bounds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from kernel_client import message

from digitlib.dashboard.wire import MOST_BYTES, WireError, content, parse


def test_a_message_of_the_page_is_parsed() -> None:
    parsed = parse(message("comm_msg", {"comm_id": "a"}))
    assert (parsed.channel, parsed.kind) == ("shell", "comm_msg")
    assert content(parsed) == {"comm_id": "a"}
    assert len(parsed.parts) == 4


def test_buffers_are_kept() -> None:
    parts = [json.dumps(part).encode() for part in ({"msg_type": "comm_msg"}, {}, {}, {})]
    parsed = parse(bytes(serialize_msg_to_ws_v1([*parts, b"\x00\xff", b""], "shell")))
    assert parsed.parts[4:] == [b"\x00\xff", b""]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        parse(data)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=12), st.binary(max_size=100))
def test_arbitrary_offsets_are_refused(words: list[int], rest: bytes) -> None:
    with pytest.raises(WireError):
        parse(b"".join(word.to_bytes(8, "little") for word in words) + rest)


@given(st.data())
def test_a_changed_message_is_refused_or_parsed_within_its_bounds(data: st.DataObject) -> None:
    original = bytearray(message("comm_msg", {"comm_id": "a"}))
    at = data.draw(st.integers(0, len(original) - 1))
    original[at] = data.draw(st.integers(0, 255))
    try:
        parsed = parse(bytes(original))
    except WireError:
        return
    assert sum(map(len, parsed.parts)) < len(original)


@pytest.mark.parametrize(
    "wrong", ["text", b"", bytes(MOST_BYTES + 1), message("comm_msg", {"x": "y" * MOST_BYTES})]
)
def test_text_and_long_messages_are_refused(wrong: str | bytes) -> None:
    with pytest.raises(WireError):
        parse(wrong)


@pytest.mark.parametrize("header", [b"[" * 5000, b"1", b"{}", b'{"msg_type": 7}', b"\xff"])
def test_a_header_without_a_type_is_refused(header: bytes) -> None:
    with pytest.raises(WireError):
        parse(bytes(serialize_msg_to_ws_v1([header, b"{}", b"{}", b"{}"], "shell")))
