"""What visitors see, at every size and in every colour scheme: one page, looked at in many ways."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import expect
from visits import Server, Strokes, Visit

pytest_plugins = ["browser"]

SEVEN = [[(0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)], [(0.4, 0.5), (0.7, 0.5)]]
SCRIBBLE = [[(0.3, 0.3), (0.2, 0.8), (0.1, 0.1), (0.7, 0.8), (0.5, 0.4), (0.7, 0.2), (0.1, 0.7)]]
LETTER = [[(0.2, 0.9), (0.2, 0.1), (0.5, 0.6), (0.8, 0.1), (0.8, 0.9)]]  # an M
SIZES = [(1280, 720), (1440, 900), (1920, 1080), (1024, 768), (844, 390)]
PHONES = [(390, 844), (390, 664), (360, 640)]
ZOOMED = (640, 450)  # what a window of 1280×900 has left at 200 %
AT_ONCE = ["guess", "bars", *(f"label-{digit}" for digit in range(10)), "submit"]
BOXES = """names => Object.fromEntries(names.map(name => {
  const element = document.querySelector(name === 'pad' ? 'canvas.digit-pad' : `.digit-${name}`);
  const box = (name === 'bars' ? element.querySelector('ol') : element).getBoundingClientRect();
  const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight &&
    box.right <= document.documentElement.clientWidth && box.width > 0;
  return [name, {inside, x: box.x, y: box.y, width: box.width, height: box.height}];
}))"""
PAPER = "width => { document.querySelector('.digit-page').style.width = width; }"
ODD_POINTERS = """() => [...document.querySelectorAll('.digit-page *')].filter(element =>
  element.checkVisibility({visibilityProperty: true}) &&
  ['pointer', 'zoom-in'].includes(getComputedStyle(element).cursor) &&
  !element.closest('button:not(:disabled, [aria-disabled="true"]), a[href], summary, label, input')
).map(element => element.outerHTML.slice(0, 80))"""
COLOUR_RULES = ["color-contrast", "link-in-text-block"]  # all others see the same in any scheme
SCHEMES = [(scheme, forced) for scheme in ("light", "dark") for forced in ("none", "active")]


@pytest.fixture
def page(visit: Visit) -> Iterator[Visit]:
    """The module's page; back to a desktop's window afterwards."""
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    visit.page.evaluate("scrollTo(0, 0)")
    yield visit
    visit.page.set_viewport_size({"width": 1280, "height": 1000})
    visit.page.emulate_media(color_scheme="light", forced_colors="none")


def resize(visit: Visit, size: tuple[int, int]) -> None:
    visit.page.set_viewport_size({"width": size[0], "height": size[1]})
    visit.page.evaluate("scrollTo(0, 0)")
    visit.settle()


def draw(visit: Visit, strokes: Strokes) -> None:
    """Draw, and wait until Look inside has explained the guess."""
    visit.draw(strokes)
    visit.text("inside").scroll_into_view_if_needed()
    expect(visit.page.locator(".digit-way svg")).to_have_count(2)
    visit.page.evaluate("scrollTo(0, 0)")


def test_pad_guess_bars_labels_and_submit_share_one_screen(page: Visit) -> None:
    page.draw(SEVEN)
    for size in [*SIZES, *PHONES]:
        resize(page, size)
        boxes = page.page.evaluate(BOXES, ["pad", *AT_ONCE])
        assert [name for name, box in boxes.items() if not box["inside"]] == [], size
        assert boxes["pad"]["width"] == pytest.approx(boxes["pad"]["height"], abs=0.01)
        assert boxes["pad"]["width"] >= 220, size
        assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        assert overlapping(boxes) == [], size


def test_nothing_overlaps_in_less_room_than_the_window_has(page: Visit) -> None:
    """As in JupyterLab, beside its panels."""
    page.draw(SEVEN)
    for width in (970, 850, 570):
        page.page.evaluate(PAPER, f"{width}px")
        boxes = page.page.evaluate(BOXES, ["pad", *AT_ONCE])
        assert overlapping(boxes) == [], width
        assert min(boxes[f"label-{digit}"]["width"] for digit in range(10)) >= 36, width
    page.page.evaluate(PAPER, "")


def overlapping(boxes: dict[str, dict[str, float]]) -> list[tuple[str, str]]:
    """The pairs of boxes that cover each other."""

    def covers(a: dict[str, float], b: dict[str, float]) -> bool:
        across = a["x"] < b["x"] + b["width"] - 1 and b["x"] < a["x"] + a["width"] - 1
        return across and a["y"] < b["y"] + b["height"] - 1 and b["y"] < a["y"] + a["height"] - 1

    names = list(boxes)
    pairs = [(one, other) for i, one in enumerate(names) for other in names[i + 1 :]]
    return [(one, other) for one, other in pairs if covers(boxes[one], boxes[other])]


def test_at_200_percent_one_column_keeps_the_guess_beside_the_pad(page: Visit) -> None:
    page.draw(SEVEN)
    resize(page, ZOOMED)
    boxes = page.page.evaluate(BOXES, ["guess", "pad", "bars", "label-0", "submit"])
    assert boxes["guess"]["inside"]
    assert boxes["pad"]["inside"]
    tops = [box["y"] for box in boxes.values()]
    assert tops == sorted(tops)
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [(1280, 720), (390, 664), ZOOMED])
def test_the_outcome_of_a_submission_is_in_view_wherever_it_was_made(
    page: Visit, size: tuple[int, int]
) -> None:
    page.draw(SEVEN)
    resize(page, size)
    page.text("model-card").scroll_into_view_if_needed()
    page.page.keyboard.press("Enter")
    status = page.text("status").locator("p")
    expect(status).to_contain_text("Saved as 7")
    expect(status).to_be_in_viewport(ratio=1)
    page.page.evaluate("scrollTo(0, 0)")
    expect(status).to_be_in_viewport(ratio=1)


def violations(visit: Visit, state: str) -> list[str]:
    """What axe-core finds: all of its rules in light, those on colours in the other schemes."""
    found = []
    for scheme, forced in SCHEMES:
        visit.page.emulate_media(color_scheme=scheme, forced_colors=forced)
        visit.settle()
        which = None if (scheme, forced) == SCHEMES[0] else COLOUR_RULES
        options = {"resultTypes": ["violations"], **({"runOnly": which} if which else {})}
        result = visit.page.evaluate("options => axe.run(document, options)", options)
        found += [
            f"{state}, {scheme}, forced colours {forced}: {broken['id']}: {node['html'][:120]}"
            for broken in result["violations"]
            for node in broken["nodes"]
        ]
    return found


def test_axe_finds_nothing_in_any_state_and_colour_scheme(page: Visit) -> None:
    page.page.evaluate(AXE_SCRIPT)
    found = violations(page, "empty")
    draw(page, SEVEN)
    page.page.focus(".digit-at-1-1")
    found += violations(page, "drawn")
    page.press("label-1")
    page.press("submit")
    expect(page.text("status")).to_contain_text("Did you mean 7?")
    found += violations(page, "asking")
    page.press("change")
    expect(page.text("status")).to_contain_text("Saved as 7")
    found += violations(page, "submitted")
    page.page.emulate_media(color_scheme="light", forced_colors="none")
    page.draw(LETTER)
    expect(page.text("guess")).to_contain_text("?")
    page.press("replay")
    expect(page.text("scrubber")).to_be_visible()
    found += violations(page, "in doubt, replayed")
    assert found == []


def test_ten_equal_bars_have_units_and_no_winner(page: Visit) -> None:
    draw(page, SCRIBBLE)
    shares = page.page.locator(".digit-bars li span").all_inner_texts()
    assert set(shares) <= {"9 %", "10 %", "11 %"}
    assert len(shares) == 10
    expect(page.page.locator(".is-best, .is-likely, .is-chosen")).to_have_count(0)


def test_nothing_looks_pressable_that_is_not(page: Visit) -> None:
    seen: list[list[list[str]]] = []  # of each button: empty, drawn
    for strokes, idle in (([], "true"), (SEVEN, "false")):
        page.draw(strokes)
        assert page.page.evaluate(ODD_POINTERS) == []
        seen.append([])
        for scheme, forced in SCHEMES:
            page.page.emulate_media(color_scheme=scheme, forced_colors=forced)
            for name in ("submit", "clear", "replay"):
                expect(page.text(name)).to_have_attribute("aria-disabled", idle)
                seen[-1].append(page.look(name))
    for empty, drawn in zip(*seen, strict=True):
        assert empty != drawn


def luminances(visit: Visit, selector: str) -> np.ndarray:
    """The relative luminances (h, w), 0 to 1, of what the screen shows of an element."""
    shot = visit.page.locator(selector).screenshot()
    rgb = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one: float, other: float) -> float:
    """The contrast of two luminances (Web Content Accessibility Guidelines 2.2, 1.4.3)."""
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("scheme", "forced"), SCHEMES)
def test_ink_and_edges_stand_out_in_every_colour_scheme(
    page: Visit, scheme: str, forced: str
) -> None:
    """Ink at least 7:1, the edges of pad and buttons 3:1 (1.4.11)."""
    page.draw(SEVEN)
    page.page.emulate_media(color_scheme=scheme, forced_colors=forced)
    page.settle()
    pad = luminances(page, "canvas.digit-pad")
    side = len(pad)
    ground, ink = pad[side // 3, side // 8], pad[side // 5, side // 2]
    assert contrast(ground, ink) >= 7
    for selector in ("canvas.digit-pad", ".digit-label-3", ".digit-clear", ".digit-replay"):
        seen = luminances(page, selector)
        middle = seen[seen.shape[0] // 8, seen.shape[1] // 6]
        edge = seen[:, seen.shape[1] // 2][[0, 1, 2, 3]]
        assert max(contrast(middle, value) for value in edge) >= 3, selector


def test_a_map_is_shown_large_with_what_it_looks_for(page: Visit) -> None:
    draw(page, SEVEN)
    for slot in ("1-0", "2-3", "4-5"):
        button, more = page.text(f"at-{slot}"), page.text("details").locator(f".digit-more-{slot}")
        expect(more).to_be_hidden()
        button.focus()
        expect(more).to_be_visible()
        expect(more).to_contain_text("looks for")
        expect(button).to_have_accessible_description(more.locator("p").first.inner_text())
        large = more.locator("img.digit-large").bounding_box()
        small = button.bounding_box()
        assert large is not None and small is not None
        assert large["width"] > 1.3 * small["width"] > 50
        button.blur()
        button.hover()
        expect(more).to_be_visible()
    expect(page.text("inside")).to_contain_text("Blue ink spoke for 7 and against")
    expect(page.text("trajectory")).to_contain_text("the strokes alone said 7")


def test_below_the_fold_nothing_is_computed_until_it_is_seen(page: Visit) -> None:
    seen = page.page.locator("img.digit-seen")
    resize(page, PHONES[0])
    expect(page.page.locator(".digit-is-seen input")).not_to_be_checked()
    before = seen.get_attribute("src")
    page.draw(SEVEN)
    assert seen.get_attribute("src") == before
    seen.scroll_into_view_if_needed()
    page.page.wait_for_function(
        "src => document.querySelector('.digit-seen').src !== src", arg=before
    )


def test_an_empty_pad_has_no_dark_or_broken_pictures(page: Visit) -> None:
    page.text("inside").scroll_into_view_if_needed()
    for picture in page.page.locator(".digit-inside img").all():
        expect(picture).to_be_hidden()
    assert luminances(page, ".digit-inside .digit-picture >> nth=1").min() > 0.5


def test_without_drawing_by_hand_all_can_be_tried_with_the_keyboard(
    page: Visit, server: Server
) -> None:
    keyboard = page.page.keyboard
    page.text("try").focus()
    keyboard.press("Enter")
    expect(page.text("status")).to_contain_text("An example, drawn by no person: a crossed 7.")
    expect(page.text("guess")).to_contain_text("a 7")
    expect(page.text("clear")).to_have_attribute("aria-disabled", "false")
    record = "JSON.parse(document.querySelector('.digit-record').textContent)"
    page.page.wait_for_function(f"{record}.drawing.length === 2")  # it is drawn to its end
    before = len(server.store.sketches())
    keyboard.press("7")
    keyboard.press("Tab")  # off the button, which Enter would press again
    page.text("submit").focus()
    keyboard.press("Enter")
    expect(page.text("status")).to_contain_text("no model learns from it")
    assert len(server.store.sketches()) == before
    review = server.store.submissions().project("label, review").fetchone()
    assert review == (7, "rejected")


def test_a_replay_draws_the_strokes_again_and_stops_anywhere(page: Visit) -> None:
    page.draw(SEVEN)
    ink, handle = page.ink(), page.page.get_by_role("slider")
    page.press("replay")
    expect(page.text("replay")).to_have_text("Pause")
    page.press("replay")
    expect(page.text("replay")).to_have_text("Go on")
    handle.focus()
    page.page.keyboard.press("Home")
    expect(page.text("guess")).to_contain_text("Draw a digit")
    page.settle()
    assert page.ink() == 0
    for _ in range(3):
        page.page.keyboard.press("PageUp")
    page.settle()
    assert 0 < page.ink() < ink
    expect(page.text("submit")).to_have_text("Submit as 7")  # the drawing is still what it was
    page.page.keyboard.press("Escape")
    expect(page.text("scrubber")).to_be_hidden()
    expect(page.text("guess")).to_contain_text("I read a 7")
    page.settle()
    assert page.ink() == ink
