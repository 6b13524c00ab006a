"""Pen-Based Recognition of Handwritten Digits as pen sketches: download, read, write.

`python -m digitlib.pendigits` writes `sketches/pendigits-train.parquet` into the data folder: the
7,494 digits of the training part, by 30 people (Alpaydin and Alimoglu 1998, UCI Machine Learning
Repository, doi 10.24432/C5MG6K, CC BY 4.0). The test part, by 14 others, is never written.

The file `pendigits-orig.tra` is in UNIPEN's format (Guyon et al. 1994): of each digit a statement
`.SEGMENT DIGIT 0-1 ? "8"` with the components that it is made of, and one `.COMMENT 8 12 224` with
its label, its writer and a number. The coordinates are those of a 500 by 500 box, y pointing up.
"""

import argparse
import logging
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from digitlib import settings
from digitlib.datasets.unipen_format import upright
from digitlib.strokes import Sketch, Strokes, write_sketches

logger = logging.getLogger(__name__)
ARCHIVE = (
    "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
)
PAGE = "https://doi.org/10.24432/C5MG6K"
TRAINING = "pendigits-orig.tra"
_SEGMENT = re.compile(r'\.SEGMENT\s+DIGIT\b.*"([0-9])"', re.IGNORECASE)
_COMMENT = re.compile(r"\.COMMENT\s+([0-9])\s+(\d+)\s+\d+\s*$", re.IGNORECASE)


def download(folder: Path, url: str = ARCHIVE) -> Path:
    """Download UCI's archive into a folder; returns its path.

    Raises OSError, with how to do without, when it can't be downloaded.
    """
    path = folder / "pendigits.zip"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, path.open("wb") as to:
            while chunk := answer.read(1 << 20):
                to.write(chunk)
    except OSError as error:
        raise OSError(
            f"Pendigits could not be downloaded ({error}). Download the archive by hand from "
            f"{PAGE} and give its path: python -m digitlib.pendigits PATH"
        ) from error
    return path


def read_pendigits(file: Path) -> list[Sketch]:
    """The digits of `pendigits-orig.tra`, or of the same file compressed (`.Z`), in its order.

    A digit without a point is left out; the log says so. Raises ValueError when there is no digit
    or one names no writer, and for a test part (`.tes`), which nobody may train on.
    """
    if ".tes" in file.suffixes:
        raise ValueError(f"{file} is the test part of Pendigits: give {TRAINING} instead.")
    sketches = []
    for number, (label, writer, strokes) in enumerate(_digits(_text(file).splitlines(), file)):
        if strokes:
            id = f"pendigits/{number}"
            sketches.append(Sketch(id, label, upright(strokes), "pendigits", writer))
        else:
            logger.warning("Digit %d of %s is left out: it has no points.", number, file)
    if not sketches:
        raise ValueError(f"{file} holds no digit (`.SEGMENT DIGIT`).")
    return sketches


def _text(file: Path) -> str:
    """The file's text; what `compress` made (`.Z`) is unpacked by gzip."""
    if file.suffix != ".Z":
        return file.read_text(encoding="latin-1")
    try:
        unpacked = subprocess.run(
            ["gzip", "-dc"], input=file.read_bytes(), capture_output=True, check=False
        )
    except FileNotFoundError:
        raise OSError(f"gzip, which unpacks {file}, is not installed.") from None
    if unpacked.returncode:
        raise ValueError(f"{file} can't be unpacked: {unpacked.stderr.decode().strip()}")
    return unpacked.stdout.decode("latin-1")


def _digits(lines: Sequence[str], file: Path) -> Iterator[tuple[int, str, Strokes]]:
    """Each digit's label, writer and strokes; a stroke goes from `.PEN_DOWN` to `.PEN_UP`."""
    label: int | None = None
    writer = ""
    strokes: list[list[tuple[float, float]]] = []
    points: list[tuple[float, float]] | None = None
    for number, line in enumerate(map(str.strip, [*lines, '.SEGMENT DIGIT ? "0"']), 1):
        if not line.startswith("."):
            if points is not None and line:
                points.append(_point(line, file, number))
        elif segment := _SEGMENT.match(line):
            if label is not None:
                if not writer:
                    raise ValueError(f"{file}, line {number}: the digit before has no writer.")
                yield label, writer, [np.array(stroke) for stroke in strokes if stroke]
            label, writer, strokes, points = int(segment[1]), "", [], None
        elif comment := _COMMENT.match(line):
            if label is not None and int(comment[1]) != label:
                raise ValueError(f"{file}, line {number}: the labels differ, {line!r}.")
            writer = comment[2]
        elif line.upper().startswith(".PEN_DOWN"):
            points = []
            strokes.append(points)
        elif line.upper().startswith(".PEN_UP"):
            points = None


def _point(line: str, file: Path, number: int) -> tuple[float, float]:
    """The point on a line; ValueError where it is none."""
    try:
        x, y, *_ = map(float, line.split())
    except ValueError:
        raise ValueError(f"{file}, line {number}: {line!r} is no point.") from None
    return x, y


def main(arguments: Sequence[str]) -> str:
    """Read a file, an archive or a folder, by default the download; returns what was written."""
    target = settings.data_dir() / "sketches" / "pendigits-train.parquet"
    with tempfile.TemporaryDirectory() as temporary:
        given = Path(arguments[0]) if arguments else download(Path(temporary))
        sketches = read_pendigits(_training_part(given, Path(temporary)))
        target.parent.mkdir(parents=True, exist_ok=True)
        write_sketches(target, sketches)
    writers = len({sketch.writer for sketch in sketches})
    return f"{len(sketches):,} digits of {writers} writers are in {target}."


def _training_part(given: Path, temporary: Path) -> Path:
    """The file of the training part: the one given, or one in the folder or archive given."""
    if given.is_file() and not zipfile.is_zipfile(given):
        return given
    if given.is_file():
        with zipfile.ZipFile(given) as archive:
            archive.extractall(temporary / "unpacked")
        folder = temporary / "unpacked"
    else:
        folder = given
    for name in (TRAINING, f"{TRAINING}.Z"):
        if found := sorted(folder.rglob(name)):
            return found[0]
    raise ValueError(f"There is no {TRAINING} or {TRAINING}.Z in {given}.")


def run() -> None:
    """The command line: a file, archive or folder, or nothing to download Pendigits."""
    parser = argparse.ArgumentParser(
        "python -m digitlib.pendigits",
        description="Write Pendigits' training part to the data folder.",
    )
    parser.add_argument("path", nargs="?", help=f"{TRAINING}, or what holds it; else download")
    options = parser.parse_args()
    try:
        print(main([options.path] if options.path else []))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
