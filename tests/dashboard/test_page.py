"""The dashboard in a real browser: draw, predict, undo, clear, submit; mouse, touch and keys."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, WebSocket, expect
from visits import Server, Strokes, Visit, on_pad

from digitlib.recogniser.model import Recogniser
from digitlib.strokes.sketches import read_sketches
from digitlib.strokes.synthesis import draw, draw_many

pytest_plugins = ["browser"]

ONE = [[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]]
DATA = Path(os.environ.get("DIGITS_DATA_DIR", "data"))
SKETCHES = sorted((DATA / "sketches").glob("*.parquet"))


def clear_digit(recogniser: Recogniser, digit: int) -> Strokes:
    """A drawing that the model recognises correctly and with confidence."""
    for seed in range(100):
        strokes = on_pad(draw(digit, np.random.default_rng(seed)))
        if recogniser.read([strokes])[0, digit] > 0.98:
            return strokes
    raise AssertionError(f"The model recognises no synthetic {digit}.")


def newest(server: Server) -> dict:
    submissions = server.store.submissions()
    return dict(zip(submissions.columns, submissions.fetchone(), strict=True))


def test_a_digit_is_predicted_and_saved_as_it_was_drawn(
    visit: Visit, server: Server, recogniser: Recogniser
) -> None:
    expect(visit.text("guess")).to_contain_text("Draw a digit")
    drawn = visit.draw(clear_digit(recogniser, 4))
    expect(visit.text("guess")).to_contain_text("I read a 4")
    assert visit.ink() > 2000
    visit.press("submit")  # the prediction is preselected
    expect(visit.text("status")).to_contain_text("Saved as 4")
    expect(visit.text("guess")).to_contain_text("Draw a digit")
    assert visit.ink() == 0
    row = newest(server)
    assert (row["label"], row["predicted"], row["model"]) == (4, 4, recogniser.name)
    assert [len(stroke) for stroke in row["strokes"]] == [len(stroke) for stroke in drawn]
    for kept, pen in zip(row["strokes"], drawn, strict=True):
        np.testing.assert_allclose(kept, pen, atol=1e-5)


def test_a_chosen_label_stays_when_another_stroke_is_drawn(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    visit.press("label-7")
    visit.draw([[(0.3, 0.5), (0.7, 0.5)]])
    expect(visit.text("submit")).to_have_text("Submit as 7")
    expect(visit.text("label-7")).to_have_attribute("aria-pressed", "true")
    visit.submit(7)
    assert newest(server)["label"] == 7


def test_a_label_that_the_model_contradicts_must_be_confirmed(
    visit: Visit, server: Server, recogniser: Recogniser
) -> None:
    before = len(server.store.submissions())
    for answer, label in (("change", 7), ("keep", 1)):
        visit.draw(clear_digit(recogniser, 7))
        visit.press("label-1")
        visit.text("submit").dblclick()
        visit.page.keyboard.press("Enter")
        expect(visit.text("status")).to_contain_text("Did you mean 7?")
        expect(visit.text("keep")).to_be_disabled()  # until the question can be read
        expect(visit.text("change")).to_have_text("Change to 7")
        expect(visit.text("keep")).to_have_text("Keep 1")
        visit.settle()
        visit.page.keyboard.press("Enter")  # in the habit of submitting with it
        visit.settle()
        assert len(server.store.submissions()) == before
        visit.press(answer)
        expect(visit.text("status")).to_contain_text(f"Saved as {label}")
        assert newest(server)["label"] == label
        before += 1
        assert len(server.store.submissions()) == before


def test_undo_removes_strokes_and_only_take_back_a_submission(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    one_stroke = visit.ink()
    visit.draw([[(0.2, 0.2), (0.8, 0.2)]])
    assert visit.ink() > one_stroke
    visit.press("undo")
    visit.settle()
    assert visit.ink() == one_stroke
    visit.submit(1)
    before = server.store.tally().total
    for _ in range(3):
        visit.text("undo").click(force=True)  # it looks as if it did nothing, and does
    visit.settle()
    expect(visit.text("undo")).to_have_text("Undo")
    assert server.store.tally().total == before
    expect(visit.text("take-back")).to_have_text("Take back your 1")
    visit.press("take-back")
    expect(visit.text("status")).to_contain_text("Taken back")
    assert server.store.tally().total == before - 1
    assert visit.ink() == one_stroke  # it can be submitted with another label
    visit.press("clear")
    expect(visit.text("guess")).to_contain_text("Draw a digit")
    assert visit.ink() == 0


def test_undo_restores_what_was_cleared(visit: Visit) -> None:
    visit.draw(ONE)
    ink = visit.ink()
    visit.page.keyboard.press("Escape")
    expect(visit.text("guess")).to_contain_text("Draw a digit")
    visit.page.keyboard.press("Control+z")
    visit.settle()
    assert visit.ink() == ink


def test_the_status_describes_the_sketch_on_the_pad(
    visit: Visit, server: Server, recogniser: Recogniser
) -> None:
    visit.text("submit").click(force=True)
    expect(visit.text("status")).to_contain_text("draw a digit first")
    visit.draw(clear_digit(recogniser, 7))
    expect(visit.text("status")).to_have_text("")
    visit.press("label-1")
    visit.press("submit")
    expect(visit.text("status")).to_contain_text("Did you mean 7?")
    visit.press("label-7")
    expect(visit.text("status")).to_have_text("")
    visit.press("submit")
    expect(visit.text("status")).to_contain_text("Saved as 7")
    visit.text("submit").click(force=True)  # a second tap
    visit.settle()
    expect(visit.text("status")).to_contain_text("Saved as 7")
    visit.draw(ONE)
    expect(visit.text("status")).to_have_text("")


def test_enter_submits_after_a_click_on_a_label(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    visit.press("label-1")
    visit.page.keyboard.press("Enter")
    expect(visit.text("status")).to_contain_text("Saved as 1")


def test_nothing_is_submitted_without_ink_or_label(visit: Visit, server: Server) -> None:
    before = server.store.tally().total
    visit.text("submit").click(force=True)
    expect(visit.text("status")).to_contain_text("draw a digit first")
    visit.draw([[(0.5, 0.5)]])
    expect(visit.text("guess")).to_contain_text("Just a dot")
    visit.text("submit").click(force=True)
    expect(visit.text("status")).to_contain_text("Tap the digit")
    assert server.store.tally().total == before


def test_an_ambiguous_drawing_gets_a_question(visit: Visit, recogniser: Recogniser) -> None:
    for strokes in draw_many(400, seed=3)[0]:
        low, high = np.concatenate(strokes).min(axis=0), np.concatenate(strokes).max(axis=0)
        fitted = [0.15 + 0.7 * (stroke - low) / max(high - low) for stroke in strokes]
        shares = recogniser.read([fitted])[0]
        leading = np.sort(shares)[::-1]  # clearly below the threshold and apart
        if 0.55 < leading[0] < recogniser.threshold - 0.1 and np.diff(-leading[:3]).min() > 0.1:
            break
    first, second = (int(digit) for digit in np.argsort(-shares)[:2])
    visit.draw([[tuple(point) for point in stroke] for stroke in fitted])
    expect(visit.text("guess")).to_contain_text(re.compile(f"Is it an? {first} or an? {second}"))
    expect(visit.text("submit")).to_have_text("Submit")
    bars = visit.page.locator(".digit-bars li span")
    for digit in (first, second):
        expect(bars.nth(digit)).to_have_text(re.compile(r"\d\d %"))
    for scheme, forced in (("light", "none"), ("dark", "none"), ("light", "active")):
        visit.page.emulate_media(color_scheme=scheme, forced_colors=forced)
        looks = [visit.look(f"label-{digit}") for digit in range(10)]
        plain = looks[next(digit for digit in range(10) if digit not in (first, second))]
        assert {digit for digit in range(10) if looks[digit] != plain} == {first, second}


def test_a_letter_is_not_presented_as_a_digit(visit: Visit) -> None:
    visit.draw([[(0.2, 0.9), (0.2, 0.1), (0.5, 0.6), (0.8, 0.1), (0.8, 0.9)]])  # an M
    expect(visit.text("guess")).to_contain_text("Is that a digit?")
    expect(visit.text("submit")).to_have_text("Submit")


def test_a_reload_empties_the_pad_and_keeps_the_submissions(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    visit.submit(1)
    total = server.store.tally().total
    visit.open()
    expect(visit.text("collected")).to_contain_text(f"{total:,} sketch")
    assert visit.ink() == 0
    visit.draw(ONE)
    assert visit.ink() > 1000
    expect(visit.text("guess")).not_to_contain_text("Draw a digit")


PHONES = {"phone": (390, 3, 1.0), "small phone": (320, 2, 1.0), "tablet, zoomed": (820, 2, 1.4)}


@pytest.mark.parametrize("kind", PHONES)
def test_a_finger_draws_without_moving_the_page(
    browser: Browser, server: Server, recogniser: Recogniser, kind: str
) -> None:
    width, ratio, zoom = PHONES[kind]
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        device_scale_factor=ratio,
        has_touch=True,
        is_mobile=True,
    )
    visit = Visit(context.new_page(), server.url)
    visit.page.evaluate(f"document.body.style.zoom = {zoom}")
    box = visit.box()
    assert box["width"] == pytest.approx(box["height"], abs=0.01)
    assert box["width"] > 220
    at = visit.page.evaluate("scrollY")
    drawn = visit.touch(clear_digit(recogniser, 3))
    expect(visit.text("guess")).to_contain_text("I read a 3")
    assert visit.page.evaluate("scrollY") == at
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visit.submit(3)
    expect(visit.text("status").locator("p")).to_be_in_viewport(ratio=1)  # without scrolling
    for kept, pen in zip(newest(server)["strokes"], drawn, strict=True):
        np.testing.assert_allclose(kept, pen, atol=1e-4)
    sizes = visit.page.eval_on_selector_all(
        ".digit-draw button, .digit-answer button",
        "all => all.filter(b => b.checkVisibility()).map(b => b.getBoundingClientRect().height)",
    )
    assert min(sizes) >= 44
    assert visit.errors == []
    context.close()


def test_visitors_do_not_affect_each_other(
    browser: Browser, server: Server, recogniser: Recogniser
) -> None:
    visits = [Visit(browser.new_page(), server.url) for _ in range(2)]
    for visit, digit in zip(visits, (3, 7), strict=True):
        visit.draw(clear_digit(recogniser, digit))
    for visit, digit in zip(visits, (3, 7), strict=True):
        expect(visit.text("guess")).to_contain_text(f"I read a {digit}")
        visit.submit(digit)
    visits[0].press("take-back")
    expect(visits[0].text("status")).to_contain_text("Taken back")
    assert newest(server)["label"] == 7
    for visit in visits:
        visit.page.context.close()


def test_every_button_has_a_key(visit: Visit, server: Server) -> None:
    visit.draw(ONE)
    keyboard = visit.page.keyboard  # the pad has the focus now
    keyboard.press("5")
    expect(visit.text("submit")).to_have_text("Submit as 5")
    keyboard.press("Enter")
    expect(visit.text("status")).to_contain_text("Did you mean 1?")
    expect(visit.text("keep")).to_be_enabled()
    visit.text("keep").press("Enter")
    expect(visit.text("status")).to_contain_text("Saved as 5")
    visit.text("take-back").press("Enter")
    expect(visit.text("status")).to_contain_text("Taken back")
    assert visit.ink() > 0
    keyboard.press("Escape")
    expect(visit.text("guess")).to_contain_text("Draw a digit")
    visit.page.locator("canvas.digit-pad").focus()
    keyboard.press("Tab")
    expect(visit.text("undo")).to_be_focused()
    for _ in range(14):
        keyboard.press("Tab")
    expect(visit.text("submit")).to_be_focused()


def test_the_choice_is_visible_in_forced_colours(visit: Visit) -> None:
    visit.page.emulate_media(forced_colors="active")
    visit.draw(ONE)
    grounds = [
        visit.text(name).evaluate("element => getComputedStyle(element).backgroundColor")
        for name in ("label-1", "label-2", "bars .is-best u", "bars i >> nth=0")
    ]
    assert grounds[0] != grounds[1]
    assert grounds[2] != grounds[3]


def test_screen_readers_find_a_name_for_everything(visit: Visit) -> None:
    expect(visit.page.get_by_role("img", name="The pad: draw a digit here")).to_be_visible()
    expect(visit.page.get_by_role("group", name="Which digit is it?")).to_be_visible()
    expect(visit.page.get_by_role("button", name="7", exact=True)).to_be_visible()
    visit.text("submit").click(force=True)
    told = visit.page.get_by_role("status")
    expect(told.filter(has_text="draw a digit first")).to_have_count(1)
    visit.draw(ONE)
    expect(told.filter(has_text="I read a 1")).to_have_count(1)
    assert visit.page.title() == "Sketch a digit"
    assert visit.page.eval_on_selector_all("img:not([alt])", "all => all.length") == 0


def test_a_failed_submission_is_explained_and_the_sketch_stays(
    visit: Visit, server: Server
) -> None:
    visit.draw(ONE)
    ink, safe = visit.ink(), server.database.with_name("safe")
    server.store.record_run(run_name="", notebook="", parameters={}, metrics={}, model="")
    shutil.move(server.database, safe)
    server.database.write_text("my novel")
    visit.press("label-1")
    visit.press("submit")
    expect(visit.text("status")).to_contain_text("is not a DuckDB database")
    expect(visit.text("status")).to_contain_text("still here")
    assert server.database.read_text() == "my novel"
    server.wait_for("Not saved: ")  # the operator finds the reason
    assert "is not a DuckDB database" in server.log
    shutil.move(safe, server.database)
    assert visit.ink() == ink
    visit.press("submit")
    expect(visit.text("status")).to_contain_text("Saved as 1")


def test_a_promoted_model_serves_the_next_visitor(
    browser: Browser, server: Server, recogniser: Recogniser
) -> None:
    models = server.folder / "outputs" / "models"
    shutil.copytree(models / "first", models / "second")
    card = json.loads((models / "second" / "card.json").read_text())
    card["name"] = "second <b>model</b>"
    (models / "second" / "card.json").write_text(json.dumps(card))
    (models / "current").write_text("second\n")
    try:
        visit = Visit(browser.new_page(), server.url)
        expect(visit.text("model-card")).to_contain_text("Model second <b>model</b>")
        visit.page.get_by_text("Model card").click()
        expect(visit.text("model-card")).to_contain_text(card["architecture"])
        visit.page.context.close()
    finally:
        (models / "current").write_text("first\n")


def test_a_page_with_late_widgets_misses_nothing(browser: Browser, server: Server) -> None:
    """Messages to a widget without its code are dropped; the kernel sends all states again."""
    models = server.folder / "outputs" / "models"
    sockets: list[WebSocket] = []
    held: list[str] = []
    shutil.copytree(models / "first", models / "late")
    card = json.loads((models / "late" / "card.json").read_text())
    (models / "late" / "card.json").write_text(json.dumps(card | {"name": "late model"}))
    page = browser.new_page()

    def seen(socket: WebSocket) -> None:
        sockets.append(socket)

    def hold(route: Route) -> None:
        """Delay the code of buttons and texts until after the canvas has announced itself."""
        if sockets:
            held.append(route.request.url)
            time.sleep(1)  # the browser goes on meanwhile
        route.continue_()

    page.on("websocket", seen)
    page.route("**/voila/scripts.js", lambda route: route.abort())  # each script comes alone
    page.route("**/jupyterlab-manager/static/*.js*", hold)
    (models / "current").write_text("late\n")
    try:
        visit = Visit(page, server.url)
        assert held
        expect(visit.text("model-card")).to_contain_text("Model late model")
    finally:
        (models / "current").write_text("first\n")
    visit.draw(ONE)
    expect(visit.text("guess")).to_contain_text("1")
    assert visit.errors == []
    page.context.close()


def test_the_activations_follow_the_pen(visit: Visit, recogniser: Recogniser) -> None:
    maps = "img.digit-map"
    pictures = "all => all.map(img => img.src)"
    changed = (
        "([maps, old]) => [...document.querySelectorAll(maps)].every((img, i) => img.src != old[i])"
    )
    expect(visit.page.locator(maps)).to_have_count(
        2 + len(recogniser.activations(np.zeros((28, 28), np.uint8)))
    )
    before = visit.page.eval_on_selector_all(maps, pictures)
    visit.draw(ONE)
    visit.page.wait_for_function(changed, arg=[maps, before])


@pytest.mark.skipif(not SKETCHES, reason="needs real pen digits: set DIGITS_DATA_DIR")
def test_the_page_predicts_real_pen_digits_as_the_recogniser_does(
    visit: Visit, server: Server, recogniser: Recogniser
) -> None:
    sketches = read_sketches(SKETCHES[0])[::2000]
    for sketch in sketches:
        visit.draw(on_pad(sketch.strokes))
        widths = visit.page.eval_on_selector_all(
            ".digit-bars u", "all => all.map(bar => parseFloat(bar.style.width))"
        )
        visit.submit(sketch.label)
        row = newest(server)
        (shares,) = recogniser.read([row["strokes"]])
        np.testing.assert_array_equal(np.float32(row["probabilities"]), shares)
        np.testing.assert_allclose(widths, 100 * shares, atol=0.051)
