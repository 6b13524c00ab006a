"""UNIPEN's isolated digits (train_r01_v07, part 1a) as pen sketches: download and parsing.

`python -m digitlib.unipen` writes `sketches/unipen-digits.parquet` into the data folder: some
11,000 digits of about 460 people (International Unipen Foundation, CC BY 4.0, doi
10.5281/zenodo.1195803).

In UNIPEN's format (Guyon et al. 1994) a line that starts with a dot is a statement. A file of part
1a includes another file with the pen's components, from `.PEN_DOWN` to `.PEN_UP`. For each digit it
names its components, counted from 0: `.SEGMENT CHARACTER 2-3 ? "8"`.
"""

import argparse
import hashlib
import json
import logging
import math
import re
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from digitlib import settings
from digitlib.strokes import Sketch, Strokes, write_sketches

logger = logging.getLogger(__name__)
RECORD = "https://zenodo.org/api/records/1195803"
PAGE = "https://doi.org/10.5281/zenodo.1195803"
_SIZE = 0.75  # the digit's longer side, in units of the pad
_POINT = r"\d+(?::\d+)?"  # a component, with or without one of its points

# The components, if well formed; the quality, which some files leave out; the label.
_SEGMENT = re.compile(
    rf'\.SEGMENT\s+CHARACTER\s+({_POINT}(?:\s*[,-]\s*{_POINT})*(?=\s))?[^"]*"([0-9])"',
    re.IGNORECASE,
)
_CHUNK = 1 << 20  # bytes
Component = NDArray[np.float64]


class Segment(NamedTuple):
    """A digit in a file: its components, such as `2-3` or `5`, and its label."""

    components: str
    label: int


def download(folder: Path, record: str = RECORD) -> list[Path]:
    """Download the files of the Zenodo record and verify the record's checksums.

    Raises OSError, with instructions for a manual download, when this fails.
    """
    try:
        with urllib.request.urlopen(record, timeout=60) as answer:
            files = json.load(answer)["files"]
        return [_fetch(file, folder) for file in files]
    except (OSError, KeyError, ValueError) as error:
        raise OSError(
            f"UNIPEN could not be downloaded ({error}). Download the archive by hand from {PAGE} "
            "and give its path: python -m digitlib.unipen PATH"
        ) from error


def _fetch(file: dict[str, dict[str, str] | str], folder: Path) -> Path:
    """Download one file of the record; raises ValueError when its checksum is wrong."""
    name, links, checksum = str(file["key"]), file["links"], str(file["checksum"])
    assert isinstance(links, dict)
    method, _, expected = checksum.partition(":")
    path, digest = folder / Path(name).name, hashlib.new(method)
    with urllib.request.urlopen(links["self"], timeout=60) as answer, path.open("wb") as to:
        total = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(total=total, unit="B", unit_scale=True, desc=name) as bar:
            while chunk := answer.read(_CHUNK):
                to.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
    if digest.hexdigest() != expected:
        raise ValueError(f"{name} has the checksum {digest.hexdigest()}, not {expected}")
    return path


def read_unipen(root: Path) -> list[Sketch]:
    """The digits of part 1a in a folder that holds `data/1a/` and `include/`.

    Each file is one writer; the source is its collection. Malformed files and digits are skipped
    with a warning in the log. Raises ValueError when there is no digit.
    """
    part = root / "data" / "1a"
    files = sorted(path for path in part.rglob("*.dat") if path.is_file())
    if not files:
        raise ValueError(f"There is no part 1a of UNIPEN (*.dat) in {part}.")
    sketches: list[Sketch] = []
    skipped = 0
    for file in tqdm(files, desc="reading UNIPEN", leave=False):
        writer = file.relative_to(part).with_suffix("").as_posix()
        try:
            digits = list(_digits(file, root / "include"))
        except ValueError as error:
            logger.warning("Skipped %s: %s", file, error)
            continue
        skipped += digits.count(None)
        for label, strokes in filter(None, digits):
            id = f"unipen-1a/{writer}/{len(sketches)}"
            sketches.append(Sketch(id, label, strokes, writer.split("/")[0], writer))
    if skipped:
        logger.warning("Skipped %d digits that refer to missing components.", skipped)
    if not sketches:
        raise ValueError(f"None of the {len(files)} files (*.dat) in {part} contains a digit.")
    return sketches


def _digits(file: Path, include: Path) -> Iterator[tuple[int, Strokes] | None]:
    """Each digit of a file with its strokes; None for one that refers to missing components."""
    components: list[Component] = []
    segments: list[Segment] = []
    _parse(file, include, components, segments)
    for ranges, label in segments:
        try:
            strokes = [stroke for part in ranges.split(",") for stroke in _cut(components, part)]
        except (IndexError, ValueError):
            strokes = []
        inked = [stroke for stroke in strokes if len(stroke)]
        yield (label, upright(inked)) if inked else None


