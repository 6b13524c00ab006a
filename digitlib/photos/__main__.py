"""`python -m digitlib.photos FILE …`: print the digits in photos, scans and screenshots."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from digitlib.photos.annotation import annotated
from digitlib.photos.reading import PhotoDigit, prepare, read_steps
from digitlib.recogniser import Recogniser


def main(arguments: Sequence[str]) -> int:
    """Print what is read in each file; returns 1 where a file can't be read."""
    parser = argparse.ArgumentParser(prog="python -m digitlib.photos", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="PNG, JPEG or WebP")
    parser.add_argument("--json", action="store_true", help="one JSON object a file")
    parser.add_argument("--save", type=Path, metavar="PNG", help="the picture with boxes")
    options = parser.parse_args(arguments)
    if options.save and len(options.files) > 1:
        parser.error("--save takes one file at a time")
    recogniser = Recogniser.load()
    failed = False
    for file in options.files:
        try:
            steps = prepare(file)
        except (ValueError, OSError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            failed = True
            continue
        digits = read_steps(steps, recogniser)
        threshold = recogniser.image_threshold
        print(as_json(file, digits) if options.json else as_text(file, digits, threshold))
        if options.save:
            Image.fromarray(annotated(steps.picture, digits, threshold)).save(options.save)
    return int(failed)


def as_text(file: Path, digits: Sequence[PhotoDigit], threshold: float) -> str:
    """The numbers line by line; a question mark follows a doubtful digit."""
    lines = []
    for _, line in groupby(digits, key=lambda digit: digit.line):
        numbers = [list(number) for _, number in groupby(line, key=lambda digit: digit.number)]
        lines.append("  ".join("".join(_written(d, threshold) for d in n) for n in numbers))
    return f"{file}: " + ("\n".join(lines) or "no digit found")


def _written(digit: PhotoDigit, threshold: float) -> str:
    return str(digit.digit) + ("?" if digit.confidence < threshold else "")


def as_json(file: Path, digits: Sequence[PhotoDigit]) -> str:
    """A file's digits as one line of JSON, without their images."""
    found: list[dict[str, Any]] = [
        {**digit._asdict(), "probabilities": digit.probabilities.tolist()} for digit in digits
    ]
    for digit in found:
        del digit["image"]
    return json.dumps({"file": str(file), "digits": found})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
