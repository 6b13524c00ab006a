"""How fast the dashboard is for a visitor, for fifty at once, and with a hostile one among them.

Usage: python benchmarks/dashboard.py [--visitors 50] [--no-browser]; five minutes.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from playwright.sync_api import Browser, Page, sync_playwright
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from digitlib import settings
from digitlib.dashboard.brush import SIDE
from digitlib.store import Store
from digitlib.strokes import draw

PROTOCOL = "v1.kernel.websocket.jupyter.org"
WATCH = """
    window.seen = {guesses: []};
    const look = () => {
        if (!seen.usable && document.querySelector('.digit-collected h2'))
            seen.usable = performance.now();
    };
    new MutationObserver(look).observe(document, {subtree: true, childList: true});
"""
WATCH_GUESS = """() => {
    new MutationObserver(() => seen.guesses.push(performance.now())).observe(
        document.querySelector('.digit-bars'), {subtree: true, childList: true});
    addEventListener('mouseup', () => { seen.up = performance.now(); }, true);
}"""


@contextmanager
def server(folder: Path, warm: int) -> Iterator[str]:
    """A dashboard with so many warm kernels; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    voila = str(Path(sys.executable).with_name("voila"))
    command = [voila, "notebooks/sketch.ipynb", "--no-browser", f"--port={port}"]
    command += [f"--VoilaConfiguration.default_pool_size={warm}"]
    command += ["--VisitorKernels.pads_per_address=60"]  # all visitors come from this machine
    environment = {**os.environ, "DIGITS_DATABASE": str(folder / "digits.duckdb")}
    with (folder / "voila.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=settings.project_root(), env=environment, stdout=log, stderr=log
        )
    words = "is filled with" if warm else "is running at"
    while words not in (folder / "voila.log").read_text():
        time.sleep(0.2)
    time.sleep(3)  # the kernels run the notebook
    try:
        yield f"http://localhost:{port}/"
    finally:
        process.terminate()
        process.wait(60)


def visited(browser: Browser, url: str, page: Page | None = None) -> tuple[Page, float]:
    """A page once it is usable, and after how many seconds that was."""
    page = page or browser.new_page(viewport={"width": 1280, "height": 1000})
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_function("seen.usable", timeout=60_000)
    return page, page.evaluate("seen.usable") / 1000


def drawn(page: Page, seed: int) -> tuple[float, float]:
    """Draw a digit at 60 points a second: the final guess's delay in ms, guesses a second."""
    box = page.locator("canvas.digit-pad").bounding_box()
    assert box is not None
    page.evaluate("seen.guesses = []")
    side = box["width"]
    points = 0.15 + 0.7 * draw(seed % 10, np.random.default_rng(seed))[0]
    begun = time.perf_counter()
    for number, (x, y) in enumerate(np.repeat(points, 2, axis=0)):
        page.mouse.move(box["x"] + x * side + number % 2, box["y"] + y * side)
        if number == 0:
            page.mouse.down()
        time.sleep(max(0.0, begun + number / 60 - time.perf_counter()))
    page.mouse.up()
    seconds = time.perf_counter() - begun
    page.wait_for_timeout(400)
    seen = page.evaluate("seen")
    during = [guess for guess in seen["guesses"] if guess <= seen["up"]]
    delay = max(0.0, max(seen["guesses"], default=seen["up"]) - seen["up"])
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    return delay, len(during) / seconds


def resident(pid: int | str) -> float:
    """What a process holds, in MB; 0 for one that has ended."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
    return 0.0


def memory(url: str) -> tuple[float, list[float]]:
    """What the server at this address and each of its kernels hold, in MB."""
    port = url.split(":")[2].strip("/")
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"--port={port}" in command.read_text():
                pid = command.parent.name
                kernels = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                return resident(pid), list(map(resident, kernels))
    return float("nan"), []


def packed(kind: str, content: dict[str, Any]) -> tuple[bytes, str]:
    """A message of the kernel's websocket, and its id."""
    header = {"msg_id": os.urandom(8).hex(), "session": "v", "username": "", "date": ""}
    header |= {"msg_type": kind, "version": "5.3"}
    parts = [json.dumps(part).encode() for part in (header, {}, {"version": "1.0.0"}, content)]
    return bytes(serialize_msg_to_ws_v1(parts, "shell")), header["msg_id"]


