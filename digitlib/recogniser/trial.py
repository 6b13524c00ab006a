"""A trial before a model serves: it must read a few digits just as the page would."""

import numpy as np

from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.prediction import predict_drawings
from digitlib.strokes import checked_strokes, checked_text, draw

_DIGITS = (1, 4, 8)


def check_serves(recogniser: Recogniser) -> None:
    """Raise ValueError, naming the folder, unless the model can serve a page.

    It must have a usable name and give ten probabilities and finite activations for each of a few
    drawn digits. Whether it reads them correctly is not tested.
    """
    generator = np.random.default_rng(0)
    try:
        checked_text(recogniser.name, "model's name")
        for digit in _DIGITS:
            strokes = checked_strokes(draw(digit, generator))
            (prediction,) = predict_drawings(recogniser, [strokes])
            assert prediction.image is not None
            for name, maps in recogniser.activations(prediction.image).items():
                if not np.isfinite(maps).all():
                    raise ValueError(f"the output {name} holds NaN or infinity")
    except Exception as error:  # ONNX Runtime's exceptions share no other base class
        raise ValueError(f"{recogniser.folder} can't serve: {error}") from error
