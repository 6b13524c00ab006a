"""Any pen, zoom and speed, dark mode, and a model before any training."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from visits import Server, Strokes, Visit, free_port, on_pad

from digitlib import settings
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.strokes.synthesis import draw

pytest_plugins = ["browser"]

SEVEN = [[(0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)], [(0.4, 0.5), (0.7, 0.5)]]
WHEN_ASKED = ["--VoilaConfiguration.preheat_kernel=False"]  # a kernel starts on demand


@dataclass
class Fresh(Server):
    """A server for any notebook, in a project without data or trained models."""

    notebook: str = "sketch"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DIGITS_DATA_DIR": str(self.folder / "data")}

    def __enter__(self) -> "Fresh":
        self.port = free_port()
        voila, path = Path(sys.executable).with_name("voila"), f"notebooks/{self.notebook}.ipynb"
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [voila, path, "--no-browser", f"--port={self.port}", *WHEN_ASKED, *self.options],
                cwd=settings.project_root(),
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_for(f"localhost:{self.port}")
        return self


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """A server without a promoted model that soon ends idle kernels."""
    options = ["--VisitorKernels.cull_idle_timeout=10", "--VisitorKernels.cull_interval=1"]
    with Fresh(tmp_path_factory.mktemp("fresh"), options) as running:
        yield running


def newest_strokes(server: Server) -> list[list[tuple[float, float]]]:
    """The strokes of the newest submission."""
    return server.store.submissions().project("strokes").fetchone()[0]


def assert_same(strokes: Strokes, drawn: Strokes) -> None:
    """Check that the strokes are equal up to one pixel of the screen."""
    assert [len(stroke) for stroke in strokes] == [len(stroke) for stroke in drawn]
    for stroke, pen in zip(strokes, drawn, strict=True):
        np.testing.assert_allclose(stroke, pen, atol=0.004)


def test_a_stylus_draws(visit: Visit, server: Server) -> None:
    visit.page.evaluate(
        "seen = new Set(); addEventListener('pointermove', e => seen.add(e.pointerType), true)"
    )
    box, client = visit.box(), visit.page.context.new_cdp_session(visit.page)
    for stroke in SEVEN:
        kinds = ["mousePressed"] + ["mouseMoved"] * (len(stroke) - 1) + ["mouseReleased"]
        for kind, (x, y) in zip(kinds, [*stroke, stroke[-1]], strict=True):
            where = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
            how = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
            client.send("Input.dispatchMouseEvent", {"type": kind, **where, **how})
    assert visit.page.evaluate("[...seen]") == ["pen"]
    visit.settle()
    visit.submit(7)
    assert_same(newest_strokes(server), SEVEN)


def test_strokes_are_right_on_a_zoomed_page(browser: Browser, server: Server) -> None:
    size = {"width": 820, "height": 1000}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True)
    visit = Visit(context.new_page(), server.url)
    box, client = visit.box(), context.new_cdp_session(visit.page)
    beside = {"x": box["x"] - 20, "y": box["y"] + 40}
    client.send("Input.synthesizePinchGesture", {**beside, "scaleFactor": 1.6})
    assert visit.page.evaluate("visualViewport.scale") > 1.4
    assert visit.page.evaluate("visualViewport.offsetTop") > 0
    drawn = visit.touch(SEVEN)
    assert_same(visit.drawing(), drawn)
    context.close()


def test_a_burst_of_moves_is_kept_but_predicted_only_now_and_then(
    visit: Visit, server: Server, recogniser: Recogniser
) -> None:
    angles = np.linspace(-1.5, 4.8, 401)
    zero = [[(0.5 + 0.2 * np.cos(a), 0.5 + 0.35 * np.sin(a)) for a in angles]]
    visit.page.evaluate(
        """points => {
          window.predictions = 0;
          const bars = document.querySelector('.digit-bars');
          new MutationObserver(() => predictions++).observe(bars, {childList: true, subtree: true});
          const pad = document.querySelector('canvas.digit-pad');
          const box = pad.getBoundingClientRect();
          const pen = (kind, [x, y]) => pad.dispatchEvent(new MouseEvent(kind, {
            bubbles: true, buttons: 1,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
          }));
          pen('mousedown', points[0]);
          for (const point of points.slice(1)) pen('mousemove', point);
          pen('mouseup', points.at(-1));
        }""",
        zero[0],
    )
    visit.press("label-7")
    visit.press("submit")  # handled after all moves
    expect(visit.text("status")).to_contain_text("Did you mean 0?")
    widths = visit.page.eval_on_selector_all(
        ".digit-bars u", "all => all.map(bar => parseFloat(bar.style.width))"
    )
    visit.submit(0)
    strokes = newest_strokes(server)
    assert_same(strokes, zero)
    (shares,) = recogniser.read([strokes])
    np.testing.assert_allclose(widths, 100 * shares, atol=0.051)
    assert 1 <= visit.page.evaluate("predictions") < 100


def test_the_bundled_model_serves_before_any_training(browser: Browser, fresh: Fresh) -> None:
    visit = Visit(browser.new_page(), fresh.url)
    expect(visit.text("model-card")).to_contain_text(f"Model {Recogniser(BUNDLED).name}")
    visit.draw(SEVEN)
    expect(visit.text("guess")).to_contain_text("7")
    visit.page.context.close()


def test_an_idle_page_loses_its_kernel_and_says_so(browser: Browser, fresh: Fresh) -> None:
    visit = Visit(browser.new_page(), fresh.url)
    until = time.monotonic() + 60
    while fresh.get(f"/api/kernels/{visit.kernel}")[0] == 200:
        assert time.monotonic() < until, "the idle kernel is still alive"
        time.sleep(0.2)
    expect(visit.page.get_by_role("alert")).to_be_hidden()
    visit.page.locator("canvas.digit-pad").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("lost its connection")
    visit.page.context.close()


def tamper(page: Page, part: str, there: str, instead: str, times: int) -> list[str]:
    """Replace a text in the server's answers so many times; returns the list of changes."""
    changed: list[str] = []

    def change(route: Route) -> None:
        if len(changed) == times:
            route.continue_()
            return
        answer = route.fetch()
        text = answer.text()
        if there in text:
            changed.append(part)
        route.fulfill(response=answer, body=text.replace(there, instead, 1))

    page.route(part, change)
    return changed