class Visitor:
    """What a page sends and hears, without a browser, so that fifty fit on one machine."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.socket: WebSocketClientConnection

    async def come(self) -> None:
        """Get the page, connect to its kernel, and learn its widgets' names."""
        client = AsyncHTTPClient(force_instance=True)
        body = (await client.fetch(HTTPRequest(self.url, request_timeout=300))).body
        found = re.search(rb'"kernelId": "([\w-]+)"', body)
        assert found
        self.address = f"ws{self.url[4:]}api/kernels/{found[1].decode()}/channels?session_id=v"
        request = HTTPRequest(self.address, connect_timeout=300, request_timeout=300)
        self.socket = await websocket_connect(request, subprotocols=[PROTOCOL])
        control = {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}}
        await self.send("comm_open", control)
        request_states = {"comm_id": "control", "data": {"method": "request_states"}}
        while True:  # what a kernel says before it listens to this visitor is lost
            await self.send("comm_msg", request_states)
            try:
                states = json.loads(await self.hear(b"update_states", seconds=10))["data"]["states"]
                break
            except TimeoutError:
                await self.send("comm_open", control)
        self.pad = next(key for key, s in states.items() if s["model_name"] == "CanvasModel")
        self.button = {s["state"].get("description"): key for key, s in states.items()}
        await self.tell(self.pad, {"event": "client_ready"})

    async def send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a message to the kernel; returns its id."""
        text, message_id = packed(kind, content)
        await self.socket.write_message(text, binary=True)
        return message_id

    async def tell(self, widget: str, content: dict[str, Any]) -> str:
        """Send a widget's own message; returns its id."""
        data = {"method": "custom", "content": content}
        return await self.send("comm_msg", {"comm_id": widget, "data": data})

    async def answered(self, message_id: str) -> None:
        """Wait until the kernel has dealt with a message."""
        while True:
            message = await asyncio.wait_for(self.socket.read_message(), 300)
            assert isinstance(message, bytes)
            if message_id.encode() in message and b'"idle"' in message:
                return

    async def hear(self, *words: bytes, seconds: float = 300) -> bytes:
        """Wait for a message with some of these words; its content."""
        while True:
            message = await asyncio.wait_for(self.socket.read_message(), seconds)
            assert isinstance(message, bytes)
            if any(word in message for word in words):
                return bytes(deserialize_msg_from_ws_v1(message)[1][3])

    async def draw_and_submit(self, digit: int) -> tuple[float, float]:
        """Draw at 60 points a second, label, submit; seconds from pen up to guess and to saved."""
        strokes = draw(digit, np.random.default_rng(digit))
        for stroke in strokes:
            for number, (x, y) in enumerate((0.15 + 0.7 * stroke) * SIDE):
                event = "mouse_move" if number else "mouse_down"
                await self.tell(self.pad, {"event": event, "x": x, "y": y})
                await asyncio.sleep(1 / 60)
            up = await self.tell(self.pad, {"event": "mouse_up", "x": 0, "y": 0})
        begun = time.perf_counter()
        await self.answered(up)
        guessed = time.perf_counter() - begun
        await self.tell(self.button[str(digit)], {"event": "click"})
        begun = time.perf_counter()
        await self.tell(self.button["Submit"], {"event": "click"})
        if b"Did you mean" in await self.hear(b"Saved as", b"Did you mean"):
            await self.tell(self.button["Submit"], {"event": "click"})  # yes, that digit
            await self.hear(b"Saved as")
        return guessed, time.perf_counter() - begun


