"""How values are written in text and HTML: percentages and images."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def percent(share: float, decimals: int = 2) -> str:
    """A share, 0 to 1, as a percentage: `99.57 %`."""
    return f"{100 * share:.{decimals}f} %"


def data_url(picture: NDArray[np.uint8]) -> str:
    """A grey (h, w) or colour (h, w, 3) picture as a `data:` URL that holds a PNG."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
