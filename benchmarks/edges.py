"""Are digits that run past the pad's edge read as if the pen had stayed on the edge?

Real digits of writers held out when the model was trained are drawn with a mouse on the page, in a
browser, so that a share of their box lies beyond each edge in turn. A stroke that would begin there
begins at the edge, as the pen must touch the pad first. Printed is how many the page
reads right, and how many the recogniser reads right where the strokes are clamped to the edge,
where they end at it, and as they were drawn.

Usage: python benchmarks/edges.py [--digits 100] [--seed 0]; it needs Chromium and pen digits.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from dashboard import server, visited
from distortions import held_out
from playwright.sync_api import Page, sync_playwright

from digitlib.recogniser import Recogniser
from digitlib.strokes import Strokes

EDGES = ("left", "top", "right", "bottom")
SHARES = (0.05, 0.15)
STROKES = """count => {
    const record = document.querySelector('.digit-record')?.textContent.trim();
    const drawing = JSON.parse(record || '{}').drawing;
    return drawing?.length === count;
}"""


def on_pad(strokes: Strokes) -> Strokes:
    """The drawing, centred on the pad and 70 % of its size, with some 40 points a stroke."""
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    side = size.max() or 1.0
    thinned = [stroke[:: 1 + len(stroke) // 40] for stroke in strokes]
    return [0.5 + 0.7 * (stroke - low - size / 2) / side for stroke in thinned]


def past(strokes: Strokes, edge: int, share: float) -> Strokes:
    """The drawing moved until a share of its box lies beyond an edge, 0 to 3 as `EDGES`."""
    points, axis = np.concatenate(strokes), edge % 2
    low, high = points[:, axis].min(), points[:, axis].max()
    beyond = share * (high - low)
    by = -beyond - low if edge < 2 else 1 + beyond - high
    return [stroke + by * np.eye(2)[axis] for stroke in strokes]


def ended(strokes: Strokes) -> Strokes:
    """The drawing where each stroke ends when it leaves the pad."""
    inside = [((stroke >= 0) & (stroke <= 1)).all(axis=1) for stroke in strokes]
    kept = [
        stroke[np.logical_and.accumulate(inner)]
        for stroke, inner in zip(strokes, inside, strict=True)
    ]
    return [stroke for stroke in kept if len(stroke)] or strokes


def drawn(page: Page, strokes: Strokes) -> int:
    """Draw with the mouse, each stroke from a place on the pad; the digit that the page reads."""
    box = page.locator("canvas.digit-pad").bounding_box()
    assert box is not None
    for stroke in strokes:
        begin = np.clip(stroke[:1], 0.002, 0.998)
        for number, (x, y) in enumerate(np.concatenate([begin, stroke[1:]])):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if number == 0:
                page.mouse.down()
        page.mouse.up()
    page.wait_for_function(STROKES, arg=len(strokes))
    widths = page.eval_on_selector_all(
        ".digit-bars u", "all => all.map(bar => parseFloat(bar.style.width))"
    )
    page.keyboard.press("Escape")
    page.wait_for_function(STROKES, arg=0)
    return int(np.argmax(widths))


def row(page: Page, recogniser: Recogniser, sketches: list[Any], edge: int, share: float) -> str:
    """A line of the table."""
    labels = [sketch.label for sketch in sketches]
    moved = [past(on_pad(sketch.strokes), edge, share) for sketch in sketches]
    ways = [
        [[np.clip(stroke, 0, 1) for stroke in strokes] for strokes in moved],
        [ended(strokes) for strokes in moved],
        moved,
    ]
    read = [recogniser.read(drawings).argmax(axis=1).tolist() for drawings in ways]
    read.insert(0, [drawn(page, strokes) for strokes in moved])
    cells = [sum(np.equal(digits, labels)) for digits in read]
    return f"| {share:.0%} past the {EDGES[edge]} edge | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Digits past the pad's edge.")
    parser.add_argument("--digits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recogniser = Recogniser.named("bundled")
    sketches = held_out(recogniser, options.digits, np.random.default_rng(options.seed))
    print(f"{recogniser.name}, {len(sketches)} digits, right of them:\n")
    print("| moved | page | clamped | ending at the edge | whole |\n|---|---|---|---|---|")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory() as folder,
        server(Path(folder), 1) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page, _ = visited(browser, url)
        page.set_viewport_size({"width": 1280, "height": 720})  # Look inside is not computed
        for share in SHARES:
            for edge in range(len(EDGES)):
                print(row(page, recogniser, sketches, edge, share), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
