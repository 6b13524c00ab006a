"""Is a part that a cut made exactly one digit? A small network that sees what is beside it judges.

The recogniser learnt from whole digits, so it reads half of one, or one and a half, with as much
confidence. This network learnt from such wrong cuts (LeCun et al. 1998, section V):
`benchmarks/research/parts.py` trained it.
"""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from digitlib.photos.component import box_of
from digitlib.photos.pieces import Group
from digitlib.recogniser import BUNDLED
from digitlib.recogniser.onnx_session import open_session, softmax

SIDE = 32  # px of a view
_AROUND = 1.7  # times the longer side of a part that its view shows
_PAD = 160  # px around a group's ink


def views(group: Group, parts: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """What the network sees of parts (h, w) of a group: (n, 2, 32, 32), each part and all ink.

    Of a part that is very wide, only its middle.
    """
    found = np.zeros((len(parts), 2, SIDE, SIDE), np.uint8)
    whole = np.pad(np.rint(255 * group.ink).astype(np.uint8), _PAD)
    free = np.pad((group.numbers == 0).astype(np.uint8), _PAD, constant_values=1)
    inside = np.zeros_like(whole)
    kernel = np.ones((3, 3), np.uint8)
    for number, part in enumerate(parts):
        left, top, right, bottom = box_of(part)
        side = int(min(_AROUND * max(right - left, bottom - top), 2 * _PAD))
        down = (top + bottom - 1 - side) // 2 + _PAD
        across = (left + right - 1 - side) // 2 + _PAD
        window = (slice(down, down + side), slice(across, across + side))
        inside[_PAD:-_PAD, _PAD:-_PAD] = part
        edges = cv2.dilate(inside[window], kernel) & free[window]
        own = whole[window] * (inside[window] | edges)
        for channel, ink in enumerate((own, whole[window])):
            found[number, channel] = cv2.resize(ink, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return found


def judge(seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities (n, 11) of views (n, 2, 32, 32): of the ten digits, and of no whole digit."""
    if not len(seen):
        return np.zeros((0, 11), np.float32)
    return softmax(_session().run(["logits"], {"views": seen})[0])


@cache
def _session() -> onnxruntime.InferenceSession:
    return open_session(BUNDLED / "parts.onnx")
