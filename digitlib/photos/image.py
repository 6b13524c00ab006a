"""Ink of any size to a 28×28 image in MNIST's format."""

import cv2
import numpy as np
from numpy.typing import NDArray

from digitlib.strokes import BOX, FIELD, INK_WIDTH, centring_shift

Floats = NDArray[np.float32]
_FINE = 4  # times finer than the image: the ink is prepared so
_LEAST_WIDTH, _MOST_WIDTH = 2.0, 4.2  # px of the image: thinner and thicker ink is changed


def digit_image(ink: Floats) -> NDArray[np.uint8]:
    """Ink (h, w), 0 to 1, as an image in MNIST's format: (28, 28) uint8, as `rasterise` makes them.

    The ink's box is scaled to 20×20 and its centre of mass moved to the centre; a thin pencil's
    line becomes as wide as MNIST's lines. Raises ValueError when there is no ink.
    """
    fine = _scaled(ink, BOX * _FINE)
    width = _stroke_width(fine) / _FINE
    if width < _LEAST_WIDTH:
        wider = round((INK_WIDTH - width) * _FINE)
        fine = _grown(_scaled(ink, BOX * _FINE - wider), wider)
    elif width > _MOST_WIDTH:
        fine = _scaled(_eroded(fine, round((width - _MOST_WIDTH) * _FINE)), BOX * _FINE)
    return _centred(fine)


def _scaled(ink: Floats, side: float) -> Floats:
    """The ink's box so large that its longer side is `side` px, with edges a px wide."""
    mask = ink > 0.5
    if not mask.any():
        raise ValueError("There is no ink.")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = side / max(cut.shape)
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(cut, size, interpolation=way), 0, 1)


def _stroke_width(ink: Floats) -> float:
    """The mean width of the strokes in px: twice the area by the length of the outline."""
    mask = np.pad((ink > 0.5).astype(np.uint8), 1)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    length = sum(cv2.arcLength(outline, True) for outline in outlines)
    return 2.0 * float(mask.sum()) / max(length, 1.0) + 1.0


def _kernel(size: int) -> NDArray[np.uint8]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size + 1, size + 1)).astype(np.uint8)


def _grown(ink: Floats, by: int) -> Floats:
    """Strokes wider by so many px."""
    padded = np.pad(ink, by // 2 + 1)
    return cv2.dilate(padded, _kernel(by))


def _eroded(ink: Floats, by: int) -> Floats:
    """Strokes narrower by so many px, where some ink is left of them."""
    thinner = cv2.erode(np.pad(ink, 1), _kernel(by))
    return thinner if (thinner > 0.5).sum() > 0.3 * (ink > 0.5).sum() else ink


def _centred(fine: Floats) -> NDArray[np.uint8]:
    """The fine ink on the field, its centre of mass in the middle, as a 28×28 image."""
    side = FIELD * _FINE
    height, width = fine.shape
    rows, columns = fine.sum(axis=1), fine.sum(axis=0)
    centre = np.array([columns @ (np.arange(width) + 0.5), rows @ (np.arange(height) + 0.5)])
    centre /= rows.sum()
    shift = centring_shift(centre / _FINE, np.zeros(2), np.array([width, height]) / _FINE)
    left, top = np.rint(shift * _FINE).astype(int).tolist()
    field = np.zeros((side, side), np.float32)
    left, top = min(max(left, 0), side - width), min(max(top, 0), side - height)
    field[top : top + height, left : left + width] = fine
    image = field.reshape(FIELD, _FINE, FIELD, _FINE).mean(axis=(1, 3))
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
