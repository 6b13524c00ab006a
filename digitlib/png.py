"""Arrays as PNG images for HTML."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def data_url(picture: NDArray[np.uint8]) -> str:
    """A grey (h, w) or colour (h, w, 3) uint8 picture as a `data:` URL that holds a PNG."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
