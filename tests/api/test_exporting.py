"""All that was submitted comes back: by pages, or whole in the formats that training reads."""

import csv
import io
import json
import socket
import time
from collections.abc import Iterator
from uuid import uuid4

import numpy as np
import pytest
from services import Service

from digitlib.recogniser import Recogniser
from digitlib.strokes import draw, rasterise, read_sketches

PATH = "/v1/submissions"
COUNT = 45  # drawings
PHOTOGRAPHED = rasterise(draw(3, np.random.default_rng(7)))


@pytest.fixture(scope="module")
def filled(service: Service) -> Iterator[Service]:
    """A service with submissions, the first of them an image and the last one rejected."""
    generator, recogniser = np.random.default_rng(1), Recogniser.load()
    service.store.submit(image=PHOTOGRAPHED, label=3, recogniser=recogniser, session="photos")
    for number in range(COUNT):
        id = service.store.submit(
            strokes=draw(number % 10, generator),
            label=number % 10,
            recogniser=recogniser,
            session=f"session-{number % 7}",
        )
    service.store.review(id, "rejected")
    yield service


def ask(service: Service, accept: str = "application/json", **parameters: object):
    headers = {**service.bearer("export"), "Accept": accept}
    return service.client.get(PATH, headers=headers, params=parameters)


def test_pages_show_each_submission_once_newest_first(filled):
    shown, cursor = [], {}
    while True:
        page = ask(filled, limit=20, **cursor).json()
        shown += page["submissions"]
        if page["next"] is None:
            break
        cursor = {"before": page["next"]}
    expected = [str(row.id) for row in filled.store.page(1000)]
    assert [one["id"] for one in shown] == expected
    assert len(set(expected)) == COUNT + 1
    assert (shown[-1]["strokes"], shown[-1]["image"]) == (None, PHOTOGRAPHED.tolist())
    assert shown[0]["strokes"] and shown[0]["image"] is None
    assert shown[0]["review"] == "rejected"
    assert shown[0]["submitted_at"] >= shown[-1]["submitted_at"]
    assert len(shown[0]["probabilities"]) == 10


def test_the_whole_comes_as_parquet_csv_or_lines(filled, tmp_path):
    parquet = ask(filled, "application/vnd.apache.parquet")
    path = tmp_path / "submissions.parquet"
    path.write_bytes(parquet.content)
    sketches = read_sketches(path)
    assert len(sketches) == COUNT - 1
    assert {sketch.source for sketch in sketches} == {"submission"}
    expected = [
        {
            "id": sketch.id,
            "label": sketch.label,
            "strokes": [stroke.tolist() for stroke in sketch.strokes],
            "source": sketch.source,
            "writer": sketch.writer,
            "image": None,
        }
        for sketch in sketches
    ]
    lines = ask(filled, "application/x-ndjson").text.splitlines()
    image, *drawn = (json.loads(line) for line in lines)
    assert drawn == expected
    assert (image["label"], image["strokes"]) == (3, None)
    assert image["image"] == PHOTOGRAPHED.tolist()
    first, *rows = csv.DictReader(io.StringIO(ask(filled, "text/csv").text))
    assert json.loads(first["image"]) == PHOTOGRAPHED.tolist() and not first["strokes"]
    typed = [
        {**row, "label": int(row["label"]), "strokes": json.loads(row["strokes"])} for row in rows
    ]
    for row, one in zip(typed, expected, strict=True):
        assert [np.float32(stroke).tolist() for stroke in row["strokes"]] == one["strokes"]
        assert {**row, "strokes": 0} == {**one, "strokes": 0, "image": ""}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html, text/*;q=0.5", "text/csv"),
        ("application/json;q=0.1, application/x-ndjson", "application/x-ndjson"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
    ],
)
def test_the_format_is_what_accept_prefers(filled, accept, kind):
    answer = ask(filled, accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == kind


def test_what_cannot_be_exported_is_refused(filled):
    assert ask(filled, "image/png").status_code == 406
    assert ask(filled, limit=0).status_code == 422
    assert ask(filled, limit=101).status_code == 422
    assert ask(filled, before="x").status_code == 422
    assert ask(filled, before=uuid4()).status_code == 404
    assert filled.client.get(PATH).status_code == 401
    assert filled.client.get(PATH, headers=filled.bearer("submit")).status_code == 403


def test_exports_leave_pandas_out_of_the_process(filled):
    assert "/pandas/" not in (filled.proc / "maps").read_text()


def test_a_client_that_does_not_read_is_given_up(filled):
    """It opens an export and goes quiet; the service's patience for it is six seconds here."""
    strokes = np.random.default_rng(2).random((1, 19_000, 2))
    recogniser = Recogniser.load()
    for _ in range(12):  # large drawings, so that no buffer holds the whole
        filled.store.submit(strokes=strokes, label=1, recogniser=recogniser, session="large")
    before = filled.sockets
    request = (
        f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n"
        f"Authorization: Bearer {filled.keys['export']}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", filled.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        until = time.monotonic() + 60
        while filled.sockets > before:
            assert time.monotonic() < until, "the service waits for ever"
            time.sleep(0.1)
    assert filled.client.get("/healthz").status_code == 200
    assert "Traceback" not in filled.log
