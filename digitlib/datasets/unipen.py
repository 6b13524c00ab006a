"""UNIPEN's isolated digits (train_r01_v07, part 1a) as pen sketches: the command.

`python -m digitlib.unipen` writes `sketches/unipen-digits.parquet` into the data folder: some
11,000 digits of about 460 people (International Unipen Foundation, CC BY 4.0, doi
10.5281/zenodo.1195803).
"""

import argparse
import hashlib
import json
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from digitlib import settings
from digitlib.datasets.unipen_format import read_unipen
from digitlib.strokes import write_sketches

RECORD = "https://zenodo.org/api/records/1195803"
PAGE = "https://doi.org/10.5281/zenodo.1195803"
_CHUNK = 1 << 20  # bytes


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
