"""The stroke model, from its training to its serving."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch

from digitlib.datasets import loading, splits
from digitlib.datasets.digits import NO_DIGIT
from digitlib.datasets.splits import Writers
from digitlib.recogniser.model import Recogniser
from digitlib.store.predictor import predict_drawing
from digitlib.strokes.ink import rasterise
from digitlib.strokes.sketches import Sketch
from digitlib.strokes.synthesis import draw_many
from digitlib.training import architectures, export, stroke_model
from digitlib.training.recipe import Recipe


@pytest.fixture(scope="module")
def sketches() -> list[Sketch]:
    """Drawn digits of forty writers."""
    drawings, labels = draw_many(300, seed=7)
    return [
        Sketch(str(i), int(label), strokes, "drawn", f"writer {i % 40}")
        for i, (strokes, label) in enumerate(zip(drawings, labels, strict=True))
    ]


@pytest.fixture(scope="module")
def writers(sketches) -> Writers:
    return splits.split_by_writer(sketches, 0.2, seed=0)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    asked = {"sketches": True, "stroke_model": True, "nondigit_share": 0.05, "device": "cpu"}
    return Recipe.checked({**asked, "stroke_epochs": 6})


@pytest.fixture(scope="module")
def reader(recipe, writers, tmp_path_factory) -> stroke_model.StrokeModel:
    checkpoint = tmp_path_factory.mktemp("run") / "checkpoint-pen.pt"
    passed = list(stroke_model.fit_stroke_model(recipe, writers, checkpoint))
    assert len(passed) == recipe.stroke_epochs
    assert passed[-1].validation_loss < passed[0].validation_loss
    again = stroke_model.fit_stroke_model(
        dataclasses.replace(recipe, resume=True), writers, checkpoint
    )
    assert list(again) == passed  # the seconds too: nothing was learnt anew
    return stroke_model.fitted_stroke_model(recipe, writers, checkpoint)


@pytest.fixture(scope="module")
def images_only(tmp_path_factory):
    """A model folder with an untrained network for images."""
    folder = tmp_path_factory.mktemp("models")
    facts = {"architecture": "fast", "temperature": 1.0, "rejection_threshold": 0.9}
    export.write_model(folder, architectures.build("fast"), {**facts, "name": "images"})
    return folder


@pytest.fixture(scope="module")
def folder(images_only, reader, tmp_path_factory):
    """A model folder with an untrained network for images and the trained one for pens."""
    folder = tmp_path_factory.mktemp("models") / "both"
    shutil.copytree(images_only, folder)
    change_card(folder, name="both", pen={**reader.facts(), "rejection_threshold": 0.7})
    reader.write(folder)
    return folder


def change_card(folder, **entries: object) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, **entries}))


def test_it_reads_unseen_writers_from_trajectories_alone(reader, writers):
    labels = np.array([sketch.label for sketch in writers.test])
    assert np.mean(reader.predict(writers.test).argmax(axis=1) == labels) > 0.8


def test_it_is_trained_on_nondigits_too(recipe, sketches):
    drawn = stroke_model.training_trajectories(sketches[:50], recipe)
    nondigits = int((drawn.labels == NO_DIGIT).sum())
    assert nondigits / len(drawn.labels) == pytest.approx(0.05, abs=0.001)
    assert drawn.images.shape == (stroke_model.COPIES * 50 + nondigits, 6, 1, 64)
    assert torch.equal(
        stroke_model.training_trajectories(sketches[:50], recipe).images, drawn.images
    )
    assert len(torch.unique(drawn.images, dim=0)) > 0.95 * len(drawn.images)


def test_it_serves_as_it_was_trained(folder, reader, writers):
    recogniser = Recogniser.load(folder)
    images = loading.rasterised(writers.test).images.numpy()
    expected = reader.joining(recogniser.predict(images), writers.test)
    read = recogniser.read([sketch.strokes for sketch in writers.test])
    np.testing.assert_allclose(read, expected, atol=0.02)  # float16 weights, bfloat16 training
    labels = np.array([sketch.label for sketch in writers.test])
    assert np.mean(read.argmax(axis=1) == labels) > 0.8  # though the images say nothing
    assert recogniser.read([]).shape == (0, 10)
    with pytest.raises(ValueError, match="no ink"):
        recogniser.read([[]])


def test_a_model_of_images_alone_reads_drawings_too(images_only, sketches):
    recogniser = Recogniser.load(images_only)
    strokes = sketches[0].strokes
    np.testing.assert_array_equal(
        recogniser.read([strokes]), recogniser.predict(rasterise(strokes)[None])
    )


def test_the_threshold_of_a_model_of_images_alone_is_the_cards(images_only, tmp_path):
    shutil.copytree(images_only, tmp_path / "images")
    change_card(tmp_path / "images", pen={})
    for folder in (images_only, tmp_path / "images"):
        assert Recogniser.load(folder).threshold == 0.9


@pytest.mark.parametrize("name", ["pen.onnx", "pen.safetensors"])
def test_a_folder_that_lost_a_part_of_it_is_refused_by_name(folder, tmp_path, name):
    shutil.copytree(folder, tmp_path / "both")
    (tmp_path / "both" / name).unlink()
    with pytest.raises(ValueError, match=f"lacks {name}"):
        Recogniser.load(tmp_path / "both")


def test_whoever_reads_images_only_can_be_submitted_with(folder, sketches):
    class Plain:
        name = "plain"

        def predict(self, images: np.ndarray) -> np.ndarray:
            return np.full((len(images), 10), 0.1, np.float32)

    strokes = sketches[0].strokes
    image = rasterise(strokes)
    assert predict_drawing(Plain(), image, strokes).tolist() == pytest.approx([0.1] * 10)
    both = Recogniser.load(folder)
    np.testing.assert_array_equal(predict_drawing(both, image, strokes), both.read([strokes])[0])


def test_it_needs_sketches():
    with pytest.raises(ValueError, match=r"stroke_model=True: .*add `-p sketches true`"):
        Recipe.checked({"stroke_model": True})
