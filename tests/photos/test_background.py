"""What is printed on a page, or lies or falls on it, is no digit, and takes no digit's ink."""

from pathlib import Path

import numpy as np
import pytest
from photo_pages import encoded, page, rows_read
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from digitlib.photos import prepare, read_photo, read_steps
from digitlib.recogniser import Recogniser

ROOT = Path(__file__).parents[2]
ROWS = ("352 06", "7 814", "29 643")


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load()


def test_paper_without_digits_has_none(recogniser):
    for paper in ({"rules": True}, {"shadow": True}):
        assert read_photo(encoded(page((), **paper)), recogniser) == []


def test_the_desk_beside_a_sheet_is_no_digit(recogniser):
    for corner in ((0, 40, 60, 0), (70, 0, 0, 0)):  # px of desk at the left, top, right and bottom
        desk = ImageOps.expand(page(ROWS), border=corner, fill=90)
        turned = desk.rotate(2, fillcolor=90, resample=Image.Resampling.BICUBIC)
        height = turned.height
        content = encoded(turned.crop((10, 10, turned.width - 10, height - 10)))
        assert rows_read(content, recogniser) == list(ROWS)


def test_an_empty_squared_sheet_on_a_dark_desk_has_no_digit(recogniser):
    for fill in (20, 60, 90):
        desk = ImageOps.expand(page((), rules=True), border=60, fill=fill)
        turned = desk.rotate(2, fillcolor=fill, resample=Image.Resampling.BICUBIC)
        steps = prepare(encoded(turned))
        paper = steps.contrast.ink[200:-200, 200:-200]
        assert np.median(paper) < 0.1  # it is the sheet that is paper, not its rules
        assert read_steps(steps, recogniser) == []


def test_printed_lines_in_deep_shadow_are_no_ones(recogniser):
    squared = np.asarray(page((), rules=True), np.float64)
    across, down = np.linspace(0, 1, 900), np.linspace(0, 1, 700)[:, None]
    light = (1 - 0.7 / (1 + np.exp((across - 0.25) / 0.08))) * (0.7 + 0.3 * down)
    noise = np.random.default_rng(1).normal(0, 2, squared.shape)
    dim = Image.fromarray((squared * light + noise).clip(0, 255).astype(np.uint8))
    assert read_photo(encoded(dim), recogniser) == []


def test_the_shadow_of_a_hand_is_no_digit(recogniser):
    across, down = np.meshgrid(np.arange(900), np.arange(700))
    hand = ((across - 420) / 130) ** 2 + ((down - 330) / 190) ** 2 < 1
    hand |= (down > 450) & (across > 330)
    soft = Image.fromarray((255 * hand).astype(np.uint8)).filter(ImageFilter.GaussianBlur(6))
    pixels = np.asarray(page(()), np.float64) * (1 - 0.2 * np.asarray(soft) / 255)
    assert read_photo(encoded(Image.fromarray(pixels.astype(np.uint8))), recogniser) == []


def test_a_one_on_squared_paper_is_no_line(recogniser):
    """It is straight, but its ink ends where it ends."""
    sheet = page((), rules=True)
    for x, top in ((200, 130), (421, 130), (650, 300)):  # the second on a printed line
        ImageDraw.Draw(sheet).line((x, top, x - 1, top + 90), fill=45, width=5)
    assert rows_read(encoded(sheet), recogniser) == ["1 1", "1"]


