"""Small pictures for the dashboard, without an imaging library: arrays to PNG, maps to mosaics."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width) grey or (height, width, 3) colour
_NIGHT, _ACCENT, _SNOW = (14, 17, 30), (109, 124, 255), (255, 255, 255)


def png(picture: Picture) -> bytes:
    """A grey (h, w) or colour (h, w, 3) uint8 picture as a PNG file's bytes."""
    height, width = picture.shape[:2]
    colour_type = 0 if picture.ndim == 2 else 2
    rows = np.ascontiguousarray(picture).reshape(height, -1)
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def data_url(picture: Picture) -> str:
    """The picture as a URL that carries it whole."""
    return "data:image/png;base64," + base64.b64encode(png(picture)).decode()


def glowing(values: NDArray[np.floating]) -> Picture:
    """Values from 0 to 1 (h, w) as a glow (h, w, 3): night, accent, snow."""
    stops = np.array([_NIGHT, _ACCENT, _SNOW], np.float32)
    scaled = np.clip(values, 0, 1)[..., None]
    low = stops[0] + (stops[1] - stops[0]) * np.minimum(2 * scaled, 1)
    return np.rint(low + (stops[2] - stops[1]) * np.maximum(2 * scaled - 1, 0)).astype(np.uint8)


def mosaic(maps: NDArray[np.floating], columns: int) -> Picture:
    """Feature maps (channels, h, w) side by side with 1 px between, `columns` a row: (H, W, 3).

    The scale is shared, from 0 to the largest size, so that silent maps stay dark. What is below 0,
    as half of what tanh answers, is as bright as what is as far above.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height + 1, width + 1), np.float32)
    sizes = np.abs(maps)
    tiles[:count, :height, :width] = sizes / max(float(sizes.max()), 1e-6)
    grid = tiles.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return glowing(grid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1])


def highlight(image: Picture, heat: NDArray[np.floating]) -> Picture:
    """The image (28, 28) in dim grey, and in the accent where heat (28, 28), 0 to 1, is high."""
    ink = image[..., None].astype(np.float32) / 255
    warm = np.clip(heat, 0, 1)[..., None]
    night, grey = np.array(_NIGHT, np.float32), np.full(3, 92, np.float32)
    bright = 0.5 * np.array(_ACCENT, np.float32) + 0.5 * np.array(_SNOW, np.float32) * warm
    return np.rint(night + ink * (grey + (bright - grey) * warm - night)).astype(np.uint8)
