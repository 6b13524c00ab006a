"""A picture file as pixels: checked before it is decoded, upright, and not larger than needed."""

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 50_000_000  # of a picture: a phone's has 12 or 48 million
_SIDE = 2400  # px, the longer side that is worked on
_LEAST_SIDE = 8  # px
_STRIP = 1_000_000  # px that are converted at a time
# Bytes of memory that decoding takes a pixel, and most bytes in all.
_COST = {"PNG": 1, "JPEG": 1, "MPO": 1, "WEBP": 16, "progressive": 4}
_MOST_BYTES = 200_000_000
_LARGE = 16_000_000  # px of a colour PNG, from which it is decoded in grey, a quarter of the memory
_OTHERS = (
    (b"%PDF", "a PDF document; save the page as a picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Picture(NamedTuple):
    """An upright picture: (h, w, 3) uint8, and how many of the file's px one of its px is."""

    colour: NDArray[np.uint8]
    scale: float


def decode(source: bytes | str | Path, most_pixels: int = MOST_PIXELS) -> Picture:
    """The picture in a PNG, JPEG or WebP file, or in its bytes; alpha is shown on paper.

    Raises ValueError, with a sentence, for anything else, for more than `most_pixels`, and for what
    would take too much memory; OSError for a file that can't be read.
    """
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check(picture, most_pixels)
            if picture.format == "PNG" and picture.mode == "RGB" and _pixels(picture) > _LARGE:
                return _decoded_grey(content, _TURNS.get(_orientation(picture)))
            width = picture.width
            turn = _TURNS.get(_orientation(picture))
            factor = -(-max(picture.size) // _SIDE)
            picture.draft("RGB", (picture.width // factor, picture.height // factor))
            factor = -(-max(picture.size) // _SIDE)
            picture.load()
            small = Image.fromarray(_reduced(picture, factor))
            scale = width / picture.width * factor
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(
            f"The picture has far more than {most_pixels:,} pixels, the most that are read."
        ) from error
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(_refusal(content)) from error
    return Picture(np.asarray(small if turn is None else small.transpose(turn)), scale)


def _pixels(picture: Image.Image) -> int:
    return picture.width * picture.height


def _decoded_grey(content: bytes, turn: Image.Transpose | None) -> Picture:
    """A large PNG, decoded in grey."""
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    grey = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if grey is None:
        raise OSError("broken PNG")
    factor = -(-max(grey.shape) // _SIDE)
    size = (grey.shape[1] // factor, grey.shape[0] // factor)
    width = grey.shape[1]
    small = Image.fromarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA)).convert("RGB")
    return Picture(np.asarray(small if turn is None else small.transpose(turn)), width / size[0])


def _check(picture: Image.Image, most_pixels: int) -> None:
    """Raise ValueError for a picture that is too large, too small or moves; nothing is decoded."""
    size = f"The picture has {picture.width:,} × {picture.height:,} pixels"
    pixels = _pixels(picture)
    if pixels > most_pixels:
        raise ValueError(f"{size}; at most {most_pixels:,} are read. Make it smaller.")
    if max(picture.size) < _LEAST_SIDE:
        raise ValueError(f"{size}: too few for a digit.")
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise ValueError("The file is an animation. Save one of its pictures.")
    kind = "progressive" if picture.info.get("progressive") else picture.format
    if pixels * _COST.get(str(kind), 8) > _MOST_BYTES:
        raise ValueError(f"{size}: too many for this kind of file. Save it as an ordinary JPEG.")


def _orientation(picture: Image.Image) -> int:
    """How the camera was held, as EXIF numbers it; 1 where it isn't known."""
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1  # getexif would decode the picture
    try:
        return int(picture.getexif().get(0x0112, 1))
    except Exception:  # broken EXIF raises many kinds
        return 1


def _reduced(picture: Image.Image, factor: int) -> NDArray[np.uint8]:
    """The pixels (h, w, 3), `factor` times smaller, converted strip by strip to save memory."""
    rows = max(factor, _STRIP // picture.width // factor * factor)
    starts = range(0, picture.height, rows)
    boxes = [(0, y, picture.width, min(y + rows, picture.height)) for y in starts]
    levels = picture.getextrema() if picture.mode.startswith("I") else None
    paper = _paper(picture, boxes) if picture.has_transparency_data else None
    strips = []
    for box in boxes:
        strip = picture.crop(box)
        if levels:
            low, high = (float(level) for level in levels)  # type: ignore[arg-type]
            grey = (np.asarray(strip, np.float32) - low) * (255 / max(high - low, 1))
            strip = Image.fromarray(grey.astype(np.uint8))
        elif paper:
            alpha = strip.convert("RGBA")
            strip = Image.alpha_composite(Image.new("RGBA", alpha.size, paper), alpha)
        strip = strip.convert("RGB")
        strips.append(np.asarray(strip.reduce(factor) if factor > 1 else strip))
    return np.concatenate(strips)


def _paper(picture: Image.Image, boxes: list[tuple[int, int, int, int]]) -> str:
    """The colour behind transparent parts: black for a picture of light ink, else white."""
    light = covered = 0.0
    for box in boxes:
        shown = np.asarray(picture.crop(box).convert("LA"), np.float32)
        light += float((shown[..., 0] * shown[..., 1]).sum())
        covered += float(shown[..., 1].sum())
    return "black" if light > 200 * covered else "white"


def _refusal(content: bytes) -> str:
    """Why the bytes are not a picture that can be read."""
    head = content[:512].lstrip()
    kind = next((name for start, name in _OTHERS if content.startswith(start)), "")
    if head.startswith((b"<svg", b"<?xml", b"<!DOCTYPE", b"<html")):
        kind = "text, such as SVG or HTML; save it as a picture"
    if content[4:8] == b"ftyp":
        kind = "a HEIC or AVIF picture, or a film"
    if not content:
        return "The file is empty. Choose a PNG, JPEG or WebP picture."
    if kind:
        return f"The file is {kind}. PNG, JPEG and WebP are read."
    return "The file is not a whole picture in one of the formats PNG, JPEG and WebP."
