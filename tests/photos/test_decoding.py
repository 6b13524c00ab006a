"""Odd and hostile files are refused in words, before they cost memory; usual ones are read."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from photo_pages import encoded, page
from PIL import Image

from digitlib.photos.decoding import decode

PICTURE = page(("3",))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that announces so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def animation() -> bytes:
    frames = [Image.new("L", (40, 40), level) for level in (0, 100, 200)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"not a picture", "not a whole picture"),
    "SVG called .png": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "PDF called .png": (b"%PDF-1.7 and so on", "PDF"),
    "GIF": (encoded(Image.new("L", (20, 20)), "GIF"), "GIF"),
    "TIFF": (encoded(Image.new("L", (20, 20)), "TIFF"), "TIFF"),
    "HEIC": (b"\0\0\0\x18ftypheic", "HEIC"),
    "PNG cut short": (encoded(PICTURE)[:3000], "not a whole picture"),
    "JPEG cut short": (encoded(PICTURE, "JPEG")[:3000], "not a whole picture"),
    "60 megapixels": (bomb(10_000, 6_000), "at most 50,000,000"),
    "120 megapixels": (bomb(10_000, 12_000), "pixels"),
    "3,600 megapixels": (bomb(60_000, 60_000), "pixels"),
    "too small": (encoded(Image.new("L", (5, 5))), "too few"),
    "animation": (animation(), "animation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_refused_with_its_reason(name):
    content, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason):
        decode(content)


def darkest(content: bytes) -> tuple[int, int]:
    """The darkest and the lightest grey of a decoded picture."""
    grey = decode(content).colour.mean(axis=2)
    return int(grey.min()), int(grey.max())


def sixteen_bit() -> bytes:
    return encoded(Image.fromarray(np.asarray(PICTURE).astype(np.uint16) * 16))


def transparent(ink: int) -> bytes:
    grey = Image.new("L", PICTURE.size, ink)
    return encoded(Image.merge("LA", (grey, PICTURE.point(lambda v: 255 if v < 120 else 0))))


USUAL = {
    "CMYK": encoded(PICTURE.convert("CMYK"), "JPEG"),
    "palette": encoded(PICTURE.convert("P")),
    "one bit": encoded(PICTURE.convert("1")),
    "16 bit": sixteen_bit(),
    "dark ink on transparent paper": transparent(20),
    "light ink on transparent paper": transparent(250),
    "progressive": encoded(PICTURE, "JPEG", progressive=True),
    "WebP": encoded(PICTURE, "WEBP"),
}


@pytest.mark.parametrize("name", USUAL)
def test_every_kind_of_pixel_is_decoded(name):
    low, high = darkest(USUAL[name])
    assert low < 90 and high > 180
    assert decode(USUAL[name]).colour.shape == (700, 900, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_however_the_camera_was_held(orientation):
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = PICTURE.transpose(ways[orientation]) if orientation > 1 else PICTURE
    upright = decode(encoded(held, "PNG", exif=exif)).colour
    assert np.array_equal(upright[..., 0], np.asarray(PICTURE))


def test_broken_exif_is_no_reason_to_refuse():
    assert decode(encoded(PICTURE, "JPEG", exif=b"Exif\0\0nonsense")).colour.shape[2] == 3


def test_48_megapixels_are_read_in_less_than_300_mb(tmp_path):
    large = PICTURE.resize((8000, 6000))
    files = {
        "photo.jpg": encoded(large, "JPEG"),
        "scan.png": encoded(large.convert("RGB"), compress_level=1),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code = (
        "import resource, sys\n"
        "from digitlib.photos import read_photo\n"
        "assert [digit.digit for digit in read_photo(sys.argv[1])] == [3]\n"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(peak[0].split()[1])\n"
    )
    for name in files:
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert int(done.stdout) < 300_000, name
