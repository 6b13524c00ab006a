"""Uneven light: how strongly each pixel differs from the paper around it, 0 to 1."""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_SMALL = 320  # px, the longer side on which the paper's brightness is estimated
_POLARITY = 800  # px, the longer side on which ink and paper are told apart
_WIDTHS = (1 / 130, 1 / 80, 1 / 50, 1 / 30, 1 / 18)  # of strokes, by the longer side
_FAINTEST = 0.045  # of the brightest light: fainter shapes tell nothing
_SHADING = 0.1  # of that light: fainter light shapes on light paper are its shading
_CLEARLY = 2.0  # times: how much dark shapes outweigh light ones, or these dark ones
_ALONE = 10.0  # times, from which shapes may be fainter: the widest may be the edges of a sheet
_HATS = (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)  # dark and light shapes
_LEAST_WORK, _MOST_ENLARGED = 1200, 8  # px; small pictures are enlarged, so many times at most


class Contrast(NamedTuple):
    """The ink's contrast (h, w), 0 paper to 1, and the noise's standard deviation in it."""

    ink: Floats
    noise: float


def enlargement(shape: tuple[int, ...]) -> int:
    """How many times a small picture is enlarged before it is worked on."""
    return int(np.clip(_LEAST_WORK // max(shape[:2]), 1, _MOST_ENLARGED))


def grey_of(colour: NDArray[np.uint8]) -> Floats:
    """The grey levels (h, w) in which the ink shows best: the luminance, mostly.

    A colour channel is taken where it has far more contrast, as of blue ink on red paper.
    """
    luminance = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    small = _shrunk(colour.astype(np.float32), _SMALL)
    channels = [cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), *np.moveaxis(small, 2, 0)]
    strengths = [_strength(channel) for channel in channels]
    best = int(np.argmax(strengths))
    if best and strengths[best] > 1.6 * strengths[0]:
        return colour[..., best - 1].astype(np.float32)
    return luminance.astype(np.float32)


def _strength(grey: Floats) -> float:
    """How far the pixels that differ most from their surroundings do so."""
    rest = grey - cv2.GaussianBlur(grey, (0, 0), 8)
    return float(np.percentile(np.abs(rest), 98.5))


def _shrunk(array: Floats, side: int) -> Floats:
    factor = side / max(array.shape[:2])
    if factor >= 1:
        return array
    return cv2.resize(array, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def is_light_on_dark(grey: Floats) -> bool:
    """Whether the ink is lighter than its paper.

    Told by the thinnest shapes that are clearly darker or lighter than what is beside them: strokes
    are thinner than the gaps between them. Where a digit fills the picture, the border is paper.
    """
    small = cv2.GaussianBlur(_shrunk(grey, _POLARITY), (0, 0), 0.8)
    span = float(np.ptp(cv2.GaussianBlur(small, (0, 0), 3)))
    # A shadow or a dark desk spans more than rules do.
    local = max(_strongest(_thin(small, _WIDTHS[-1], operation)) for operation in _HATS)
    brightest = float(np.percentile(small, 95))
    faintest = _FAINTEST * brightest
    least = max(0.4 * min(span, local), min(0.1 * span, 0.6 * local), faintest)
    alone = max(0.25 * min(span, local), faintest)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    # A sheet on a dark desk is most of the picture.
    paper = max(float(np.median(border)), float(np.median(small)))
    is_dark = paper - float(small.min()) < float(small.max()) - paper
    shading = 0 if is_dark else _SHADING * brightest
    for share, wider in pairwise(_WIDTHS):
        narrow = [_thin(small, share, operation) for operation in _HATS]
        strongest = max(map(_strongest, narrow))
        wide = [_thin(small, wider, operation) for operation in _HATS]
        dark, light = (_weight(one) + _weight(two) for one, two in zip(narrow, wide, strict=True))
        ratio = max(dark, light) / max(min(dark, light), 1e-9)
        if light > dark and strongest < shading:
            continue
        if (strongest > least and ratio > _CLEARLY) or (strongest > alone and ratio > _ALONE):
            return light > dark
    return is_dark


def _thin(grey: Floats, share: float, operation: int) -> Floats:
    """How dark, or light, shapes are that are narrower than a share of the longer side."""
    size = int(share * max(grey.shape) / 2) * 2 + 1
    kernel = np.ones((size, size), np.uint8)
    return cv2.morphologyEx(grey, operation, kernel, borderType=cv2.BORDER_REFLECT)


def _strongest(shapes: Floats) -> float:
    return float(np.percentile(shapes, 99.8))


def _weight(shapes: Floats) -> float:
    """How much there is of shapes; the strong ones count most."""
    return float((shapes * shapes * shapes).sum())


def flatten(grey: Floats) -> Contrast:
    """The contrast of dark ink with its paper, whatever the light, gradients and soft shadows.

    Light is a factor, so the share of the paper's light that a pixel lacks does not depend on it.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.7)
    paper = _paper(smooth, 0.25)
    first = np.clip(1 - _shrunk(smooth, _SMALL) / paper, 0, 1)
    share = _kernel_share(first)
    if share < 0.2:
        paper = _paper(smooth, share)
    height, width = grey.shape
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    ink = np.clip(1 - smooth / paper, 0, 1)
    residue = (grey - cv2.blur(grey, (3, 3))) / paper
    noise = 1.5 * float(np.median(np.abs(residue[::3, ::3])))
    return Contrast(ink, noise)


def _kernel_share(contrast: Floats) -> float:
    """How large the surroundings must be to hold paper: six times the widest strokes."""
    level = max(0.5 * float(np.percentile(contrast, 99.5)), 0.08)
    mask = (contrast > level).astype(np.uint8)
    inside = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, 0), cv2.DIST_L2, 3)
    if not mask.any():
        return 0.05
    widest = 2 * float(np.percentile(inside[1:-1, 1:-1][mask > 0], 97))
    return float(np.clip(6 * widest / max(contrast.shape), 0.05, 0.25))


def _paper(grey: Floats, share: float) -> Floats:
    """The paper's brightness, at the small size: ink narrower than the kernel is closed."""
    small = _shrunk(grey, _SMALL)
    size = int(share * max(small.shape) / 2) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REFLECT)
    return np.maximum(cv2.GaussianBlur(closed, (0, 0), min(size / 6, 2)), 8)
