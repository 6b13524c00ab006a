"""Datasets are complete or reported as broken; without MNIST, synthetic digits and a warning."""

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
    """No data on disk and no network."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    # urllib caches its opener, with the proxies, at the first request.
    monkeypatch.setattr("urllib.request._opener", None)
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "empty"))


def test_mnist_is_complete(mnist):
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
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte .*Delete these files") as error:
        load_mnist(tmp_path)
    assert "train-images" not in str(error.value)
    with pytest.raises(ValueError, match="t10k-images"):
        load_mnist(tmp_path)


def test_without_data_or_network_the_error_says_what_to_do(unreachable):
    with pytest.raises(DataUnavailable, match=r"network.*DIGITS_DATA_DIR.*dataset synthetic"):
        load_dataset("mnist")


def test_a_read_only_data_folder_says_what_to_do(unreachable, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(DataUnavailable, match="DIGITS_DATA_DIR"):
        load_dataset("mnist")


def test_auto_falls_back_to_synthetic_digits_with_a_warning(unreachable, caplog):
    data = load_dataset("auto", synthetic_size=60)
    assert data.name == "synthetic"
    assert "SYNTHETIC" in data.warning
    assert "SYNTHETIC" in caplog.text
    assert "SYNTHETIC" in datasets.describe_data(data, data.train, data.test)


def test_requested_synthetic_digits_give_no_warning():
    assert load_dataset("synthetic", synthetic_size=60).warning == ""


def test_an_unknown_dataset_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="auto, mnist, synthetic"):
        load_dataset("emnist")


def test_a_split_is_a_partition_and_reproducible_by_seed(drawn):
    numbered = Digits(drawn.images, torch.arange(len(drawn.labels)))
    rest, part = split(numbered, 0.1, seed=3)
    assert len(part.labels) == 30
    assert sorted([*rest.labels.tolist(), *part.labels.tolist()]) == list(range(300))
    assert torch.equal(split(numbered, 0.1, seed=3)[1].labels, part.labels)
    assert not torch.equal(split(numbered, 0.1, seed=4)[1].labels, part.labels)


def test_a_folder_without_sketches_is_reported(tmp_path):
    with pytest.raises(DataUnavailable, match="no pen sketches"):
        loading.load_sketches(tmp_path)
    write_sketches(tmp_path / "empty.parquet", [])
    with pytest.raises(DataUnavailable, match="no pen sketches"):
        loading.load_sketches(tmp_path)


def test_a_sketch_in_two_files_is_loaded_once(tmp_path, caplog):
    one, two, three = (Sketch(i, 1, as_strokes([[(0, 0), (0, 1)]]), "pad", "me") for i in "abc")
    write_sketches(tmp_path / "monday.parquet", [two, one])
    write_sketches(tmp_path / "tuesday.parquet", [one._replace(label=7), three, three])
    read = loading.load_sketches(tmp_path)
    assert [(sketch.id, sketch.label) for sketch in read] == [("b", 1), ("a", 1), ("c", 1)]
    assert "Skipped 2 sketches" in caplog.text
