"""The stroke model: a small second network that reads the trajectory, beside the one for images.

It is trained on sketches only, because MNIST has no strokes, and adds what an image doesn't show
(see `strokes.trajectories`).
"""

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from digitlib import datasets
from digitlib.datasets import NO_DIGIT, Digits, Writers, concatenate
from digitlib.strokes import (
    CHANNELS,
    POINTS,
    Probabilities,
    Sketch,
    Strokes,
    geometric_mean,
    trajectory,
)
from digitlib.training import export, loop
from digitlib.training.checkpoint import best_weights
from digitlib.training.history import Epoch, Progress
from digitlib.training.inference import choose_device, predict_logits
from digitlib.training.recipe import Recipe
from digitlib.training.stroke_network import build_stroke_network
from digitlib.training.temperature import fitted_temperature, probabilities

COPIES = 8  # augmented copies of each sketch to train on
STRENGTH = 0.8  # of their augmentation: see `strokes.augment_strokes`
DISTORTED = 0.4  # share of them with one of `strokes.distortions`
UNUSUAL = 0.2  # share of them with a stroke backwards, and share whose strokes are shuffled
NONDIGITS = 3  # times the recipe's share of non-digits
CALIBRATION_COPIES = 4  # augmented copies of each held-out sketch, to calibrate on more than a few

# Where its recipe differs from the one for images: chosen as `benchmarks/README.md` tells.
OVERRIDES: dict[str, Any] = {
    "batch_size": 128,
    "weight_decay": 0.05,
    "augment": 0.0,
}


def trajectory_inputs(drawings: Iterable[tuple[Strokes, int]], count: int) -> Digits:
    """`count` drawings with labels as `training` takes them: (count, 6, 1, 64) float32."""
    found = np.empty((count, CHANNELS, 1, POINTS), np.float32)
    labels = np.empty(count, np.int64)
    for number, (strokes, label) in enumerate(drawings):
        found[number, :, 0], labels[number] = trajectory(strokes), label
    return Digits(torch.from_numpy(found), torch.from_numpy(labels))


def sketch_trajectories(sketches: Sequence[Sketch]) -> Digits:
    """The trajectories of sketches as they were drawn."""
    return trajectory_inputs(((sketch.strokes, sketch.label) for sketch in sketches), len(sketches))


def training_trajectories(
    sketches: Sequence[Sketch],
    recipe: Recipe,
    *,
    copies: int = COPIES,
    strength: float = STRENGTH,
    distorted_share: float = DISTORTED,
    unusual: float = UNUSUAL,
) -> Digits:
    """The trajectories of augmented sketches, a few in an unusual order, and of non-digits.

    The same seed gives the same.
    """
    generator = np.random.default_rng([recipe.seed, 6])
    count = copies * len(sketches)
    nondigits = round(count * recipe.nondigit_share / (1 - recipe.nondigit_share))

    def drawings() -> Iterator[tuple[Strokes, int]]:
        for strokes, digit in datasets.augmented_drawings(
            sketches, count, recipe.seed, strength, distorted_share
        ):
            yield _unusual(strokes, unusual, generator), digit
        for strokes in datasets.nondigit_drawings(nondigits, recipe.seed, sketches):
            yield strokes, NO_DIGIT

    total = count + nondigits
    return trajectory_inputs(
        tqdm(drawings(), total=total, desc="augmenting sketches", leave=False), total
    )


def _unusual(strokes: Strokes, share: float, generator: np.random.Generator) -> Strokes:
    """Now and then a stroke backwards, or the strokes in another order: left-handers, say."""
    if generator.random() < share:
        place = generator.integers(len(strokes))
        strokes = [s[::-1] if i == place else s for i, s in enumerate(strokes)]
    if generator.random() < share:
        strokes = [strokes[i] for i in generator.permutation(len(strokes))]
    return strokes