# Both happen in about one of twenty visits on a busy machine: the widget manager looks for the
# page's widget too early, or Voila does not wait for the cell's output.
MISSES = {
    "widget": (
        "**/voila/scripts.js",
        "await this._loadFromKernel(),this._restoredStatus",
        "this._restoredStatus",
    ),
    "output": ("**/", "jp-OutputArea-child ", "nothing "),
}
NO_CANVAS = ("**/voila/scripts.js", 'get tagName(){return"canvas"}', "get tagName(){throw 1}")


@pytest.mark.parametrize(("what", "times"), [("widget", 1), ("output", 2), ("canvas", 1)])
def test_an_incomplete_page_is_reloaded(
    browser: Browser, server: Server, what: str, times: int
) -> None:
    page = browser.new_page()
    changed = tamper(page, *MISSES.get(what, NO_CANVAS), times)
    visit = Visit(page, server.url)
    assert len(changed) == times
    visit.draw(SEVEN)
    expect(visit.text("guess")).to_contain_text("7")
    page.context.close()


def test_a_page_that_stays_incomplete_says_so(browser: Browser, server: Server) -> None:
    """By whatever cause: all of them reload the page in the same way."""
    page = browser.new_page()
    changed = tamper(page, *MISSES["output"], times=100)
    page.goto(server.url)
    expect(page.locator("#digit-failed")).to_contain_text("could not be made")
    expect(page.locator("#digit-failed")).to_be_visible(timeout=180_000)
    assert len(changed) == 4
    page.context.close()


CONTRAST = """element => {
  const colour = text => {
    const [r, g, b, a = 1] = text.match(/[0-9.]+/g).map(Number);
    return {rgb: [r, g, b], a};
  };
  const over = (top, below) => top.rgb.map((v, i) => top.a * v + (1 - top.a) * below[i]);
  const grounds = [];
  for (let e = element; e; e = e.parentElement)
    grounds.unshift(colour(getComputedStyle(e).backgroundColor));
  const ground = grounds.reduce((below, top) => over(top, below), [255, 255, 255]);
  const text = over(colour(getComputedStyle(element).color), ground);
  const light = rgb => rgb.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const [low, high] = [light(text), light(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


def test_texts_have_enough_contrast_in_light_and_dark(visit: Visit) -> None:
    """The contrast is at least 4.5 (Web Content Accessibility Guidelines, 1.4.3)."""
    visit.text("submit").click(force=True)
    expect(visit.text("status")).to_contain_text("draw a digit first")
    assert low_contrast({"failed": visit.text("status").locator("p")}) == []
    visit.draw(SEVEN)
    visit.submit(7)
    texts = {
        "title": visit.page.get_by_role("heading", name="Sketch a digit"),
        "introduction": visit.page.get_by_text("A small network reads it"),
        "notice": visit.page.get_by_text("Submitting stores your pen"),
        "guess": visit.text("guess").locator("strong"),
        "confidence": visit.text("guess").locator("span"),
        "saved": visit.text("status").locator("p"),
    }
    assert low_contrast(texts) == []


def low_contrast(texts: dict[str, Locator]) -> list[str]:
    """The texts with too little contrast, in light and dark mode."""
    found = []
    for scheme in ("light", "dark"):
        for name, text in texts.items():
            text.page.emulate_media(color_scheme=scheme)
            if (contrast := text.evaluate(CONTRAST)) < 4.5:
                found.append(f"{name}, {scheme}: {contrast:.1f}")
    return found


def test_a_wrong_label_is_rejected_in_the_browser(
    browser: Browser, tmp_path: Path, recogniser: Recogniser
) -> None:
    """The review in notebooks/submissions.ipynb, with a real click on its button."""
    server = Fresh(tmp_path, notebook="submissions")
    three = on_pad(draw(3, np.random.default_rng(0)))
    assert recogniser.read([three]).argmax() == 3
    id = server.store.submit(strokes=three, label=8, recogniser=recogniser, session="a visit")
    with server:
        page = browser.new_page()
        page.goto(server.url, timeout=120_000)  # it imports torch
        expect(page.get_by_text("Label: 8")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_text("Nothing left to review")).to_be_visible()
        page.context.close()
    found = server.store.submissions().project("id, review").fetchall()
    assert found == [(id, "rejected")]
