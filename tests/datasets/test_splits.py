"""Pen sketches for training: splits by writer, augmentation, mixing with MNIST."""

import numpy as np
import pytest
import torch

from digitlib.datasets import pen_digits, splits
from digitlib.datasets.loading import load_synthetic, rasterised
from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.strokes import augmentation
from digitlib.strokes.ink import rasterise
from digitlib.strokes.sketches import Sketch, write_sketches
from digitlib.strokes.synthesis import draw_many
from digitlib.training import replay


@pytest.fixture(scope="module")
def sketches() -> list[Sketch]:
    drawings, labels = draw_many(400, seed=5)
    return [
        Sketch(str(i), int(label), strokes, "drawn", f"writer {i % 40}")
        for i, (strokes, label) in enumerate(zip(drawings, labels, strict=True))
    ]


def test_each_writer_is_in_one_part(sketches):
    parts = splits.split_by_writer(sketches, 0.1, seed=0)
    writers = [{sketch.writer for sketch in part} for part in parts]
    assert [len(part) for part in writers] == [32, 4, 4]
    assert len(set.union(*writers)) == 40
    assert sum(map(len, parts)) == 400
    assert splits.split_by_writer(sketches, 0.1, seed=0) == parts
    assert splits.split_by_writer(sketches, 0.1, seed=1) != parts


def test_a_writer_in_two_collections_is_in_one_part(sketches):
    folders = ("abc", "abd")
    twice = [
        s._replace(
            source=folders[n % 2], writer=f"{folders[n % 2]}/{s.writer}{('trn', 'tst')[n % 2]}"
        )
        for n, s in enumerate(sketches)
        for s in (s._replace(writer=f"w{n // 2 % 20}"),)
    ]
    parts = splits.split_by_writer(twice, 0.1, seed=0)
    names = [{splits.writer_of(sketch) for sketch in part} for part in parts]
    assert [len(part) for part in names] == [16, 2, 2]
    assert splits.sketch_provenance(parts)["writers"] == 20 == len(set.union(*names))


def test_added_writers_hardly_move_the_others(sketches):
    known = [s._replace(writer=f"{s.writer} {int(s.id) % 10}") for s in sketches]  # 40 × 10
    joined = [s._replace(writer=f"new {s.id}") for s in sketches[:100]]
    before = splits.split_by_writer(known, 0.1, seed=0)
    after = splits.split_by_writer([*known, *joined], 0.1, seed=0)
    for old, new in zip(before[1:], after[1:], strict=True):
        stayed = {sketch.writer for sketch in old} & {sketch.writer for sketch in new}
        assert len(stayed) >= 0.85 * len({sketch.writer for sketch in old})
    tested = {sketch.writer for sketch in before.test}
    assert not tested & {sketch.writer for sketch in after.validation}


def test_exported_submissions_are_recorded_and_not_replayed(tmp_path, sketches, monkeypatch):
    """`refine.ipynb` must not train twice on submissions that a model was trained on."""
    monkeypatch.setenv("DIGITS_DATA_DIR", str(tmp_path))
    exported = [s._replace(source="submission", writer=f"visit {s.id}") for s in sketches[:200]]
    (tmp_path / "sketches").mkdir()
    write_sketches(tmp_path / "sketches" / "all.parquet", [*sketches[200:], *exported])
    parts = splits.split_by_writer([*sketches[200:], *exported], 0.05, seed=0)
    apart = {sketch.id for sketch in parts.test}
    ids = {sketch.id for sketch in exported}
    assert set(splits.trained_submissions(parts)) == ids - apart != ids
    seen = []
    monkeypatch.setattr(
        "digitlib.datasets.mix_sketches", lambda train, validation, writers, *_: (
            seen.extend([*writers.train, *writers.validation]) or (train, validation)
        )
    )  # fmt: skip
    card = {
        "parameters": {"seed": 0, "limit": 60, "validation_fraction": 0.05, "sketch_share": 0.3},
        "data": {
            "name": "synthetic",
            "sketches": {"train": 360, "sources": ["drawn", "submission"]},
        },
    }
    assert replay.replay_data(card, 20, seed=0).note == ""
    assert seen and all(sketch.source == "drawn" for sketch in seen)
    write_sketches(tmp_path / "sketches" / "all.parquet", exported)
    assert "All pen sketches are submissions" in replay.replay_data(card, 20, seed=0).note


