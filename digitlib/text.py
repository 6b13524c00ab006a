"""How figures are written: percentages."""

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


def percent(share: float, decimals: int = 2) -> str:
    """A share, 0 to 1, as texts write it: `99.57 %`."""
    return f"{100 * share:.{decimals}f} %"
