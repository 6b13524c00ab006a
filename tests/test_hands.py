"""Pen sketches for training: whole hands held out, and drawings that stay readable when redrawn."""

import numpy as np
import pytest
import torch

from digitlib import hands
from digitlib.datasets import load_synthetic
from digitlib.recogniser import BUNDLED, Recogniser
from digitlib.strokes import Sketch, rasterise, write_sketches
from digitlib.synthesis import draw_many


@pytest.fixture(scope="module")
def sketches() -> list[Sketch]:
    drawings, labels = draw_many(400, seed=5)
    return [
        Sketch(str(i), int(label), strokes, "drawn", f"writer {i % 40}")
        for i, (strokes, label) in enumerate(zip(drawings, labels, strict=True))
    ]


def test_no_hand_is_on_two_sides(sketches):
    parts = hands.split_by_writer(sketches, 0.1, seed=0)
    writers = [{sketch.writer for sketch in part} for part in parts]
    assert [len(part) for part in writers] == [32, 4, 4]
    assert len(set.union(*writers)) == 40
    assert sum(map(len, parts)) == 400
    assert hands.split_by_writer(sketches, 0.1, seed=0) == parts
    assert hands.split_by_writer(sketches, 0.1, seed=1) != parts


def test_too_few_writers_is_said_plainly(sketches):
    with pytest.raises(ValueError, match="of 1 writers leaves nobody to learn from"):
        hands.split_by_writer(
            [sketch for sketch in sketches if sketch.writer == "writer 3"], 0.5, 0
        )


def test_redrawn_sketches_vary_and_are_still_the_same_digit(sketches):
    generator = np.random.default_rng(0)
    recogniser = Recogniser.load(BUNDLED)
    plain = np.stack([rasterise(sketch.strokes) for sketch in sketches])
    again = np.stack([rasterise(hands.redrawn(s.strokes, generator)) for s in sketches])
    assert all(np.abs(a.astype(int) - b).max() > 60 for a, b in zip(plain, again, strict=True))
    labels = np.array([sketch.label for sketch in sketches])
    reads = [
        np.mean(recogniser.predict(images).argmax(axis=1) == labels) for images in (plain, again)
    ]
    assert reads[1] > reads[0] - 0.04


@pytest.mark.parametrize("stroke", [[[0.5, 0.5]], [[0.2, 0.2], [0.2, 0.9]], [[3.0, 3.0]] * 50])
def test_a_dot_and_a_line_can_be_redrawn(stroke):
    drawn = hands.redrawn([np.array(stroke)], np.random.default_rng(0))
    assert rasterise(drawn).max() > 200


def test_the_share_of_sketches_is_what_was_asked_for(sketches):
    train, validation = load_synthetic(700, 0), load_synthetic(50, 1)
    writers = hands.split_by_writer(sketches, 0.1, seed=0)
    mixed, chosen = hands.with_sketches(train, validation, writers, 0.3, seed=0)
    assert len(mixed.labels) == 1000
    assert len(chosen.labels) == 50 + len(writers.validation)
    again, _ = hands.with_sketches(train, validation, writers, 0.3, seed=0)
    assert torch.equal(mixed.images, again.images)


def test_balanced_hands_come_as_often_as_each_other(sketches):
    one = [sketch._replace(label=0, writer="one") for sketch in sketches[:10]]
    other = [sketch._replace(label=1, writer="other") for sketch in sketches[10:]]
    drawn = {
        balance: hands.inked([*one, *other], 1000, seed=0, balance=balance).labels.float().mean()
        for balance in (0.0, 1.0)
    }
    assert drawn[0.0] == pytest.approx(390 / 400, abs=0.01)
    assert drawn[1.0] == pytest.approx(0.5, abs=0.01)


def test_train_learns_from_pen_sketches_and_is_tested_on_other_hands(
    run, outputs, tmp_path, sketches, monkeypatch
):
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data" / "sketches").mkdir(parents=True)
    write_sketches(tmp_path / "data" / "sketches" / "one.parquet", sketches[:200])
    write_sketches(tmp_path / "data" / "sketches" / "two.parquet", sketches[200:])
    run(
        "train", dataset="synthetic", limit=400, epochs=2, architecture="lenet5", run_name="pens",
        validation_fraction=0.1, sketches="true", sketch_share=0.4,
    )  # fmt: skip
    card = Recogniser.load(outputs / "models" / "pens").card
    assert card["data"]["train"] == 360
    assert card["data"]["sketches"]["writers"] == 40
    assert card["metrics"]["sketch_images"] == card["data"]["sketches"]["test"] == 40
    assert 0 < card["metrics"]["sketch_accuracy"] <= 1


def test_real_pen_digits_part_by_writer(pens):
    parts = hands.split_by_writer(pens, 0.05, seed=0)
    assert min(map(len, parts)) > 100
