"""A dashboard server, started as users start it, and a visitor in a real browser."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1
from numpy.typing import ArrayLike
from playwright.sync_api import Locator, Page, WebSocket, expect

from digitlib import settings
from digitlib.recogniser.locations import current_model
from digitlib.store.store import Store

MODEL = current_model()  # resolved before a test changes the models' folder
Strokes = list[list[tuple[float, float]]]

expect.set_options(timeout=30_000)


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(log: Path, words: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until the log of a running process contains these words."""
    until = time.monotonic() + seconds
    while words not in log.read_text():
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        time.sleep(0.1)


@dataclass
class Server:
    """A Voila server, started as users start it, with its own model and database."""

    folder: Path
    options: list[str] = field(default_factory=list)
    path: str = "/"

    def __enter__(self) -> "Server":
        models = self.folder / "outputs" / "models"
        shutil.copytree(MODEL, models / "first", ignore=shutil.ignore_patterns("*.md"))
        (models / "current").write_text("first\n")
        self.port = free_port()
        voila = str(Path(sys.executable).with_name("voila"))
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [
                    voila,
                    "notebooks/sketch.ipynb",
                    "--no-browser",
                    f"--port={self.port}",
                    *self.options,
                ],
                cwd=settings.project_root(),
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_for("is filled with")
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DIGITS_DATABASE": str(self.database),
            "DIGITS_OUTPUTS_DIR": str(self.folder / "outputs"),
        }

    @property
    def database(self) -> Path:
        return self.folder / "digits.duckdb"

    @property
    def store(self) -> Store:
        return Store(self.database)

    @property
    def log_file(self) -> Path:
        return self.folder / "voila.log"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}{self.path}"

    def wait_for(self, words: str, seconds: float = 60) -> None:
        """Wait until the log contains these words."""
        wait_for(self.log_file, words, self.process, seconds)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """The status and body of a path, which is sent as it is, however malformed."""
        request = urllib.request.Request(f"http://localhost:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")


class Visit:
    """A page of the dashboard, and what a visitor does there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        self._unanswered: set[str] = set()  # ids of messages that the kernel is working on
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._follow)
        self.open()

    def _follow(self, socket: WebSocket) -> None:
        """Note which messages the page sends, and which of them the kernel has dealt with."""
        self._unanswered.clear()
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._unanswered.add(json.loads(deserialize_msg_from_ws_v1(frame)[1][0])["msg_id"])

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and len(frame) < 2_000 and b'"idle"' in frame:
            parent = json.loads(deserialize_msg_from_ws_v1(frame)[1][1])
            self._unanswered.discard(parent.get("msg_id", ""))

    def open(self) -> None:
        """Load the page, or load it again, and wait until it can be drawn on."""
        self.page.goto(self.url, timeout=60_000)
        expect(self.text("collected")).to_contain_text("Sketches so far", timeout=60_000)
        self.settle()

    def reset(self) -> None:
        """Bring the page back to an empty pad and an empty status line, as after loading."""
        self.page.emulate_media(color_scheme="light", forced_colors="none")
        self.draw([[(0.5, 0.5)]])
        self.press("clear")
        expect(self.text("guess")).to_contain_text("Draw a digit")
        self.errors.clear()

    def text(self, name: str) -> Locator:
        return self.page.locator(f".digit-{name}")

    def look(self, name: str) -> list[str]:
        """The colours and lines that tell a button from others."""
        properties = "[s.color, s.backgroundColor, s.borderColor, s.boxShadow, s.outlineStyle]"
        return self.text(name).evaluate(
            f"button => {{ const s = getComputedStyle(button); return {properties}; }}"
        )

    @property
    def kernel(self) -> str:
        """The id of the page's kernel."""
        config = "document.getElementById('jupyter-config-data').textContent"
        return str(self.page.evaluate(f"JSON.parse({config}).kernelId"))

    def press(self, name: str) -> None:
        self.text(name).click()

    def box(self) -> dict[str, float]:
        pad = self.page.locator("canvas.digit-pad")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        return dict(box)

    def draw(self, strokes: Strokes) -> Strokes:
        """Draw with the mouse and wait for the prediction; returns the points in pad units."""
        box, drawn = self.box(), []
        for stroke in strokes:
            points = [_pixel(box, point) for point in stroke]
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point)
            self.page.mouse.up()
            drawn.append(_without_repeats([_unit(box, point) for point in points]))
        self.settle()
        return drawn

    def settle(self) -> None:
        """Wait until the kernel has answered all that the page sent, and the page has shown it."""
        until = time.monotonic() + 60
        self.page.evaluate("0")  # brings the events of the frames sent so far
        while self._unanswered:
            assert time.monotonic() < until, "the kernel does not answer"
            self.page.wait_for_timeout(10)
        frames = "requestAnimationFrame(() => requestAnimationFrame(shown))"
        self.page.evaluate(f"new Promise(shown => {frames})")

    def touch(self, strokes: Strokes) -> Strokes:
        """Draw with one finger; otherwise like `draw`."""
        box, drawn = self.box(), []
        client = self.page.context.new_cdp_session(self.page)
        for stroke in strokes:
            points = [_pixel(box, point) for point in stroke]
            for number, (x, y) in enumerate(points):
                kind = "touchMove" if number else "touchStart"
                parameters = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
                client.send("Input.dispatchTouchEvent", parameters)
            client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            drawn.append(_without_repeats([_unit(box, point) for point in points]))
        self.settle()
        return drawn

    def drawing(self) -> Strokes:
        """The strokes on the pad, as the page keeps them, in units of the pad."""
        self.settle()
        record = json.loads(self.text("record").text_content() or "")
        return [[(x / 65_535, y / 65_535) for x, y in stroke] for stroke in record["drawing"]]

    def ink(self) -> int:
        """The number of inked pixels of the canvas."""
        return self.page.evaluate(
            "(() => { const c = document.querySelector('canvas.digit-pad');"
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n; })()"
        )

    def submit(self, label: int) -> None:
        """Submit with a label, and confirm it if the page asks."""
        self.press(f"label-{label}")
        self.press("submit")
        expect(self.text("status")).to_contain_text(re.compile(f"Saved as {label}|Did you mean"))
        if "Did you mean" in self.text("status").inner_text():
            self.press("keep")
        expect(self.text("status")).to_contain_text(f"Saved as {label}")


def _pixel(box: dict[str, float], point: tuple[float, float]) -> tuple[int, int]:
    x, y = point
    return round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])


def _unit(box: dict[str, float], pixel: tuple[int, int]) -> tuple[float, float]:
    x, y = (pixel[0] - box["x"]) / box["width"], (pixel[1] - box["y"]) / box["height"]
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def _without_repeats(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without repetitions, which the pad ignores."""
    return [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]


def on_pad(strokes: Iterable[ArrayLike]) -> Strokes:
    """Strokes in any unit, scaled to fill most of the pad, with up to 40 points each."""
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    low, side = points.min(axis=0), np.ptp(points, axis=0).max()
    middle = np.ptp(points, axis=0) / side / 2
    return [
        [
            tuple(float(v) for v in (np.asarray(point) - low) / side * 0.7 + 0.5 - 0.7 * middle)
            for point in stroke[:: 1 + len(stroke) // 40]
        ]
        for stroke in strokes
    ]
