"""EMNIST's digits and USPS load as MNIST does, from files in their own formats."""

import bz2
import gzip
import hashlib
import struct
import zipfile

import numpy as np
import pytest
import torch
from file_server import file_server
from torchvision.datasets import EMNIST, USPS

from digitlib import strokes
from digitlib.datasets import DataUnavailable, load_dataset, load_emnist, load_usps


@pytest.fixture(scope="module")
def drawn():
    """Forty digits as MNIST has them: images (40, 28, 28) and labels (40,)."""
    return strokes.draw_images(40, seed=2)


@pytest.fixture
def address(tmp_path):
    """The address of a web server with the test's files."""
    with file_server(tmp_path) as address:
        yield address


def idx(values):
    """The bytes of an array in MNIST's file format."""
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture
def emnist(tmp_path, address, drawn, monkeypatch):
    """EMNIST's archive where torchvision downloads it from: gzip files, images transposed."""
    archive = tmp_path / "gzip.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part, several in {"train": slice(30), "test": slice(30, None)}.items():
            images, labels = drawn[0][several].transpose(0, 2, 1), drawn[1][several]
            for kind, values in {"images-idx3": images, "labels-idx1": labels}.items():
                name = f"gzip/emnist-digits-{part}-{kind}-ubyte.gz"
                file.writestr(name, gzip.compress(idx(values)))
    monkeypatch.setattr(EMNIST, "url", f"{address}/gzip.zip")
    monkeypatch.setattr(EMNIST, "md5", hashlib.md5(archive.read_bytes()).hexdigest())


def test_emnist_is_downloaded_once_and_upright(emnist, tmp_path, drawn, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    data = load_dataset("emnist")
    assert data.name == "emnist"
    assert np.array_equal(torch.cat([data.train.images, data.test.images]), drawn[0])
    assert np.array_equal(torch.cat([data.train.labels, data.test.labels]), drawn[1])
    (tmp_path / "gzip.zip").unlink()
    assert len(load_emnist()[0].labels) == 30  # from disk


def usps_lines(images, labels):
    """The lines of a USPS file: label + 1, then 256 values from -1 to 1."""
    values = images[:, 6:22, 6:22].reshape(len(labels), -1) / 127.5 - 1
    return "\n".join(
        f"{label + 1} " + " ".join(f"{i + 1}:{value:.3f}" for i, value in enumerate(row)) + " "
        for label, row in zip(labels, values, strict=True)
    ).encode()


def test_usps_is_fitted_into_mnists_form(tmp_path, address, drawn, monkeypatch):
    parts = {}
    for part, several in {"train": slice(30), "test": slice(30, None)}.items():
        source = tmp_path / f"{part}.source"
        source.write_bytes(bz2.compress(usps_lines(drawn[0][several], drawn[1][several])))
        name = "usps.bz2" if part == "train" else "usps.t.bz2"
        parts[part] = [
            f"{address}/{source.name}",
            name,
            hashlib.md5(source.read_bytes()).hexdigest(),
        ]
    monkeypatch.setattr(USPS, "split_list", parts)
    train, test = load_usps(tmp_path / "data")
    assert train.images.shape == (30, 28, 28)
    assert torch.cat([train.labels, test.labels]).tolist() == drawn[1].tolist()
    ink = train.images.double()
    at = torch.arange(28) + 0.5
    for axis in (1, 2):  # the centre of mass is in the middle, to half a pixel
        centre = (ink.sum(dim=3 - axis) * at).sum(dim=1) / ink.sum(dim=(1, 2))
        assert (centre - 14).abs().max() <= 0.75
    assert ink[:, [0, 1, 26, 27]].sum() == 0


def test_what_can_not_be_downloaded_is_named(tmp_path, address, monkeypatch):
    nowhere = f"{address}/nothing"
    monkeypatch.setattr(EMNIST, "url", nowhere)
    with pytest.raises(DataUnavailable, match="emnist-digits-train-images-idx3-ubyte"):
        load_emnist(tmp_path)
    monkeypatch.setattr(USPS, "split_list", {"train": [nowhere, "usps.bz2", ""], "test": []})
    with pytest.raises(DataUnavailable, match=r"usps\.t\.bz2"):
        load_usps(tmp_path)
    (tmp_path / "USPS").mkdir(exist_ok=True)
    for name in ("usps.bz2", "usps.t.bz2"):
        (tmp_path / "USPS" / name).write_bytes(b"not packed")
    with pytest.raises(ValueError, match="Delete the folder"):
        load_usps(tmp_path)
