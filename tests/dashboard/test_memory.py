"""A reload or a lost connection loses no drawing, and visitors can take home what they drew."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from visits import Server, Strokes, Visit

from digitlib.dashboard.memory import Memory

pytest_plugins = ["browser"]

ONE: Strokes = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
DASH: Strokes = [[(0.3, 0.5), (0.7, 0.5)]]


def test_a_reload_puts_the_drawing_back(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    visit.submit(1)
    drawn = visit.draw(ONE + DASH)
    ink, kernel = visit.ink(), visit.kernel
    visit.open()
    assert visit.kernel != kernel
    expect(visit.text("record")).to_contain_text(re.compile(r'"returned":"\w'))
    for found, stroke in zip(visit.drawing(), drawn, strict=True):
        np.testing.assert_allclose(found, stroke, atol=1e-4)
    assert visit.ink() == pytest.approx(ink, rel=0.01)
    visit.press("undo")
    visit.settle()
    visit.submit(1)
    expect(visit.text("status")).to_contain_text("Thank you for 2 sketches")  # of both pages
    visit.open()
    assert visit.ink() == 0  # what was submitted is not put back


def test_a_dropped_connection_is_told_and_loses_nothing(visit: Visit) -> None:
    alert = visit.page.get_by_role("alert")
    visit.draw(ONE)
    ink = visit.ink()
    visit.page.context.set_offline(True)
    expect(alert).to_contain_text("lost its connection")
    visit.page.context.set_offline(False)
    expect(alert).to_be_hidden(timeout=60_000)
    assert visit.ink() == ink
    visit.draw(DASH)
    assert visit.ink() > ink
    assert len(visit.drawing()) == 2


def test_what_was_drawn_can_be_downloaded(visit: Visit, server: Server, tmp_path: Path) -> None:
    visit.draw(ONE)
    visit.submit(1)
    downloads = visit.text("downloads")
    for name, kind in (("PNG", "png"), ("JSON", "json")):
        with visit.page.expect_download() as started:
            downloads.get_by_role("button", name=name).click()
        started.value.save_as(tmp_path / f"file.{kind}")
    assert (tmp_path / "file.png").read_bytes().startswith(b"\x89PNG")
    sketch = json.loads((tmp_path / "file.json").read_text())[-1]
    assert list(sketch) == ["id", "label", "strokes", "source", "writer"]
    columns = "id::VARCHAR, label, strokes, 'submission', session"
    row = server.store.submissions().project(columns).fetchone()
    np.testing.assert_allclose(sketch.pop("strokes"), row[2], atol=1e-5)
    assert list(sketch.values()) == [*row[:2], *row[3:]]
    visit.press("take-back")
    expect(visit.text("status")).to_contain_text("Taken back")
    visit.settle()
    kept = json.loads(visit.page.evaluate("sessionStorage.digits"))
    assert sketch["id"] not in [other["id"] for other in kept["sketches"]]


@pytest.mark.parametrize(
    "kept",
    ["", "{}", "[1]", '{"visit":1,"drawing":"!","given":0,"read":0}', '{"drawing":"AAAA"}', "NaN"],
)
def test_a_forged_memory_puts_nothing_back(kept: str) -> None:
    memory = Memory("a visit")
    memory._kept.value = kept
    assert memory.returned is None


def test_a_memory_is_put_back_once_it_is_valid() -> None:
    memory = Memory("a visit")
    point = "AAD//w=="  # 0 and 65,535
    kept = {"visit": "earlier", "drawing": f"{point} {point}", "given": 3, "read": 2}
    memory._kept.value = json.dumps(kept)
    assert [stroke.tolist() for stroke in memory.returned.strokes] == [[[0.0, 1.0]]] * 2
    assert memory.returned[1:] == (3, 2)