def fit_stroke_model(
    recipe: Recipe,
    writers: Writers,
    checkpoint: Path,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[Epoch]:
    """Train a stroke model beside a network for images that follows the recipe.

    Yields its epochs as they end, as `fit` does; `fitted_stroke_model` then returns it.
    """
    own = stroke_recipe(recipe)
    loop.prepare(own)
    parts = training_trajectories(writers.train, own), sketch_trajectories(writers.validation)
    yield from loop.fit(build_stroke_network(), *parts, own, checkpoint, watch)


def stroke_recipe(recipe: Recipe) -> Recipe:
    """How the stroke model is trained where the network for images follows `recipe`."""
    own: dict[str, Any] = {
        "epochs": recipe.stroke_epochs,
        "patience": recipe.stroke_epochs,
        "nondigit_share": min(0.5, NONDIGITS * recipe.nondigit_share),
    }
    return replace(recipe, **OVERRIDES, **own)


class StrokeModel(NamedTuple):
    """A trained stroke model: its network, and the temperature that calibrates it."""

    network: nn.Module
    temperature: float

    def predict(self, sketches: Sequence[Sketch]) -> Probabilities:
        """Probabilities (n, 10) of sketches, from their trajectories alone."""
        logits = _logits(self.network, sketch_trajectories(sketches))
        return probabilities(logits, self.temperature).astype(np.float32)

    def joining(self, probabilities: NDArray[Any], sketches: Sequence[Sketch]) -> Probabilities:
        """Probabilities (n, 10) of sketches by their images and their trajectories together."""
        return geometric_mean(probabilities, self.predict(sketches))

    def facts(self) -> dict[str, Any]:
        """What a model's card says of it, except for the threshold of both networks together."""
        drawn = {
            "copies": COPIES,
            "strength": STRENGTH,
            "distorted": DISTORTED,
            "unusual": UNUSUAL,
            "nondigits": NONDIGITS,
        }
        return {
            "parameter_count": export.parameter_count(self.network),
            "temperature": self.temperature,
            "parameters": {**OVERRIDES, **drawn},
        }

    def write(self, folder: Path) -> None:
        """Write `pen.safetensors` and `pen.onnx` into a folder that is being prepared."""
        network = copy.deepcopy(self.network).cpu().to(memory_format=torch.contiguous_format).eval()
        export.save_weights(network, folder / "pen.safetensors")
        example = {"trajectories": torch.zeros(2, CHANNELS, POINTS)}
        served = _Served(network, self.temperature)
        export.export(served, example, ["logits"], folder / "pen.onnx")


class _Served(nn.Module):
    """The network as served: trajectories (n, 6, 64) float32 in, calibrated logits (n, 10) out."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, trajectories: Tensor) -> Tensor:
        return self.network(trajectories.unsqueeze(2)) / self.temperature


def read_stroke_model(folder: Path) -> StrokeModel:
    """The stroke model of a model folder, to be evaluated or trained further.

    Raises ValueError when the folder's weights don't fit the network.
    """
    card = json.loads((folder / "card.json").read_text())
    network = build_stroke_network()
    try:
        network.load_state_dict(load_file(folder / "pen.safetensors"))
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{folder} has no sound stroke model: {error}") from error
    return StrokeModel(network.eval(), float(card["pen"]["temperature"]))


def fitted_stroke_model(recipe: Recipe, writers: Writers, checkpoint: Path) -> StrokeModel:
    """The stroke model in the checkpoint, calibrated on the validation writers."""
    network = build_stroke_network()
    network.load_state_dict(best_weights(checkpoint))
    return calibrate(network.to(choose_device(recipe.device)), writers.validation)


def calibrate(network: nn.Module, sketches: Sequence[Sketch]) -> StrokeModel:
    """A stroke model whose temperature is chosen on these sketches, as drawn and augmented.

    As drawn it misreads only one or two of a few hundred, which would make it overconfident.
    """
    count = CALIBRATION_COPIES * len(sketches)
    augmented = trajectory_inputs(datasets.augmented_drawings(sketches, count, seed=0), count)
    digits = concatenate(sketch_trajectories(sketches), augmented)
    logits = _logits(network, digits)
    return StrokeModel(network, fitted_temperature(logits, digits.labels.numpy()))


def _logits(network: nn.Module, digits: Digits) -> NDArray[np.float32]:
    """Logits (n, 10) of trajectories."""
    device = next(network.parameters()).device
    return predict_logits(network, digits.images.to(device)).cpu().numpy()
