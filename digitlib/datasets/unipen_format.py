"""UNIPEN's format: files of pen components and of the digits that they make.

A line that starts with a dot is a statement (Guyon et al. 1994). A file of part 1a includes another
file with the pen's components, from `.PEN_DOWN` to `.PEN_UP`. For each digit it names its
components, counted from 0: `.SEGMENT CHARACTER 2-3 ? "8"`.
"""

import logging
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from digitlib.strokes import Sketch, Strokes

logger = logging.getLogger(__name__)
_SIZE = 0.75  # the digit's longer side, in units of the pad
_POINT = r"\d+(?::\d+)?"  # a component, with or without one of its points

# The components, if well formed; the quality, which some files leave out; the label.
_SEGMENT = re.compile(
    rf'\.SEGMENT\s+CHARACTER\s+({_POINT}(?:\s*[,-]\s*{_POINT})*(?=\s))?[^"]*"([0-9])"',
    re.IGNORECASE,
)
Component = NDArray[np.float64]


class Segment(NamedTuple):
    """A digit in a file: its components, such as `2-3` or `5`, and its label."""

    components: str
    label: int


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