async def attack(url: str, kind: str) -> None:
    """Attack a server until this process is ended."""
    client = AsyncHTTPClient(force_instance=True)
    while kind == "images":  # as other sites' pages ask for them
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        await client.fetch(HTTPRequest(url, headers=headers), raise_error=False)
        await asyncio.sleep(0.05)
    visitor = Visitor(url)
    await visitor.come()
    state = {"comm_id": visitor.pad, "data": {"method": "update", "state": {"x": "x" * 9_000_000}}}
    request = {"comm_id": "control", "data": {"method": "request_states"}}
    while True:
        try:
            for _ in range(60):
                text = {
                    "malformed": b"\xff" * 8,
                    "unread": packed("comm_msg", request)[0],
                    "large": packed("comm_msg", state)[0] if kind == "large" else b"",
                }[kind]
                await visitor.socket.write_message(text, binary=True)
            await asyncio.sleep(0.05)
        except WebSocketClosedError:
            await asyncio.sleep(0.05)
            visitor.socket = await websocket_connect(visitor.address, subprotocols=[PROTOCOL])


def run_attack(url: str, kind: str) -> None:
    """Attack a server, in a process of its own."""
    asyncio.run(attack(url, kind))


async def crowd(url: str, count: int) -> None:
    """Print what so many visitors at once meet, alone and with each kind of hostile visitor."""
    visitors = [Visitor(url) for _ in range(count)]
    begun = time.perf_counter()
    await asyncio.gather(*(visitor.come() for visitor in visitors))
    print(f"| {count} visitors come at once; all can draw | {time.perf_counter() - begun:.0f} s |")
    spawn = multiprocessing.get_context("spawn")  # a fork would share the visitors' sockets
    for kind in (None, "malformed", "unread", "large", "images"):
        hostile = spawn.Process(target=run_attack, args=(url, kind), daemon=True)
        if kind:
            hostile.start()
        await asyncio.sleep(5)
        measured = await asyncio.gather(
            *(visitor.draw_and_submit(n % 10) for n, visitor in enumerate(visitors))
        )
        if kind:
            hostile.kill()
        guessed, saved = np.percentile(measured, 95, axis=0)
        process, kernels = memory(url)
        print(
            f"| {count} draw and submit at once, hostile visitor: {kind or 'none'} | pen up to"
            f" guess {1000 * guessed:.0f} ms, submit to saved {saved:.1f} s (95 %); server"
            f" {process:.0f} MB, kernels {sum(kernels):.0f} MB |",
            flush=True,
        )


def together(folder: Path, count: int) -> None:
    """Print what so many visitors at once meet, and check that nothing of theirs is lost."""
    with server(folder, 2) as url:
        asyncio.run(crowd(url, count))
    kept = Store(folder / "digits.duckdb").tally().total
    print(f"| sketches kept of {5 * count} | {kept} |", flush=True)


def alone(folder: Path) -> None:
    """Print what one visitor meets, in a real browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with server(folder, 0) as url:
            print(f"| usable, cold kernel | {visited(browser, url)[1]:.2f} s |")
        with server(folder, 2) as url:
            page, first = visited(browser, url)
            print(f"| usable, warm kernel, first visit of a browser | {first:.2f} s |")
            again = []
            for _ in range(5):
                time.sleep(6)  # the next kernel is warm by then
                again.append(visited(browser, url, page)[1])
            print(f"| usable, warm kernel, median of 5 more visits | {np.median(again):.2f} s |")
            page.evaluate(WATCH_GUESS)
            delays, rates = zip(*(drawn(page, seed) for seed in range(30)), strict=True)
            delay = np.percentile(delays, 95)
            print(f"| pen up to final guess, 95 % of 30 digits | {delay:.0f} ms |")
            print(f"| guesses a second while drawing, median | {np.median(rates):.0f} |")
            print(f"| a visitor's kernel, largest | {max(memory(url)[1]):.0f} MB |", flush=True)
        browser.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=50, help="0: leave these parts out")
    parser.add_argument("--no-browser", action="store_true", help="leave out what needs Chromium")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores\n| what | measured |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not given.no_browser:
            alone(folder)
        if given.visitors:
            together(folder, given.visitors)


if __name__ == "__main__":
    main()
