"""Pendigits' format read from small files in it; the test part is never written."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digitlib.datasets import pendigits
from digitlib.strokes.sketches import read_sketches

DIGITS = """.INCLUDE dene.doc
.LEXICON "0" "1" "2"
.HIERARCHY DIGIT
.SEGMENT DIGIT 0-1 ? "4"
.COMMENT 4 12 224
.PEN_DOWN
 100 400
 100 300
.PEN_UP
.DT 100
.PEN_DOWN
 150 400
 150 200
.PEN_UP
.DT 100
.SEGMENT DIGIT 2 ? "1"
.COMMENT 1 3 225
.PEN_DOWN
 10 10
 10 20
.PEN_UP
.DT 100
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "pendigits" / "pendigits-orig.tra"
    file.parent.mkdir()
    file.write_text(DIGITS)
    return file


def test_digits_have_the_ids_writers_and_strokes_of_the_file(file):
    four, one = pendigits.read_pendigits(file)
    assert (four.id, four.label, four.source, four.writer) == ("pendigits/0", 4, "pendigits", "12")
    assert (one.id, one.label, one.source, one.writer) == ("pendigits/1", 1, "pendigits", "3")
    np.testing.assert_allclose(
        four.strokes, [[[0.40625, 0.125], [0.40625, 0.5]], [[0.59375, 0.125], [0.59375, 0.875]]]
    )
    np.testing.assert_allclose(one.strokes, [[[0.5, 0.875], [0.5, 0.125]]])


@pytest.mark.parametrize("form", ["file", "compressed", "folder", "archive"])
def test_the_command_writes_the_training_part_alone(file, form, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    (file.parent / "pendigits-orig.tes").write_text(DIGITS.replace("12 224", "40 1"))
    given = {"file": file, "folder": file.parent}.get(form, tmp_path / "pendigits.zip")
    if form == "compressed":
        if not shutil.which("gzip"):
            pytest.skip("needs gzip")
        subprocess.run(["gzip", "-k", file], check=True)
        given = file.with_name("pendigits-orig.tra.Z")
        file.with_name("pendigits-orig.tra.gz").rename(given)
    if form == "archive":
        with zipfile.ZipFile(given, "w") as archive:
            for path in file.parent.iterdir():
                archive.write(path, path.name)
    written = tmp_path / "data" / "sketches" / "pendigits-train.parquet"
    assert pendigits.main([str(given)]) == f"2 digits of 2 writers are in {written}."
    kept = read_sketches(written)
    assert [(sketch.id, sketch.writer) for sketch in kept] == [
        ("pendigits/0", "12"),
        ("pendigits/1", "3"),
    ]


def test_the_test_part_is_refused(file):
    test_part = file.with_suffix(".tes")
    file.rename(test_part)
    with pytest.raises(ValueError, match="test part"):
        pendigits.main([str(test_part)])
    with pytest.raises(ValueError, match=r"no pendigits-orig\.tra"):
        pendigits.main([str(test_part.parent)])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".COMMENT 4 12 224\n", "", "no writer"),
        (".COMMENT 4 12", ".COMMENT 5 12", "labels differ"),
        (" 100 400", " 100 x", "'100 x' is no point"),
        ("SEGMENT", "GONE", "no digit"),
    ],
)
def test_a_malformed_file_is_refused_and_the_line_named(file, old, new, said):
    file.write_text(DIGITS.replace(old, new))
    with pytest.raises(ValueError, match=said):
        pendigits.read_pendigits(file)


def test_a_download_that_fails_says_how_to_do_without(tmp_path):
    with pytest.raises(OSError, match=r"by hand from https://doi\.org/10\.24432/C5MG6K"):
        pendigits.download(tmp_path, (tmp_path / "gone.zip").as_uri())
