"""Record the page while somebody draws on it: docs/pictures/dashboard.webp, and one whole view.

The page is the real one: a Voila server with the bundled model and an empty database, in Chromium.

Usage: python docs/animation.py
"""

import io
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from digitlib import settings

PICTURES = settings.project_root() / "docs" / "pictures"
SIZE = {"width": 1000, "height": 960}
SHOWN = 700  # px, the animation's width
LIMIT = 1_000_000  # bytes
# Two digits, as strokes from 0 to 1: a crossed 7 and a 4 in one stroke that some read as 9.
SEVEN = [
    [(0.24, 0.2), (0.5, 0.18), (0.78, 0.19), (0.66, 0.42), (0.52, 0.66), (0.44, 0.86)],
    [(0.36, 0.55), (0.55, 0.52), (0.72, 0.5)],
]
FOUR = [[(0.36, 0.16), (0.3, 0.36), (0.27, 0.54), (0.5, 0.55), (0.74, 0.53)],
        [(0.62, 0.34), (0.6, 0.6), (0.57, 0.88)]]  # fmt: skip


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the page, served by itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DIGITS_DATABASE": str(folder / "digits.duckdb"),
        "DIGITS_OUTPUTS_DIR": str(folder / "outputs"),
    }
    voila = str(Path(sys.executable).with_name("voila"))
    command = [voila, "notebooks/sketch.ipynb", "--no-browser", f"--port={port}"]
    server = subprocess.Popen(
        command, cwd=settings.project_root(), env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, server)
        yield f"http://localhost:{port}/"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    sys.exit("The server of the page ended before it answered.")


class Recorder:
    """Frames of a page, each with the milliseconds that it is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[tuple[Image.Image, int]] = []

    def shoot(self, milliseconds: int) -> None:
        """Add what the page shows now."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append((picture, milliseconds))

    def draw(self, strokes: list[list[tuple[float, float]]]) -> None:
        """Draw with the mouse, with a frame every few pixels."""
        box = self.page.locator("canvas.digit-pad").bounding_box()
        assert box is not None
        for stroke in strokes:
            points = [
                (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke
            ]
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for start, end in pairwise(points):
                steps = max(1, round(math.dist(start, end) / 28))
                for step in range(1, steps + 1):
                    share = step / steps
                    x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
                    self.page.mouse.move(x, y, steps=4)
                    self.page.wait_for_timeout(60)  # a hand's pace, so that the page can follow
                    self.shoot(70)
            self.page.mouse.up()

    def submit(self, label: int) -> None:
        """Choose the label and submit."""
        self.page.locator(f".digit-label-{label}").click()
        self.page.wait_for_timeout(300)
        self.shoot(900)
        self.page.locator(".digit-submit").click()
        expect(self.page.locator(".digit-status")).to_contain_text(f"Saved as {label}")
        self.page.wait_for_timeout(300)
        self.shoot(1500)

    def write(self, path: Path) -> None:
        """Write the frames as an animated WebP, as good as the limit on its size allows."""
        height = round(SHOWN * SIZE["height"] / SIZE["width"])
        small = [
            frame.resize((SHOWN, height), Image.Resampling.LANCZOS) for frame, _ in self.frames
        ]
        for quality in (80, 65, 50, 35):
            file = io.BytesIO()
            small[0].save(
                file, "WEBP", save_all=True, append_images=small[1:], loop=0, method=6,
                duration=[shown for _, shown in self.frames], quality=quality,
            )  # fmt: skip
            if file.tell() < LIMIT:
                break
        settings.write_atomically(path, file.getvalue())
        print(f"{path}: {len(small)} frames, {file.tell() / 1000:.0f} kB")


def main() -> None:
    """Draw two digits on the page and write the animation and the view."""
    expect.set_options(timeout=60_000)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(Path(folder)) as address:
            page = browser.new_page(viewport=SIZE)
            page.goto(address)
            expect(page.locator(".digit-guess")).to_contain_text("Draw a digit")
            page.wait_for_timeout(1000)
            recorder = Recorder(page)
            recorder.shoot(900)
            recorder.draw(SEVEN)
            expect(page.locator(".digit-guess")).to_contain_text("7")
            page.wait_for_timeout(800)
            recorder.shoot(1200)
            page.screenshot(path=PICTURES / "dashboard.png", full_page=True)
            recorder.submit(7)
            recorder.draw(FOUR)
            expect(page.locator(".digit-guess")).to_contain_text("4")
            page.wait_for_timeout(800)
            recorder.shoot(1800)
            page.close()
        browser.close()
    recorder.write(PICTURES / "dashboard.webp")


if __name__ == "__main__":
    main()
