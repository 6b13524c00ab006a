"""A photo's digits are found on any paper, in any light, and read in order."""

import json

import numpy as np
import pytest
from photo_pages import encoded, page, rows_read
from PIL import Image, ImageOps

from digitlib.photos import annotated, prepare, read_photo, read_steps
from digitlib.photos.__main__ import main
from digitlib.recogniser import Recogniser

ROWS = ("352 06", "7 814", "29 643")


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load()


PAPERS = {
    "plain": {},
    "squared": {"rules": True},
    "half in shadow": {"shadow": True},
    "squared, half in shadow": {"rules": True, "shadow": True},
    "thin pencil": {"width": 3},
}


@pytest.mark.parametrize("paper", PAPERS)
def test_digits_on_any_paper_are_read_line_by_line(paper, recogniser):
    assert rows_read(encoded(page(ROWS, **PAPERS[paper])), recogniser) == list(ROWS)


def test_a_pencils_digits_are_read_beside_a_pens(recogniser):
    pen = np.asarray(page(ROWS), np.float64)
    faint = 225 - 0.52 * (225 - pen)
    mixed = np.where(np.arange(700)[:, None] < 350, pen, faint).astype(np.uint8)  # the last row
    assert rows_read(encoded(Image.fromarray(mixed)), recogniser) == list(ROWS)


def test_light_ink_on_a_dark_board_is_read_alike(recogniser):
    board = ImageOps.invert(page(ROWS))
    assert rows_read(encoded(board, "JPEG"), recogniser) == list(ROWS)


def test_a_page_that_was_photographed_at_a_slant_keeps_its_lines(recogniser):
    slanted = page(ROWS).rotate(4, fillcolor=225, resample=Image.Resampling.BICUBIC)
    assert rows_read(encoded(slanted), recogniser) == list(ROWS)


def test_images_of_mnist_are_read_as_the_model_reads_them(mnist_images, recogniser):
    images, labels = mnist_images
    right = {True: 0, False: 0}
    for image, label in zip(images, labels, strict=True):
        for is_dark, picture in ((True, image), (False, 255 - image)):
            read = read_photo(encoded(Image.fromarray(picture)), recogniser)
            right[is_dark] += [digit.digit for digit in read] == [label]
    alone = int((recogniser.predict(images).argmax(axis=1) == labels).sum())
    assert min(right.values()) >= alone - 1


@pytest.fixture(scope="module")
def mnist_images(mnist):
    from digitlib.datasets import load_mnist

    train = load_mnist()[0]
    return train.images[:20].numpy(), train.labels[:20].numpy()


def test_each_digit_has_its_box_and_an_image_in_mnists_format(recogniser):
    (digit,) = read_photo(encoded(page(("5",))), recogniser)
    x, y, width, height = digit.box
    assert 40 < x < 110 and 40 < y < 100 and 30 < width < 130 and 60 < height < 110
    assert digit.image.shape == (28, 28) and digit.image.dtype == np.uint8
    inked = np.argwhere(digit.image > 60)
    assert 17 <= np.ptp(inked, axis=0).max() + 1 <= 21
    weights = digit.image / digit.image.sum()
    centre = [(weights.sum(axis=axis) @ (np.arange(28) + 0.5)) for axis in (0, 1)]
    assert centre == pytest.approx([14, 14], abs=0.2)
    assert digit.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert digit.confidence == digit.probabilities.max()


def test_touching_digits_are_told_apart(recogniser):
    image = page(("38",))
    pixels = np.asarray(image)
    left, right = pixels[:, 60:130], pixels[:, 130:220]
    columns = np.flatnonzero((right < 120).any(axis=0))
    joined = np.full_like(pixels, 225)
    end = int(np.flatnonzero((left < 120).any(axis=0))[-1])
    joined[:, 60:130] = left
    part = right[:, columns[0] :]
    joined[:, 60 + end - 3 : 60 + end - 3 + part.shape[1]] = np.minimum(
        joined[:, 60 + end - 3 : 60 + end - 3 + part.shape[1]], part
    )
    assert rows_read(encoded(Image.fromarray(joined)), recogniser) == ["38"]


def test_the_command_prints_numbers_and_json_and_saves_the_boxes(tmp_path, capsys):
    file, broken, saved = (tmp_path / name for name in ("page.png", "broken.png", "boxes.png"))
    file.write_bytes(encoded(page(ROWS)))
    broken.write_bytes(b"nothing")
    assert main([str(file)]) == 0
    assert "352  06" in capsys.readouterr().out.replace("?", "")
    assert main([str(file), "--json", "--save", str(saved)]) == 0
    found = json.loads(capsys.readouterr().out)["digits"]
    assert len(found) == sum(map(len, ROWS)) - 3 and len(found[0]["probabilities"]) == 10
    with Image.open(saved) as picture:
        assert picture.size == (900, 700)
    assert main([str(broken)]) == 1
    assert "not a whole picture" in capsys.readouterr().err


def test_a_doubtful_digit_is_marked_in_the_picture(recogniser):
    steps = prepare(encoded(page(("5",))))
    digits = read_steps(steps, recogniser)
    sure, doubted = (annotated(steps.picture, digits, threshold) for threshold in (0, 1.1))
    assert sure.shape == doubted.shape == steps.picture.colour.shape
    assert not np.array_equal(sure, doubted)