@pytest.mark.parametrize("width", [24, 30, 33])
def test_a_markers_eight_is_no_spot_and_a_spot_is_no_digit(width, recogniser):
    """Its box is almost filled, but its strokes leave holes."""
    sheet = Image.new("L", (600, 500), 225)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((100, 200, 180, 262), outline=45, width=width * 2 // 3)
    pen.ellipse((94, 246, 186, 320), outline=45, width=width)
    pen.ellipse((300, 200, 390, 320), fill=45)
    pen.rounded_rectangle((450, 210, 530, 310), 12, fill=45)
    noisy = np.asarray(sheet) + np.random.default_rng(0).normal(0, 3, (500, 600))
    content = encoded(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    assert rows_read(content, recogniser) == ["8"]


def test_a_four_half_as_wide_again_as_it_is_high_is_read(recogniser):
    sheet = Image.new("L", (600, 500), 225)
    pen = ImageDraw.Draw(sheet)
    for line in (
        [(200, 202), (206, 200), (232, 255), (240, 260), (285, 260), (315, 250), (344, 249)],
        [(274, 200), (303, 260), (322, 288)],
    ):
        pen.line(line, fill=45, width=6, joint="curve")
    assert rows_read(encoded(sheet), recogniser) == ["4"]


@pytest.mark.parametrize("width", [2, 4])
def test_the_loose_bar_of_a_five_is_no_lying_one(width, recogniser):
    sheet = Image.new("L", (600, 500), 225)
    pen = ImageDraw.Draw(sheet)
    for line in (
        [(228, 242), (224, 241), (283, 201), (284, 200), (264, 215), (260, 223)],
        [(219, 252), (203, 269), (261, 286), (285, 291), (284, 313), (257, 330), (232, 327)],
    ):
        pen.line(line, fill=45, width=width, joint="curve")
    assert rows_read(encoded(sheet), recogniser) == ["5"]


@pytest.mark.parametrize("width, bend", [(2, 12), (4, 8), (4, 26)])
def test_a_slender_nine_is_no_line(width, bend, recogniser):
    """On its axis there is paper, and beyond both ends, too: nothing goes on there."""
    sheet = Image.new("L", (600, 500), 225)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((200, 200, 232, 230), outline=45, width=width)
    tail = [(232, 214), (232 - bend // 4, 262), (205 + bend // 2, 300), (205, 340)]
    pen.line(tail, fill=45, width=width)
    noisy = np.asarray(sheet) + np.random.default_rng(0).normal(0, 3, (500, 600))
    content = encoded(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    assert rows_read(content, recogniser) == ["9"]


@pytest.mark.parametrize("spacing", [18, 20])
def test_digits_on_finely_squared_paper_keep_their_ink(spacing, recogniser):
    """On a desk, the lines of so small squares were taken for bands that cover half of the page."""
    lines = Image.new("L", (900, 700), 225)
    pen = ImageDraw.Draw(lines)
    for y in range(10, 700, spacing):
        pen.line((0, y, 900, y + 6), fill=170, width=2)
    for x in range(10, 900, spacing):
        pen.line((x, 0, x - 5, 700), fill=170, width=2)
    sheet = ImageChops.darker(page(ROWS), lines)
    desk = ImageOps.expand(sheet, border=60, fill=40)
    turned = desk.rotate(2, fillcolor=40, resample=Image.Resampling.BICUBIC)
    digits = [str(digit.digit) for digit in read_photo(encoded(turned), recogniser)]
    written = [digit for row in ROWS for digit in row if digit != " "]
    assert len(digits) == len(written)
    assert sum(one == other for one, other in zip(digits, written, strict=True)) > len(written) - 2


def clouds(generator: np.random.Generator, blur: float, height: int, width: int) -> np.ndarray:
    """Soft blobs (h, w), 0 to 1."""
    noise = Image.fromarray((255 * generator.random((height, width))).astype(np.uint8))
    soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(blur)), np.float64)
    return (soft - soft.min()) / np.ptp(soft)


def test_a_shaded_sheet_on_a_dark_desk_is_no_light_digit(recogniser):
    """No ink tells which side is paper; the shading and the corners are light as well as dark."""
    for seed, blur in enumerate((40, 60, 90, 40, 60, 90)):
        generator = np.random.default_rng(seed)
        sheet = 150 + 35 * clouds(generator, blur, 1000, 720)
        desk = np.full((1100, 840), 20.0)
        desk[50:1050, 60:780] = sheet
        desk += generator.normal(0, 2, desk.shape)
        turned = Image.fromarray(desk.clip(0, 255).astype(np.uint8)).rotate(1, fillcolor=20)
        assert read_photo(encoded(turned, "JPEG"), recogniser) == [], seed


def test_folds_of_a_dark_cloth_are_no_digits(recogniser):
    for seed in range(6):
        generator = np.random.default_rng(seed)
        cloth = (
            16 + 8 * clouds(generator, 80, 1500, 2000) ** 2 + generator.normal(0, 1, (1500, 2000))
        )
        content = encoded(Image.fromarray(cloth.clip(0, 255).astype(np.uint8)), "JPEG")
        assert read_photo(content, recogniser) == [], seed


def test_two_dots_side_by_side_are_no_lying_digit(recogniser):
    dotted = page(())
    pen = ImageDraw.Draw(dotted)
    for y in range(30, 700, 40):
        for x in range(30, 900, 40):
            pen.ellipse((x, y, x + 2, y + 2), fill=150)
    pen.ellipse((700, 350, 713, 358), fill=80)
    pen.ellipse((712, 348, 722, 352), fill=113)
    assert read_photo(encoded(dotted), recogniser) == []


def test_digits_on_faint_squares_are_found_beside_a_rough_desk(recogniser):
    """Lines were thought as dark as the desk, and digits that touch them for pieces of lines."""
    sheet = Image.new("L", (900, 700), 225)
    pen = ImageDraw.Draw(sheet)
    for y in range(10, 700, 20):
        pen.line((0, y, 900, y + 6), fill=205)
    for x in range(10, 900, 20):
        pen.line((x, 0, x - 5, 700), fill=205)
    sheet = ImageChops.darker(sheet, page(ROWS)).rotate(2, expand=True, fillcolor=0)
    desk = 40 + 70 * clouds(np.random.default_rng(0), 5, sheet.height + 160, sheet.width + 160)
    desk[80:-80, 80:-80] = np.where(np.asarray(sheet) > 0, sheet, desk[80:-80, 80:-80])
    content = encoded(Image.fromarray(desk.astype(np.uint8)))
    assert len(read_photo(content, recogniser)) == sum(len(row.replace(" ", "")) for row in ROWS)


@pytest.mark.parametrize(
    "seed, number, paper",
    [
        pytest.param(213, 11, "plain", id="a faint sheet on a dark desk"),
        pytest.param(221, 9, "squared", id="a squared sheet before a strip of desk"),
        pytest.param(214, 9, "squared", id="what is left where dim lines cross"),
        pytest.param(219, 13, "squared", id="what is left of bent lines"),
        pytest.param(62, 27, "plain", id="a shaded sheet on a desk"),
    ],
)
def test_the_benchmarks_empty_pages_have_no_digit(seed, number, paper, recogniser, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import pages

    generator = np.random.default_rng([seed, number, len("empty")])
    empty = pages.compose(pages.image_source([], []), generator, count=0, paper=paper)
    assert read_photo(empty.content, recogniser) == []
