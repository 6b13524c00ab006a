"""A photo on the dashboard's page, in a real browser: chosen, taken, dropped or pasted."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from photo_pages import encoded, page
from PIL import Image
from playwright.sync_api import expect
from visits import Server, Visit

pytest_plugins = ["browser"]
DIGITS = "314926"


@pytest.fixture
def photo(visit: Visit) -> Iterator[Visit]:
    """The module's page with an open photo panel, closed afterwards."""
    visit.press("photo-open")
    expect(visit.text("photo")).to_be_visible()
    yield visit
    visit.press("photo-clear")
    expect(visit.text("photo")).to_be_hidden()
    visit.page.set_viewport_size({"width": 1280, "height": 1000})


FILE = ".digit-photo-file:not(.is-camera) input"


def wait(visit: Visit, text: str) -> None:
    expect(visit.text("photo-status")).to_contain_text(text, timeout=60_000)
    visit.settle()


def test_a_phones_photo_lies_upright_with_a_box_over_each_digit(
    photo: Visit, tmp_path: Path
) -> None:
    """12 megapixels, turned as EXIF says: more than the server's messages hold."""
    image = page([DIGITS]).resize((4000, 3111)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "phone.jpg"
    image.save(file, quality=95, exif=exif)
    assert file.stat().st_size > 1_000_000
    photo.page.set_viewport_size({"width": 390, "height": 844})
    photo.page.set_input_files(FILE, file)
    wait(photo, "I read 6 digits")
    boxes = photo.page.locator(".digit-found")
    assert boxes.all_inner_texts() == list(DIGITS)
    picture = photo.page.locator(".digit-photo-picture img").bounding_box()
    assert picture["width"] > picture["height"] and picture["x"] + picture["width"] <= 390
    for column, found in enumerate(boxes.all()):
        box = found.bounding_box()
        middle = (box["x"] + box["width"] / 2 - picture["x"]) / picture["width"]
        bottom = (box["y"] + box["height"] - picture["y"]) / picture["height"]
        assert middle == pytest.approx((97 + 75 * column) / 900, abs=0.03)
        assert bottom == pytest.approx(140 / 700, abs=0.06)
    photo.page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        photo.page.emulate_media(color_scheme=scheme)
        boxes.nth(2).click()
        photo.settle()
        result = photo.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert result["violations"] == []
    camera = photo.page.locator(".is-camera input")
    assert camera.get_attribute("capture") and camera.get_attribute("accept") == "image/*"


def test_a_pasted_picture_is_corrected_with_keys_and_submitted(
    photo: Visit, server: Server
) -> None:
    screenshot = base64.b64encode(encoded(page([DIGITS]))).decode()
    give = """([kind, name, text]) => {
      const data = new DataTransfer(), bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
      data.items.add(new File([bytes], name, {type: "image/png"}));
      const how = {bubbles: true, cancelable: true};
      const event = kind === "paste" ? new ClipboardEvent(kind, {clipboardData: data, ...how})
        : new DragEvent(kind, {dataTransfer: data, ...how});
      document.body.dispatchEvent(event);
    }"""
    novel = base64.b64encode(b"my novel").decode()
    photo.page.evaluate(give, ["drop", "novel.png", novel])
    expect(photo.text("photo-problem")).to_contain_text("no picture that the browser can open")
    before = server.store.tally().total
    picture = photo.page.locator(".digit-photo-picture img")
    earlier = picture.get_attribute("src") if picture.count() else ""
    photo.page.evaluate(give, ["paste", "shot.png", screenshot])
    expect(picture).not_to_have_attribute("src", earlier)
    wait(photo, "I read 6 digits")
    expect(photo.text("photo-problem")).to_be_empty()
    photo.page.locator(".digit-found").nth(1).click()
    expect(photo.text("photo-question")).to_be_visible()
    photo.page.keyboard.press("7")
    expect(photo.page.locator(".digit-found").nth(1)).to_have_text("7")
    photo.press("photo-confirm")
    expect(photo.text("photo-submit")).to_have_text("Submit 6 digits")
    photo.page.keyboard.press("Escape")  # back to the pad, and the picture is still here
    expect(photo.text("photo")).to_be_hidden()
    photo.press("photo-open")
    photo.press("photo-submit")
    wait(photo, "Saved 6 digits")
    assert server.store.tally().total == before + 6
    rows = server.store.submissions(("label", "predicted", "image", "strokes"), limit=6).fetchall()
    read = [(row[0], row[1]) for row in rows[::-1]]
    assert read == [(3, 3), (7, 1), (4, 4), (9, 9), (2, 2), (6, 6)]
    assert all(row[3] is None and np.frombuffer(row[2], np.uint8).any() for row in rows)
    expect(photo.text("collected")).to_contain_text(re.compile("[1-9]"))


def test_the_way_to_a_photo_is_seen_and_takes_no_room_of_the_first_screen(visit: Visit) -> None:
    for width, height in ((1280, 720), (390, 844), (390, 664), (844, 390), (800, 600)):
        visit.page.set_viewport_size({"width": width, "height": height})
        visit.page.evaluate("scrollTo(0, 0)")
        visit.settle()
        way = visit.text("photo-open").bounding_box()
        assert way["height"] >= 40
        visit.text("photo-open").click(trial=True)  # nothing lies over it
        if height > 700:
            assert way["y"] + way["height"] < 80  # beside the title
    visit.page.set_viewport_size({"width": 1280, "height": 1000})
