"""A model folder at work: predict images, read drawings, promote a model and roll back.

Two ONNX Runtime sessions on one core: one for images and, where the folder holds a stroke model,
one for trajectories. A model must read a few digits before it serves; one that fails later is
replaced by the model before it. Never imports torch.
"""

from digitlib.recogniser.card import lineage
from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.recogniser.locations import BUNDLED, models_dir
from digitlib.recogniser.model import STROKE_MODEL_FILES, Recogniser
from digitlib.recogniser.prediction import Prediction
from digitlib.recogniser.registry import promote, roll_back
from digitlib.recogniser.segmentation import cheapest_path

__all__ = [
    "BUNDLED",
    "STROKE_MODEL_FILES",
    "LoadedModel",
    "Prediction",
    "Recogniser",
    "cheapest_path",
    "lineage",
    "models_dir",
    "promote",
    "roll_back",
]