def _parse(
    file: Path,
    include: Path,
    components: list[Component],
    segments: list[Segment],
    within: tuple[Path, ...] = (),
) -> None:
    """Append the components and digits of a file and of the files that it includes."""
    if file in within:
        raise ValueError(f"{file} includes itself.")
    x, y = 0, 1
    points: list[tuple[float, float]] | None = None
    for line in [*file.read_text(encoding="latin-1").splitlines(), ".PEN_UP"]:
        keyword, *words = line.split() or [""]
        keyword = keyword.upper()
        if not keyword.startswith("."):
            if points is not None and (point := _point(line.split(), x, y)):
                points.append(point)
            continue
        if keyword.startswith(".PEN_") and points is not None:
            components.append(np.array(points).reshape(-1, 2))
            points = None
        if keyword.startswith(".PEN_DOWN"):
            points = []
        elif keyword == ".COORD":
            x, y = _axes(words, file)
        elif keyword == ".INCLUDE" and (found := _included(" ".join(words), include)):
            _parse(found, include, components, segments, (*within, file))
        elif segment := _SEGMENT.match(line.strip()):
            segments.append(Segment(segment[1] or "", int(segment[2])))


def _point(words: Sequence[str], x: int, y: int) -> tuple[float, float] | None:
    """The point on a line; None for a truncated line or the continuation of a comment."""
    try:
        point = float(words[x]), float(words[y])
    except (IndexError, ValueError):
        return None
    return point if all(map(math.isfinite, point)) else None


def _axes(words: Sequence[str], file: Path) -> tuple[int, int]:
    """The columns of x and y."""
    names = [word.upper() for word in words]
    if not {"X", "Y"} <= set(names):
        raise ValueError(f".COORD of {file} names {' '.join(words) or 'nothing'}, not X and Y.")
    return names.index("X"), names.index("Y")


def _included(name: str, include: Path) -> Path | None:
    """The file with that name, quoted or not; otherwise one whose name differs only in case."""
    name = name.strip("\"' ")
    if (exact := include / name).is_file():
        return exact
    alike = [include]
    for part in Path(name.lower()).parts:
        inside = [path for folder in alike for path in sorted(folder.glob("*"))]
        alike = [path for path in inside if path.name.lower() == part]
    return next((path for path in alike if path.is_file()), None)


def _cut(components: Sequence[Component], part: str) -> list[Component]:
    """The components of `4` or `2-3`; `2:10-3:5` is from point 10 of 2 to point 5 of 3."""
    first, _, last = part.partition("-")
    (start, _, begin), (stop, _, end) = first.partition(":"), (last or first).partition(":")
    if not 0 <= int(start) <= int(stop) < len(components):
        raise IndexError(part)
    cut = [np.array(component) for component in components[int(start) : int(stop) + 1]]
    if end and last:
        cut[-1] = cut[-1][: int(end) + 1]
    if begin:
        cut[0] = cut[0][int(begin) :]
    return cut


def upright(strokes: Strokes) -> Strokes:
    """Centre and scale to the pad, and flip y, which points up in UNIPEN."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = _SIZE / ((high - low).max() or 1.0)
    return [(stroke - (low + high) / 2) * (scale, -scale) + 0.5 for stroke in strokes]


def _unpack(archive: Path, folder: Path) -> None:
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    else:
        shutil.unpack_archive(archive, folder)


def main(arguments: Sequence[str]) -> str:
    """Convert an archive or folder, by default a download; returns a message for the user."""
    target = settings.data_dir() / "sketches" / "unipen-digits.parquet"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = [Path(argument) for argument in arguments] or download(folder)
        for path in paths:
            if path.is_file():
                _unpack(path, folder / "unpacked")
        roots = [path for path in paths if path.is_dir()] or [folder]
        found = next((part for root in roots for part in root.rglob("data/1a")), None)
        if found is None:
            raise ValueError(f"There is no data/1a in {', '.join(map(str, paths))}.")
        sketches = read_unipen(found.parent.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_sketches(target, sketches)
    writers = len({sketch.writer for sketch in sketches})
    return f"{len(sketches):,} digits of {writers} writers are in {target}."


def run() -> None:
    """The command line: one archive or folder, or nothing to download UNIPEN."""
    parser = argparse.ArgumentParser(
        "python -m digitlib.unipen", description="Write UNIPEN's pen digits to the data folder."
    )
    parser.add_argument("path", nargs="*", help="the archive or its unpacked folder; else download")
    options = parser.parse_args()
    try:
        print(main(options.path))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
