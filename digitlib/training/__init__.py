"""From a recipe to a model folder: architectures, the training loop, ensembles, export.

The model folder is all that passes from here to the `recogniser`.
"""

from digitlib import settings

settings.require("train")

from digitlib.training.architectures import architecture_source, build
from digitlib.training.card import model_card, run_summary
from digitlib.training.ensemble import fit_ensemble, fitted_networks
from digitlib.training.export import (
    ServedNetwork,
    layer_shapes,
    parameter_count,
    read_model,
    summary,
    write_model,
)
from digitlib.training.history import Epoch, Progress, best_epoch, last_epoch
from digitlib.training.inference import EVALUATION_BATCH, choose_device, predict_logits
from digitlib.training.loop import fit, prepare, preview_augmentation
from digitlib.training.network import Network, as_ensemble
from digitlib.training.optimisation import loop_source
from digitlib.training.own_images import WithOwnImages, add_own_images
from digitlib.training.progress import PassBars
from digitlib.training.recipe import PRESETS, Recipe, RunName, Scheduler, Share, validated
from digitlib.training.replay import (
    Replay,
    recipe_parameters,
    replay_data,
    writers_as_trained,
)
from digitlib.training.runs import (
    Run,
    all_or_nothing,
    finish,
    record_run,
    resumable,
    resume_hint,
    start,
)
from digitlib.training.stroke_model import (
    StrokeModel,
    calibrate,
    fit_stroke_model,
    fitted_stroke_model,
    read_stroke_model,
    sketch_trajectories,
    stroke_recipe,
    training_trajectories,
)
from digitlib.training.stroke_network import build_stroke_network
from digitlib.training.temperature import (
    fitted_temperature,
    log_loss,
    probabilities,
    rejection_threshold,
)
from digitlib.training.workers import started

__all__ = [
    "EVALUATION_BATCH",
    "PRESETS",
    "Epoch",
    "Network",
    "PassBars",
    "Progress",
    "Recipe",
    "Replay",
    "Run",
    "RunName",
    "Scheduler",
    "ServedNetwork",
    "Share",
    "StrokeModel",
    "WithOwnImages",
    "add_own_images",
    "all_or_nothing",
    "architecture_source",
    "as_ensemble",
    "best_epoch",
    "build",
    "build_stroke_network",
    "calibrate",
    "choose_device",
    "finish",
    "fit",
    "fit_ensemble",
    "fit_stroke_model",
    "fitted_networks",
    "fitted_stroke_model",
    "fitted_temperature",
    "last_epoch",
    "layer_shapes",
    "log_loss",
    "loop_source",
    "model_card",
    "parameter_count",
    "predict_logits",
    "prepare",
    "preview_augmentation",
    "probabilities",
    "read_model",
    "read_stroke_model",
    "recipe_parameters",
    "record_run",
    "rejection_threshold",
    "replay_data",
    "resumable",
    "resume_hint",
    "run_summary",
    "sketch_trajectories",
    "start",
    "started",
    "stroke_recipe",
    "summary",
    "training_trajectories",
    "validated",
    "write_model",
    "writers_as_trained",
]
