"""From a recipe to a model folder: architectures, the training loop, ensembles, export.

The model folder is all that passes from here to the `recogniser`.
"""

from digitlib.training.architectures import build
from digitlib.training.ensemble import fit_ensemble, fitted_networks
from digitlib.training.export import (
    ServedNetwork,
    layer_shapes,
    parameter_count,
    read_model,
    summary,
    write_model,
)
from digitlib.training.loop import (
    EVALUATION_BATCH,
    Progress,
    best_epoch,
    choose_device,
    fit,
    predict_logits,
    prepare,
    preview_warps,
)
from digitlib.training.network import Network, as_ensemble
from digitlib.training.progress import PassBars
from digitlib.training.recipe import PRESETS, Recipe, RunName, Share, validated
from digitlib.training.replay import Replay, recipe_parameters, replay_data
from digitlib.training.runs import (
    Run,
    all_or_nothing,
    finish,
    model_card,
    record_run,
    resumable,
    resume_hint,
    run_summary,
    start,
)
from digitlib.training.stroke_model import (
    StrokeModel,
    build_stroke_network,
    calibrate,
    fit_stroke_model,
    fitted_stroke_model,
    sketch_trajectories,
    stroke_recipe,
    training_trajectories,
)
from digitlib.training.temperature import (
    fitted_temperature,
    log_loss,
    probabilities,
    rejection_threshold,
)

__all__ = [
    "EVALUATION_BATCH",
    "PRESETS",
    "Network",
    "PassBars",
    "Progress",
    "Recipe",
    "Replay",
    "Run",
    "RunName",
    "ServedNetwork",
    "Share",
    "StrokeModel",
    "all_or_nothing",
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
    "layer_shapes",
    "log_loss",
    "model_card",
    "parameter_count",
    "predict_logits",
    "prepare",
    "preview_warps",
    "probabilities",
    "read_model",
    "recipe_parameters",
    "record_run",
    "rejection_threshold",
    "replay_data",
    "resumable",
    "resume_hint",
    "run_summary",
    "sketch_trajectories",
    "start",
    "stroke_recipe",
    "summary",
    "training_trajectories",
    "validated",
    "write_model",
]
