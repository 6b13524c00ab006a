"""A dashboard that runs as people run it, and a visitor who draws there."""

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
from numpy.typing import ArrayLike
from playwright.sync_api import Locator, Page, expect

from digitlib import settings
from digitlib.recogniser.locations import current_model
from digitlib.store.store import Store

MODEL = current_model()  # before a test changes where models live
Strokes = list[list[tuple[float, float]]]

expect.set_options(timeout=30_000)


@dataclass
class Server:
    """A Voila server started as people start it, with a model and a database of its own."""

    folder: Path
    options: list[str] = field(default_factory=list)
    path: str = "/"

    def __enter__(self) -> "Server":
        models = self.folder / "outputs" / "models"
        shutil.copytree(MODEL, models / "first", ignore=shutil.ignore_patterns("*.md"))
        (models / "current").write_text("first\n")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
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
        """Wait until the log says these words."""
        until = time.monotonic() + seconds
        while words not in self.log:
            assert self.process.poll() is None and time.monotonic() < until, self.log
            time.sleep(0.1)

    def get(self, path: str) -> tuple[int, str]:
        """The status and the body of a page, given as it is, however malformed."""
        request = urllib.request.Request(f"http://localhost:{self.port}{path}")
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
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open()

    def open(self) -> None:
        """Load the page, or load it again, and wait until it can be drawn on."""
        self.page.goto(self.url, timeout=60_000)
        expect(self.text("collected")).to_contain_text("Sketches so far", timeout=60_000)

    def text(self, name: str) -> Locator:
        return self.page.locator(f".digit-{name}")

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
        """Draw with the mouse; returns where the pen was, in pad units, once it has been read."""
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
        """Wait until there is ink and the page has stopped following it: 0.75 s alike."""
        seen: list[object] = []
        bars = "[...document.querySelectorAll('.digit-bars u')].map(bar => bar.style.width)"
        for _ in range(40):
            self.page.wait_for_timeout(250)
            ink = self.ink()
            seen.append((ink, self.page.evaluate(bars), self.text("guess").inner_text()))
            if ink and seen[-4:] == [seen[-1]] * 4:
                return

    def touch(self, strokes: Strokes) -> Strokes:
        """Draw with one finger, as `draw` does with the mouse."""
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

    def ink(self) -> int:
        """How many pixels of the canvas are inked."""
        return self.page.evaluate(
            "(() => { const c = document.querySelector('canvas.digit-pad');"
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n; })()"
        )

    def submit(self, label: int) -> None:
        """Submit under a label, and insist on it if the page asks."""
        self.press(f"label-{label}")
        self.press("submit")
        expect(self.text("status")).to_contain_text(re.compile(f"Saved as {label}|Did you mean"))
        if "Did you mean" in self.text("status").inner_text():
            self.press("submit")
        expect(self.text("status")).to_contain_text(f"Saved as {label}")


def _pixel(box: dict[str, float], point: tuple[float, float]) -> tuple[int, int]:
    x, y = point
    return round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])


def _unit(box: dict[str, float], pixel: tuple[int, int]) -> tuple[float, float]:
    x, y = (pixel[0] - box["x"]) / box["width"], (pixel[1] - box["y"]) / box["height"]
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)


def _without_repeats(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The pad doesn't note a pen that stays where it is."""
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
