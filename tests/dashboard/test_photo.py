"""The dashboard's photo door: what a picture shows is read, corrected, submitted and taken back."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from photo_pages import encoded, page
from PIL import Image

from digitlib.dashboard import photo_input, quota
from digitlib.dashboard.configuration import PROTECTED
from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.photo import Photo
from digitlib.dashboard.photo_input import PhotoInput
from digitlib.dashboard.status import State
from digitlib.store.store import Store

DIGITS = "314926"
PICTURE = encoded(page([DIGITS]), "JPEG", quality=90)


async def settled(photo: Photo) -> str:
    """Wait until nothing is under way; returns what the status line says."""
    while photo.status.state is State.SAVING:
        await asyncio.sleep(0.01)
    return str(photo.status.value)


def visit_with(steps: Coroutine[Any, Any, None]) -> None:
    """Run steps with an event loop, as in a kernel."""
    asyncio.run(asyncio.wait_for(steps, 120))


def labels(photo: Photo) -> str:
    return "".join(digit.button.description for digit in photo.found)


def stored() -> list[tuple[Any, ...]]:
    columns = ("label", "predicted", "image", "strokes", "session", "id")
    return Store().submissions(columns).fetchall()[::-1]


def test_digits_of_a_photo_are_corrected_confirmed_submitted_and_taken_back() -> None:
    async def steps() -> None:
        dashboard = Dashboard()
        photo = dashboard.photo
        photo.open_button.click()
        photo.read(PICTURE)
        assert "I read 6 digits" in await settled(photo)
        assert labels(photo) == DIGITS
        photo.submit_button.click()
        assert "Confirm the digits first" in photo.status.value
        assert stored() == []
        photo.found[1].button.click()
        photo.question._labels[7].click()
        assert labels(photo) == "374926"
        photo.found[4].button.click()
        photo._drop()
        assert photo.submit_button.description == "Submit 1 digit"
        photo.confirm_button.click()
        assert photo.submit_button.description == "Submit 5 digits"
        photo.submit_button.click()
        assert "Saved 5 digits" in await settled(photo)
        rows = stored()
        assert [row[:2] for row in rows] == [(3, 3), (7, 1), (4, 4), (9, 9), (6, 6)]
        for row, digit in zip(rows, photo.found, strict=True):
            assert row[2:] == (
                digit.prediction.image.tobytes(),
                None,
                dashboard.submission.session,
                digit.id,
            )
        photo.submit_button.click()  # nothing is submitted twice
        assert stored() == rows
        photo.recall_button.click()
        assert "Taken back" in await settled(photo)
        assert stored() == []

    visit_with(steps())


def test_what_can_not_be_read_is_told_and_the_panel_goes_on() -> None:
    async def steps() -> None:
        photo = Dashboard().photo
        photo.open_button.click()
        for content, says in {
            b"%PDF-1.4": "a PDF document",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>": "SVG or HTML",
            PICTURE[:300]: "not a whole picture",
            b"": "empty",
            encoded(Image.new("L", (400, 300), 220)): "no digit to be seen",
        }.items():
            photo.read(content)
            assert says in await settled(photo)
        photo.input.most_pixels = 500_000
        photo.read(PICTURE)
        assert "at most 500,000 are read" in await settled(photo)
        photo.input.most_pixels = None
        photo.read(PICTURE)
        photo.read(b"another, while the first is being read")
        assert "I read 6 digits" in await settled(photo)

    visit_with(steps())


async def read_and_confirmed() -> Photo:
    """A page's photo whose digits were read and confirmed."""
    photo = Dashboard().photo
    photo.open_button.click()
    photo.read(PICTURE)
    await settled(photo)
    photo.confirm_others()
    return photo


def test_a_photo_has_the_quota_of_a_visit_and_the_rest_can_be_submitted_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quota, "MOST_A_MINUTE", 4)

    async def steps() -> None:
        photo = await read_and_confirmed()
        photo.submit()
        text = await settled(photo)
        assert "Saved 4 of 6" in text and "4 sketches in a minute" in text
        monkeypatch.setattr(quota, "_MINUTE", 0.0)
        photo.submit()
        assert "Saved 2 digits" in await settled(photo)

    visit_with(steps())
    assert [row[0] for row in stored()] == [3, 1, 4, 9, 2, 6]


def test_a_database_that_fails_loses_no_digit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "novel.duckdb"
    broken.write_text("my novel")
    monkeypatch.setenv("DIGITS_DATABASE", str(broken))

    async def steps() -> None:
        photo = await read_and_confirmed()
        photo.submit()
        assert "not a DuckDB database" in await settled(photo)
        broken.unlink()
        photo.submit()
        assert "Saved 6 digits" in await settled(photo)

    visit_with(steps())
    assert len(stored()) == 6


def pieces_of(content: bytes, size: int = 40) -> list[str]:
    text = base64.b64encode(content).decode()
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return [f"id {number} {len(parts)} {part}" for number, part in enumerate(parts)]


def test_a_picture_comes_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROTECTED, "1")
    came: list[bytes] = []
    given = PhotoInput(came.append)

    def send(*messages: str) -> str:
        for message in messages:
            given._piece.value = message
        return str(given._received.value)

    content = bytes(range(256))
    pieces = pieces_of(content)
    assert send(*pieces) == f"<p>id {len(pieces)}</p>" and came == [content]
    first, second, *rest = pieces
    again = pieces_of(content[::-1])
    most = f"id 0 {photo_input.MOST_BYTES} {'A' * 100}"
    for wrong in (
        [first, rest[0]],
        [first, second.replace("id", "other")],
        [first, second.replace(" 1 ", " -1 ")],
        [most],
        [f"id 0 1 {'A' * 20_000}"],
        ["id 0 1 &&&&"],
        ["id 0 1"],
        ["nonsense"],
    ):
        assert send(*wrong) == "<p>refused</p>"
        assert send(*rest[1:]) == "<p>refused</p>"
    assert came == [content]
    send(*again)
    assert came == [content, content[::-1]]


def test_while_a_picture_arrives_the_one_before_is_gone_and_a_closed_panel_stays_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PROTECTED, "1")

    async def steps() -> None:
        photo = Dashboard().photo
        photo.open_button.click()
        *pieces, last = pieces_of(PICTURE, 14_000)
        for piece in (*pieces, last):
            photo.input._piece.value = piece
        assert "I read 6 digits" in await settled(photo)
        for piece in pieces:
            photo.input._piece.value = piece
        assert labels(photo) == "" and "on its way" in photo.status.value
        photo.close_button.click()
        photo.input._piece.value = last
        assert "I read 6 digits" in await settled(photo)
        assert labels(photo) == DIGITS and not photo.is_open
        photo.input._piece.value = pieces[0]
        photo.input._piece.value = "nonsense"
        assert "Photograph or scan" in photo.status.value

    visit_with(steps())


def test_opencv_is_loaded_only_when_a_photo_comes() -> None:
    program = (
        "import sys; from digitlib.dashboard.page import Dashboard; page = Dashboard();"
        "page.photo.open_button.click(); print('cv2' in sys.modules);"
        "page.photo.read(b'no picture'); print('cv2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
