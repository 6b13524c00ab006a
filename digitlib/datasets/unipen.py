"""UNIPEN's isolated digits as pen sketches: download train_r01_v07, check it, read its part 1a.

`python -m digitlib.unipen` writes `sketches/unipen-digits.parquet` into the data folder: some
11,000 digits of about 460 people (International Unipen Foundation, CC BY 4.0, doi
10.5281/zenodo.1195803).

In UNIPEN's format (Guyon et al. 1994) a line that starts with a dot is a statement. A file of part
1a includes another with the pen's components, `.PEN_DOWN` to `.PEN_UP`, and says of each digit
which of these it is made of, counted from 0: `.SEGMENT CHARACTER 2-3 ? "8"`.
"""

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
_SIZE = 0.75  # of the pad, the digit's longer side
_POINT = r"\d+(?::\d+)?"  # a component, and a point of it

# Which components, where they make sense; a word on the quality, that some leave out; a label.
_SEGMENT = re.compile(
    rf'\.SEGMENT\s+CHARACTER\s+({_POINT}(?:\s*[,-]\s*{_POINT})*(?=\s))?[^"]*"([0-9])"',
    re.IGNORECASE,
)
_CHUNK = 1 << 20  # bytes
Component = NDArray[np.float64]


class Segment(NamedTuple):
    """A digit as a file names it: which components, such as `2-3` or `5`, and its label."""

    components: str
    label: int


def download(folder: Path, record: str = RECORD) -> list[Path]:
    """Download what the Zenodo record holds, each file checked by the record's own checksum.

    Raises OSError, with how to do without, when it can't be had or a checksum is wrong.
    """
    try:
        with urllib.request.urlopen(record, timeout=60) as answer:
            files = json.load(answer)["files"]
        return [_fetched(file, folder) for file in files]
    except (OSError, KeyError, ValueError) as error:
        raise OSError(
            f"UNIPEN could not be downloaded ({error}). Download the archive by hand from {PAGE} "
            "and give its path: python -m digitlib.unipen PATH"
        ) from error


def _fetched(file: dict[str, dict[str, str] | str], folder: Path) -> Path:
    """One file of the record, with a progress bar; ValueError where its checksum is wrong."""
    name, links, said = str(file["key"]), file["links"], str(file["checksum"])
    assert isinstance(links, dict)
    method, _, expected = said.partition(":")
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
    """The digits of part 1a below a folder that holds `data/1a/` and `include/`.

    A writer is a file; the source is its collection. A file that is malformed is left out, as are
    digits whose components are; the log says so. Raises ValueError when no digit can be read.
    """
    part = root / "data" / "1a"
    files = sorted(path for path in part.rglob("*.dat") if path.is_file())
    if not files:
        raise ValueError(f"There is no part 1a of UNIPEN (*.dat) in {part}.")
    sketches: list[Sketch] = []
    left_out = 0
    for file in tqdm(files, desc="reading UNIPEN", leave=False):
        writer = file.relative_to(part).with_suffix("").as_posix()
        try:
            digits = list(_digits(file, root / "include"))
        except ValueError as error:
            logger.warning("%s is left out: %s", file, error)
            continue
        left_out += digits.count(None)
        for label, strokes in filter(None, digits):
            id = f"unipen-1a/{writer}/{len(sketches)}"
            sketches.append(Sketch(id, label, strokes, writer.split("/")[0], writer))
    if left_out:
        logger.warning("%d digits are left out: they name components that aren't there.", left_out)
    if not sketches:
        raise ValueError(f"None of the {len(files)} files (*.dat) in {part} holds a digit.")
    return sketches


def _digits(file: Path, include: Path) -> Iterator[tuple[int, Strokes] | None]:
    """Each digit of a file with its strokes; None for one that names missing components."""
    components: list[Component] = []
    segments: list[Segment] = []
    _parse(file, include, components, segments)
    for ranges, label in segments:
        try:
            strokes = [stroke for part in ranges.split(",") for stroke in _cut(components, part)]
        except (IndexError, ValueError):
            strokes = []
        inked = [stroke for stroke in strokes if len(stroke)]
        yield (label, _upright(inked)) if inked else None


def _parse(
    file: Path,
    include: Path,
    components: list[Component],
    segments: list[Segment],
    within: tuple[Path, ...] = (),
) -> None:
    """Add a file's components and digits, and those of the files that it includes."""
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
    """The point that a line holds; None where it is cut short, or a comment that goes on."""
    try:
        point = float(words[x]), float(words[y])
    except (IndexError, ValueError):
        return None
    return point if all(map(math.isfinite, point)) else None


def _axes(words: Sequence[str], file: Path) -> tuple[int, int]:
    """In which columns x and y are."""
    names = [word.upper() for word in words]
    if not {"X", "Y"} <= set(names):
        raise ValueError(f".COORD of {file} names {' '.join(words) or 'nothing'}, not X and Y.")
    return names.index("X"), names.index("Y")


def _included(name: str, include: Path) -> Path | None:
    """The file with that name, in quotes or without, else one whose name differs in case alone."""
    name = name.strip("\"' ")
    if (exact := include / name).is_file():
        return exact
    alike = [include]
    for part in Path(name.lower()).parts:
        inside = [path for folder in alike for path in sorted(folder.glob("*"))]
        alike = [path for path in inside if path.name.lower() == part]
    return next((path for path in alike if path.is_file()), None)


def _cut(components: Sequence[Component], part: str) -> list[Component]:
    """The components of `4` or `2-3`; of `2:10-3:5` from the 10th point of 2 to the 5th of 3."""
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


def _upright(strokes: Strokes) -> Strokes:
    """Scale to the pad, in its middle, and turn y, which points up in UNIPEN."""
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
    """Read an archive or a folder, by default what is downloaded; returns what was written."""
    target = settings.data_dir() / "sketches" / "unipen-digits.parquet"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        given = [Path(argument) for argument in arguments] or download(folder)
        for path in given:
            if path.is_file():
                _unpack(path, folder / "unpacked")
        roots = [path for path in given if path.is_dir()] or [folder]
        found = next((part for root in roots for part in root.rglob("data/1a")), None)
        if found is None:
            raise ValueError(f"There is no data/1a in {', '.join(map(str, given))}.")
        sketches = read_unipen(found.parent.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_sketches(target, sketches)
    writers = len({sketch.writer for sketch in sketches})
    return f"{len(sketches):,} digits of {writers} writers are in {target}."


def run() -> None:
    """The command line: says what was written, or why nothing was."""
    try:
        print(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
