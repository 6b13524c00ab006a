"""Feature maps and attributions in the page's colours."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3)
_NIGHT, _ACCENT, _SNOW = (14, 17, 30), (109, 124, 255), (255, 255, 255)


def glowing(values: NDArray[np.floating]) -> Picture:
    """Values (h, w) from 0 to 1 as colours (h, w, 3): from night over the accent to snow."""
    stops = np.array([_NIGHT, _ACCENT, _SNOW], np.float32)
    scaled = np.clip(values, 0, 1)[..., None]
    low = stops[0] + (stops[1] - stops[0]) * np.minimum(2 * scaled, 1)
    return np.rint(low + (stops[2] - stops[1]) * np.maximum(2 * scaled - 1, 0)).astype(np.uint8)


def mosaic(maps: NDArray[np.floating], columns: int) -> Picture:
    """Feature maps (channels, h, w) as one picture (H, W, 3), `columns` a row and 1 px apart.

    All maps share one scale, from 0 to the largest absolute value, so inactive maps stay dark.
    Negative values, which tanh gives, are as bright as positive ones.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height + 1, width + 1), np.float32)
    sizes = np.abs(maps)
    tiles[:count, :height, :width] = sizes / max(float(sizes.max()), 1e-6)
    grid = tiles.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return glowing(grid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1])


def highlight(image: NDArray[np.uint8], heat: NDArray[np.floating]) -> Picture:
    """The image (28, 28) in dim grey; the accent marks where heat (28, 28), 0 to 1, is high."""
    ink = image[..., None].astype(np.float32) / 255
    warm = np.clip(heat, 0, 1)[..., None]
    night, grey = np.array(_NIGHT, np.float32), np.full(3, 92, np.float32)
    bright = 0.5 * np.array(_ACCENT, np.float32) + 0.5 * np.array(_SNOW, np.float32) * warm
    return np.rint(night + ink * (grey + (bright - grey) * warm - night)).astype(np.uint8)
