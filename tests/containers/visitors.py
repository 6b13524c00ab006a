"""What people and programs do with the containers: `python visitors.py submit|page|scaled`.

Run by `tests/containers.sh`, which sets the variables that are read here.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser import CHROMIUM, QUIET
from visits import Visit

from digitlib.strokes import draw

PAGE, SERVICE = os.environ["PAGE"], os.environ["SERVICE"]
ENGINE, PASSWORD = os.environ["ENGINE"], os.environ["DIGITS_DASHBOARD_PASSWORD"]
ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
VISITORS = 6
expect.set_options(timeout=120_000)  # all servers share this machine


def submit(count: int) -> None:
    """Submit so many labelled drawings of ten visits through the service."""
    client = httpx.Client(headers={"Authorization": f"Bearer {os.environ['KEY']}"}, timeout=60)
    generator = np.random.default_rng(int(time.time()))
    for number in range(count):
        label = number % 10
        strokes = [np.asarray(stroke).tolist() for stroke in unit(draw(label, generator))]
        body = {"strokes": strokes, "label": label, "session": f"visit-{number // 10}"}
        while (answer := client.post(f"{SERVICE}/v1/submissions", json=body)).status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
        answer.raise_for_status()
    read = client.post(f"{SERVICE}/v1/read", json={"strokes": ONE}).raise_for_status().json()
    print(read["model"])


def unit(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Strokes in units of the pad."""
    points = np.concatenate(strokes)
    low, side = points.min(axis=0), np.ptp(points, axis=0).max()
    return [(stroke - low) / side * 0.8 + 0.1 for stroke in strokes]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def visit(browser: Browser) -> Visit:
    """Log in from a browser of its own, and wait until the page can be drawn on."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.request.get(f"{PAGE}/login")
    xsrf = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "_xsrf")
    form = {"password": PASSWORD, "_xsrf": xsrf}
    answer = context.request.post(f"{PAGE}/login", form=form, max_redirects=0)
    assert answer.status == 302, answer.status
    return Visit(context.new_page(), f"{PAGE}/")


def page() -> None:
    """Draw and submit on the page."""
    with chromium() as browser:
        visitor = visit(browser)
        visitor.draw(ONE)
        expect(visitor.text("guess")).to_contain_text("1")
        visitor.submit(1)


def kernels() -> dict[str, set[str]]:
    """The kernels of each of the dashboard's containers, by the container's id."""
    listed = ["ps", "--quiet", "--filter", "label=com.docker.compose.service=dashboard"]
    ids = engine(*listed).split()
    pattern = re.compile(r"kernel-([0-9a-f-]{36})\.json")
    return {id: set(pattern.findall(engine("top", id))) for id in ids}


def engine(*words: str) -> str:
    """What a command of the container engine prints."""
    return subprocess.run([ENGINE, *words], capture_output=True, text=True, check=True).stdout


def scaled() -> None:
    """Several visitors at several servers, of which one is killed."""
    with chromium() as browser:
        visitors = [visit(browser) for _ in range(VISITORS)]
        for visitor in visitors:
            visitor.draw(ONE)
            visitor.submit(1)
        servers = kernels()
        places = [next(s for s, ks in servers.items() if v.kernel in ks) for v in visitors]
        assert len(servers) == 3 and len(set(places)) > 1, (servers, places)
        victim = places[0]
        engine("kill", victim)
        for visitor, place in zip(visitors, places, strict=True):
            if place == victim:
                expect(visitor.page.locator("#digit-lost")).to_be_visible(timeout=60_000)
                visitor.open()  # as the notice says: reload, without logging in again
            visitor.draw(ONE)
            visitor.submit(1)
        lost = places.count(victim)
        print(f"{lost} of {VISITORS} visitors were told; the others went on; all submitted again")


if __name__ == "__main__":
    {"submit": lambda: submit(int(sys.argv[2])), "page": page, "scaled": scaled}[sys.argv[1]]()
