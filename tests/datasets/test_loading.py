"""Datasets are whole, or named as broken; without MNIST there are drawn digits and a warning."""

import shutil

import pytest
import torch

from digitlib.datasets import digits as datasets
from digitlib.datasets import loading
from digitlib.datasets.digits import DataUnavailable, Digits, split
from digitlib.datasets.loading import load_dataset
from digitlib.datasets.mnist import load_mnist
from digitlib.strokes.ink import as_strokes
from digitlib.strokes.sketches import Sketch, write_sketches


@pytest.fixture
def unreachable(monkeypatch, tmp_path):
    """No data on disk, and a network that answers nothing."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    # The first to open a URL settles the proxies for all that this process opens.
    monkeypatch.setattr("urllib.request._opener", None)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "empty"))


def test_mnist_is_all_there(mnist):
    train, test = load_mnist()
    assert train.images.shape == (60_000, 28, 28)
    assert test.images.shape == (10_000, 28, 28)
    assert train.images.dtype == torch.uint8
    assert train.labels.dtype == torch.int64
    assert torch.bincount(test.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


@pytest.mark.parametrize("damage", ["truncated", "altered"])
def test_a_broken_file_is_named_and_nothing_is_loaded(mnist, tmp_path, damage):
    shutil.copytree(mnist / "MNIST", tmp_path / "MNIST", copy_function=shutil.copyfile)
    file = tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    content = file.read_bytes()
    file.write_bytes(content[:5_000_000] if damage == "truncated" else content[:-1] + b"\1")
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte .*Delete what is named") as error:
        load_mnist(tmp_path)
    assert "train-images" not in str(error.value)
    with pytest.raises(ValueError, match="t10k-images"):
        load_mnist(tmp_path)


def test_without_data_or_network_mnist_says_what_to_do(unreachable):
    with pytest.raises(DataUnavailable, match=r"network.*DIGITS_DATA_DIR.*dataset synthetic"):
        load_dataset("mnist")


def test_a_data_folder_that_cannot_be_written_says_what_to_do(unreachable, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(DataUnavailable, match="DIGITS_DATA_DIR"):
        load_dataset("mnist")


def test_auto_falls_back_to_drawn_digits_and_warns_loudly(unreachable, caplog):
    data = load_dataset("auto", synthetic_size=120)
    assert data.name == "synthetic"
    assert "SYNTHETIC" in data.warning
    assert "SYNTHETIC" in caplog.text
    assert "SYNTHETIC" in datasets.describe_data(data, data.train, data.test)


def test_synthetic_asked_for_warns_of_nothing():
    assert load_dataset("synthetic", synthetic_size=120).warning == ""


def test_an_unknown_dataset_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="auto, mnist, synthetic"):
        load_dataset("emnist")


def test_a_split_loses_and_doubles_nothing_and_repeats_by_seed(drawn):
    numbered = Digits(drawn.images, torch.arange(len(drawn.labels)))
    rest, part = split(numbered, 0.1, seed=3)
    assert len(part.labels) == 30
    assert sorted([*rest.labels.tolist(), *part.labels.tolist()]) == list(range(300))
    assert torch.equal(split(numbered, 0.1, seed=3)[1].labels, part.labels)
    assert not torch.equal(split(numbered, 0.1, seed=4)[1].labels, part.labels)


def test_pen_sketches_are_read_and_inked(pens):
    digits = loading.rasterised(pens[:50])
    assert digits.images.shape == (50, 28, 28)
    assert digits.labels.tolist() == [sketch.label for sketch in pens[:50]]


def test_no_sketches_is_said_plainly(tmp_path):
    with pytest.raises(DataUnavailable, match="no pen sketches"):
        loading.load_sketches(tmp_path)
    write_sketches(tmp_path / "empty.parquet", [])
    with pytest.raises(DataUnavailable, match="no pen sketches"):
        loading.load_sketches(tmp_path)


def test_a_sketch_that_two_files_hold_is_learnt_once(tmp_path, caplog):
    one, two, three = (Sketch(i, 1, as_strokes([[(0, 0), (0, 1)]]), "pad", "me") for i in "abc")
    write_sketches(tmp_path / "monday.parquet", [two, one])
    write_sketches(tmp_path / "tuesday.parquet", [one._replace(label=7), three, three])
    read = loading.load_sketches(tmp_path)
    assert [(sketch.id, sketch.label) for sketch in read] == [("b", 1), ("a", 1), ("c", 1)]
    assert "Left out 2 sketches" in caplog.text
