"""Parsing of UNIPEN's format, and the download from a local server."""

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from file_server import file_server

from digitlib.datasets import unipen
from digitlib.strokes.sketches import read_sketches

COMPONENTS = """.VERSION 1.0
.COORD X Y T
.PEN_DOWN
10 20 0
10 40 1
.PEN_UP
 10 40 2
 20 40 3
.PEN_DOWN
0 30 4
20 30 5
.PEN_UP
.PEN_DOWN
100 0 6
100 10 7
100 40 8
"""
DIGITS = """.VERSION 1.0
.INCLUDE xyz/gone.doc
.INCLUDE xyz/data/one.dat
.SEGMENT CHARACTER 0-1 ? "4"
.SEGMENT CHARACTER 2 OK "1"
.SEGMENT CHARACTER 2:1-2:2 ? "1"
.SEGMENT CHARACTER 1,0 ? "4"
.SEGMENT CHARACTER 7 ? "8"
.SEGMENT CHARACTER 2 ? "l"
.SEGMENT WORD 0-2 ? "41"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "train_r01_v07"
    for path, text in {
        "data/1a/xyz/xyz01/one.dat": DIGITS,
        "data/1a/abc/two.dat": '.INCLUDE xyz/data/one.dat\n.SEGMENT CHARACTER 2 ? "1"\n',
        "data/1b/xyz/letters.dat": DIGITS,
        "include/xyz/data/one.dat": COMPONENTS,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    with file_server(folder) as address:
        yield address


def packed(root: Path, name: str) -> Path:
    archive = root.parent / "served" / name
    archive.parent.mkdir(exist_ok=True)
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive, "w") as opened:
            for path in root.rglob("*.dat"):
                opened.write(path, path.relative_to(root.parent))
    else:
        with tarfile.open(archive, "w:gz") as opened:
            opened.add(root, root.name)
    return archive


def test_digits_are_built_from_their_components_upright_and_scaled(root):
    two, four, one, part, again = unipen.read_unipen(root)
    assert [sketch.label for sketch in (two, four, one, part, again)] == [1, 4, 1, 1, 4]
    assert (four.id, four.source, four.writer) == (
        "unipen-1a/xyz/xyz01/one/1",
        "xyz",
        "xyz/xyz01/one",
    )
    assert (two.source, two.writer) == ("abc", "abc/two")
    # The stem goes up, so y falls; the bar is in its middle; the longer side is 0.75.
    np.testing.assert_allclose(four.strokes[0], [[0.5, 0.875], [0.5, 0.125]])
    np.testing.assert_allclose(four.strokes[1], [[0.125, 0.5], [0.875, 0.5]])
    assert [len(stroke) for stroke in again.strokes] == [2, 2]
    assert (len(one.strokes[0]), len(part.strokes[0])) == (3, 2)


@pytest.mark.parametrize(
    ("written", "sloppy"),
    [
        (".INCLUDE xyz/data/one.dat", ".INCLUDE\txyz/data/one.dat"),
        (".INCLUDE xyz/data/one.dat", '.INCLUDE "XYZ/data/ONE.DAT"'),
        (".INCLUDE xyz/data/one.dat", " .include xyz/data/one.dat"),
        ('0-1 ? "4"', '0-1 "4"'),
        ('1,0 ? "4"', '1, 0 ? "4"'),
        ('1,0 ? "4"', '1, 0 "4"'),
        (".SEGMENT CHARACTER 2 OK", " .segment\tcharacter 2 ok"),
        (".COORD X Y T", ".coord x y t"),
        (".PEN_DOWN", "\t.pen_down"),
        ("20 40 3\n", "20 40 3\n.COMMENT drawn by\nsomebody in 1993\n7\nnan 0 0\n"),
    ],
)
def test_sloppy_files_are_parsed_as_intended(root, written, sloppy):
    meant = unipen.read_unipen(root)
    for path in root.rglob("*.dat"):
        path.write_text(path.read_text().replace(written, sloppy))
    for read, sketch in zip(unipen.read_unipen(root), meant, strict=True):
        assert read.label == sketch.label
        for one, other in zip(read.strokes, sketch.strokes, strict=True):
            np.testing.assert_array_equal(one, other)


def test_skipped_digits_and_files_are_logged(root, caplog):
    folder = root / "include" / "xyz" / "data"
    (folder / "round.dat").write_text(".INCLUDE xyz/data/round.dat\n")
    (folder / "axes.dat").write_text(".COORD T P\n")
    for name in ("round", "axes"):
        (root / "data" / "1a" / f"{name}.dat").write_text(f".INCLUDE xyz/data/{name}.dat\n{DIGITS}")
    assert len(unipen.read_unipen(root)) == 5
    assert "Skipped 1 digits" in caplog.text  # of component 7
    assert "round.dat includes itself" in caplog.text
    assert "axes.dat names T P, not X and Y" in caplog.text


def test_an_archive_without_digits_is_refused(root):
    for path in (root / "include").rglob("*.dat"):
        path.unlink()
    with pytest.raises(ValueError, match=r"None of the 2 files .*1a contains a digit"):
        unipen.read_unipen(root)


@pytest.mark.parametrize("name", ["unipen.tgz", "unipen.zip"])
def test_the_command_converts_an_archive(root, name, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    message = unipen.main([str(packed(root, name))])
    assert message.startswith("5 digits of 2 writers are in ")
    assert len(read_sketches(tmp_path / "data" / "sketches" / "unipen-digits.parquet")) == 5


def test_the_downloads_checksum_is_verified(root, server, tmp_path):
    archive = packed(root, "unipen.tgz")
    sums = [hashlib.md5(archive.read_bytes()).hexdigest(), "0" * 32]
    for number, checksum in enumerate(sums):
        links = {"self": f"{server}/unipen.tgz"}
        file = {"key": "unipen.tgz", "links": links, "checksum": f"md5:{checksum}"}
        (archive.parent / f"record{number}").write_text(json.dumps({"files": [file]}))
    (found,) = unipen.download(tmp_path, f"{server}/record0")
    assert found.read_bytes() == archive.read_bytes()
    with pytest.raises(OSError, match=r"checksum .* by hand from https://doi.org"):
        unipen.download(tmp_path, f"{server}/record1")
    with pytest.raises(OSError, match="could not be downloaded"):
        unipen.download(tmp_path, f"{server}/nothing")


def test_a_folder_without_part_1a_is_named(tmp_path):
    with pytest.raises(ValueError, match="no data/1a in"):
        unipen.main([str(tmp_path)])
