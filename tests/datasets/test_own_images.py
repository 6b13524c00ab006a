"""People's own images train a model: folders by digit, or Kaggle's CSV; bad files are named."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from digitlib import strokes
from digitlib.datasets import (
    DataUnavailable,
    Digits,
    OwnImages,
    describe_images,
    load_images,
    mix_images,
    split_images,
)
from digitlib.photos import single_digit

HEADER = ",".join(["label", *(f"pixel{i}" for i in range(784))])


@pytest.fixture(scope="module")
def drawn():
    """Fifty digits as MNIST has them: images (50, 28, 28) and labels (50,)."""
    return strokes.draw_images(50, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, drawn):
    """`7/*.png` and so on: twelve of the digits, dark on white, ten times as large as MNIST's.

    Also what is no such picture.
    """
    folder = tmp_path_factory.mktemp("images")
    for i, (image, label) in enumerate(zip(drawn[0][:12], drawn[1][:12], strict=True)):
        file = folder / str(label) / f"{i:02}.png"
        file.parent.mkdir(exist_ok=True)
        picture = Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC)
        ImageOps.invert(picture).save(file)
    (folder / "3").mkdir(exist_ok=True)
    (folder / "3" / "broken.png").write_bytes(b"\x89PNG\r\n")
    Image.new("L", (50, 50), 255).save(folder / "3" / "empty.png")
    (folder / "seven").mkdir()
    pixels = ",0" * 784
    (folder / "some.csv").write_text(f"{HEADER}\n1{pixels}\n12{pixels}\nx{pixels}\n2{pixels}\n")
    (folder / "test.csv").write_text(HEADER.removeprefix("label,") + f"\n0{pixels[:-2]}\n")
    return folder


@pytest.fixture(scope="module")
def own(folder):
    return load_images(single_digit, folder)


def test_pictures_in_folders_look_like_mnist(own, drawn):
    images, labels = drawn[0][:12], drawn[1][:12]
    order = np.argsort(labels, kind="stable")
    assert own.digits.labels[:12].tolist() == labels[order].tolist()
    assert own.digits.images.dtype == torch.uint8
    off = np.abs(own.digits.images[:12].numpy().astype(int) - images[order]).mean(axis=(1, 2))
    assert np.median(off) < 12  # of 255, edges included


def test_a_csv_file_as_kaggle_has_it_keeps_each_pixel(tmp_path, drawn):
    images, labels = drawn
    rows = np.column_stack([labels, images.reshape(len(labels), -1)])
    np.savetxt(tmp_path / "train.csv", rows, "%d", ",", header=HEADER, comments="")
    own = load_images(single_digit, tmp_path)
    assert own.problems == []
    assert np.array_equal(own.digits.images, images)
    assert np.array_equal(own.digits.labels, labels)


def test_bad_files_folders_and_rows_are_named_and_the_rest_is_read(own):
    assert len(own.digits.labels) == 12 + 2
    told = "\n".join(own.problems)
    for name in ("broken.png", "empty.png", "seven", "some.csv, line 3", "some.csv, line 4"):
        assert name in told
    assert "test.csv: 1 columns are missing, such as label" in told
    assert len(own.problems) == 6
    shown = describe_images(own, split_images(own, 0.4, seed=1))
    assert all(problem in shown for problem in own.problems)


def test_without_images_the_message_says_where_to_put_them(tmp_path):
    with pytest.raises(DataUnavailable, match="folders named 0 to 9") as error:
        load_images(single_digit, tmp_path)
    assert str(tmp_path / "7") in str(error.value)


def test_own_images_have_the_share_that_was_asked_for(drawn):
    images, labels = (torch.from_numpy(part) for part in drawn)
    parts = split_images(OwnImages(Digits(images, labels), []), 0.2, seed=3)
    blank = Digits(torch.zeros(700, 28, 28, dtype=torch.uint8), torch.zeros(700, dtype=torch.int64))
    train, validation = mix_images(blank, blank, parts, share=0.3, seed=3)
    assert int((train.images.sum(dim=(1, 2)) > 0).sum()) == 300
    assert len(train.labels) == 1000
    assert len(validation.labels) == 700 + len(parts.validation.labels)


def test_an_image_stays_in_its_part_when_others_are_added(drawn):
    images, labels = (torch.from_numpy(part) for part in drawn)
    own = OwnImages(Digits(torch.cat([images, images]), torch.cat([labels, labels])), [])
    parts = split_images(own, 0.3, seed=1)
    fewer = split_images(OwnImages(Digits(images[:40], labels[:40]), []), 0.3, seed=1)
    kinds = [{image.numpy().tobytes() for image in part.images} for part in parts]
    assert sum(map(len, kinds)) == len(images)  # and equal images are in one part
    for before, after in zip(fewer, kinds, strict=True):
        assert {image.numpy().tobytes() for image in before.images} <= after
    with pytest.raises(ValueError, match="too few to split"):
        split_images(OwnImages(Digits(images[:2], labels[:2]), []), 0.3, seed=1)


def test_a_picture_in_mnists_form_stays_as_it_is(tmp_path, drawn):
    Image.fromarray(drawn[0][0]).save(tmp_path / "mnist.png")
    assert np.array_equal(single_digit(tmp_path / "mnist.png"), drawn[0][0])
    Image.new("L", (28, 28)).save(tmp_path / "black.png")
    with pytest.raises(ValueError, match="no digit"):
        single_digit(tmp_path / "black.png")