def test_writers_added_after_training_move_nobody_in_the_trained_split(sketches):
    parts = splits.split_by_writer(sketches, 0.1, seed=0)
    facts = splits.sketch_provenance(parts)
    newcomers = [s._replace(id=f"n{s.id}", writer=f"new {s.id}") for s in sketches[:200]]
    elsewhere = [s._replace(id=f"e{s.id}", source="else", writer=f"else {s.id}") for s in sketches]

    def ids(writers):
        return [sorted(sketch.id for sketch in part) for part in writers]

    for known in (facts, {key: facts[key] for key in facts if key != "held_out"}):
        again = splits.split_as_trained([*sketches, *elsewhere], known, 0.1, 0)
        assert ids(again) == ids(parts)
    again = splits.split_as_trained([*sketches, *newcomers], facts, 0.1, 0)
    assert ids(again)[1:] == ids(parts)[1:]


def test_too_few_writers_are_refused(sketches):
    with pytest.raises(ValueError, match="of 1 writers leaves a part of the split empty"):
        splits.split_by_writer(
            [sketch for sketch in sketches if sketch.writer == "writer 3"], 0.5, 0
        )


def test_augmented_sketches_vary_and_stay_the_same_digit(sketches):
    generator = np.random.default_rng(0)
    recogniser = Recogniser.load(BUNDLED)
    sketches = sketches[:200]
    plain = np.stack([rasterise(sketch.strokes) for sketch in sketches])
    again = np.stack(
        [rasterise(augmentation.augment_strokes(s.strokes, generator)) for s in sketches]
    )
    assert all(np.abs(a.astype(int) - b).max() > 40 for a, b in zip(plain, again, strict=True))
    labels = np.array([sketch.label for sketch in sketches])
    before, after = (
        np.mean(recogniser.predict(images).argmax(axis=1) == labels) for images in (plain, again)
    )
    assert after > before - 0.04


@pytest.mark.parametrize("stroke", [[[0.5, 0.5]], [[0.2, 0.2], [0.2, 0.9]], [[3.0, 3.0]] * 50])
def test_a_dot_and_a_line_can_be_augmented(stroke):
    drawn = augmentation.augment_strokes([np.array(stroke)], np.random.default_rng(0))
    assert rasterise(drawn).max() > 200


def test_the_share_of_sketches_is_as_requested(sketches):
    train, validation = load_synthetic(210, 0), load_synthetic(30, 1)
    writers = splits.split_by_writer(sketches, 0.1, seed=0)
    mixed, chosen = pen_digits.mix_sketches(train, validation, writers, 0.3, seed=0)
    assert len(mixed.labels) == 300
    assert len(chosen.labels) == 30 + len(writers.validation)
    again, _ = pen_digits.mix_sketches(train, validation, writers, 0.3, seed=0)
    assert torch.equal(mixed.images, again.images)


def test_balanced_writers_are_drawn_equally_often(sketches):
    one = [sketch._replace(label=0, writer="one") for sketch in sketches[:10]]
    other = [sketch._replace(label=1, writer="other") for sketch in sketches[10:]]
    drawn = {
        balance: pen_digits.augmented_images([*one, *other], 400, seed=0, balance=balance)
        .labels.float()
        .mean()
        for balance in (0.0, 1.0)
    }
    assert drawn[0.0] == pytest.approx(390 / 400, abs=0.01)
    assert drawn[1.0] == pytest.approx(0.5, abs=0.01)


def test_real_pen_digits_load_rasterise_and_split_by_writer(pens):
    parts = splits.split_by_writer(pens, 0.05, seed=0)
    assert min(map(len, parts)) > 100
    digits = rasterised(pens[:50])
    assert digits.images.shape == (50, 28, 28)
    assert digits.labels.tolist() == [sketch.label for sketch in pens[:50]]
