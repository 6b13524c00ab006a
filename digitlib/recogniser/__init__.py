"""A model folder at work: predict images, read drawings, promote a model and roll back.

One ONNX Runtime session on one core for images and, where the model has a stroke model, one for
trajectories. Never imports torch.
"""

from digitlib.recogniser.card import lineage
from digitlib.recogniser.locations import models_dir
from digitlib.recogniser.model import STROKE_MODEL_FILES, Recogniser
from digitlib.recogniser.prediction import LoadedModel, Prediction
from digitlib.recogniser.registry import promote

__all__ = [
    "STROKE_MODEL_FILES",
    "LoadedModel",
    "Prediction",
    "Recogniser",
    "lineage",
    "models_dir",
    "promote",
]
