"""Datasets are complete or reported as broken; without MNIST, synthetic digits and a warning."""

import gzip
import re
import shutil

import pytest
import torch

from digitlib.datasets import digits as datasets
from digitlib.datasets import loading
from digitlib.datasets.digits import DataUnavailable, Digits, split
from digitlib.datasets.loading import load_dataset
from digitlib.datasets.mnist import MNIST_FILES, find_mnist, load_mnist
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


DOTTED = {name: name.replace("-idx", ".idx") for name in MNIST_FILES}


@pytest.mark.parametrize("folder", ["MNIST/raw", "MNIST", "."])
@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("names", [{name: name for name in MNIST_FILES}, DOTTED])
def test_mnist_is_found_under_its_usual_other_names(tmp_path, folder, packed, names):
    for name in names.values():
        assert find_mnist(tmp_path) == {}  # until all four are there
        file = tmp_path / folder / f"{name}{packed}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert find_mnist(tmp_path) == {
        name: tmp_path / folder / f"{other}{packed}" for name, other in names.items()
    }


def test_packed_and_dotted_files_load_as_mnist(mnist, tmp_path):
    originals = find_mnist(mnist)
    for name in MNIST_FILES:
        content = originals[name].read_bytes()
        if name.startswith("t10k"):
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        else:  # as Kaggle's archive unpacks them
            (tmp_path / DOTTED[name]).mkdir()
            (tmp_path / DOTTED[name] / DOTTED[name]).write_bytes(content)
    for found, expected in zip(load_mnist(tmp_path), load_mnist(mnist), strict=True):
        assert torch.equal(found.images, expected.images)
        assert torch.equal(found.labels, expected.labels)


def test_a_truncated_archive_is_named(tmp_path):
    for name in MNIST_FILES:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz \(.* bytes, MD5 unknown"):
        load_mnist(tmp_path)


def test_what_may_be_mnist_but_is_not_in_its_format_is_named_in_the_warning(unreachable, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "mnist.npz").write_bytes(b"")
    (tmp_path / "empty" / "train-images.idx3-ubyte").write_bytes(b"")
    warning = load_dataset("auto", synthetic_size=60).warning
    assert "SYNTHETIC" in warning
    assert re.search(r"not MNIST's four .*mnist\.npz, .*train-images\.idx3-ubyte", warning)


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
        load_dataset("letters")


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


def test_no_sketches_are_no_images():
    digits = loading.rasterised([])
    assert digits.images.shape == (0, 28, 28)
    assert digits.labels.shape == (0,) and digits.labels.dtype == torch.int64


def test_a_sketch_in_two_files_is_loaded_once(tmp_path, caplog):
    one, two, three = (Sketch(i, 1, as_strokes([[(0, 0), (0, 1)]]), "pad", "me") for i in "abc")
    write_sketches(tmp_path / "monday.parquet", [two, one])
    write_sketches(tmp_path / "tuesday.parquet", [one._replace(label=7), three, three])
    read = loading.load_sketches(tmp_path)
    assert [(sketch.id, sketch.label) for sketch in read] == [("b", 1), ("a", 1), ("c", 1)]
    assert "Skipped 2 sketches" in caplog.text
