"""Feature maps and contributions in the page's colours."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3)
_NIGHT, _ACCENT, _SNOW = (14, 17, 30), (109, 124, 255), (255, 255, 255)
_GREY, _FOR, _AGAINST = (120, 124, 140), (64, 156, 255), (255, 138, 30)  # apart for all eyes


def glowing(values: NDArray[np.floating]) -> Picture:
    """Values (h, w) from 0 to 1 as colours (h, w, 3): from night over the accent to snow."""
    stops = np.array([_NIGHT, _ACCENT, _SNOW], np.float32)
    scaled = np.clip(values, 0, 1)[..., None]
    low = stops[0] + (stops[1] - stops[0]) * np.minimum(2 * scaled, 1)
    return np.rint(low + (stops[2] - stops[1]) * np.maximum(2 * scaled - 1, 0)).astype(np.uint8)


def mosaic(maps: NDArray[np.floating], columns: int) -> Picture:
    """Feature maps (channels, h, w) as one picture (H, W, 3), `columns` a row, without gaps.

    All maps share one scale, from 0 to the largest absolute value, so inactive maps stay dark.
    Negative values, which tanh gives, are as bright as positive ones.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width), np.float32)
    sizes = np.abs(maps)
    tiles[:count] = sizes / max(float(sizes.max()), 1e-6)
    grid = tiles.reshape(rows, columns, height, width).swapaxes(1, 2)
    return glowing(grid.reshape(rows * height, columns * width))


def duotone(image: NDArray[np.uint8], heat: NDArray[np.floating]) -> Picture:
    """The image's ink (28, 28): blue where heat (28, 28) is above 0, orange below, grey at 0."""
    ink = image[..., None].astype(np.float32) / 255
    strength = (np.abs(np.clip(heat, -1, 1)) ** 0.7)[..., None]  # weak ones are seen too
    night, grey = np.array(_NIGHT, np.float32), np.array(_GREY, np.float32)
    colour = np.where(heat[..., None] > 0, np.array(_FOR), np.array(_AGAINST))
    return np.rint(night + ink * (grey + (colour - grey) * strength - night)).astype(np.uint8)
