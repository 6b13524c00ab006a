"""A model learns from submissions: from images and strokes, also one of an earlier version."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from executing import ROOT

from digitlib import datasets, refine, training
from digitlib.datasets import Writers
from digitlib.recogniser.model import Recogniser
from digitlib.refine.selection import Selected, Split
from digitlib.refine.submissions import Submission, digits_of
from digitlib.store.store import Store
from digitlib.strokes import Sketch, rasterise
from digitlib.training import Recipe, Replay, runs

BEFORE = ROOT / "tests" / "fixtures" / "before"


def test_a_model_and_a_database_of_an_earlier_version_serve_and_are_refined_from(
    mnist: Path, tmp_path: Path
):
    for name in ("model", "digits.duckdb"):
        source = BEFORE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    champion, store = Recogniser.load(tmp_path / "model"), Store(tmp_path / "digits.duckdb")
    frame = refine.submissions_table(store)
    assert (len(frame), frame.session.nunique()) == (140, 14)
    images = refine.row_images(frame)
    assert np.mean(champion.predict(images).argmax(axis=1) == frame.label) > 0.8
    place = int(frame.right.argmax())
    image, label = images[place] & 0xFE, int(frame.label[place])
    given = {"label": label, "recogniser": champion, "session": "photos"}
    new = store.submit(image=image, **given)
    selected = refine.select(
        refine.submissions_table(store), champion, refine.recorded_disputed(store)
    )
    usable = {s.id: s for s in (*selected.train, *selected.validation)}
    assert usable[str(new)].strokes == [] and len(usable) > 100
    np.testing.assert_array_equal(usable[str(new)].image, image)
    asked = refine.Refinement(epochs=1, replay=300, least=50, seed=1)
    assert selected.insufficient_reason(asked.least) == ""
    original = training.replay_data(champion.card, asked.replay, asked.seed)
    refined = refine.fine_tune(champion, original, selected.without([]), asked)
    after = written(tmp_path / "models", champion, selected, refined, asked)
    assert after.card["lineage"]["parent"] == "before"
    assert str(new) in after.card["lineage"]["submissions"]
    assert not after.has_stroke_model
    served = after.predict(images)
    np.testing.assert_allclose(served, refined.predict(torch.tensor(images)), atol=0.02)


def written(models: Path, champion: Recogniser, selected: Selected, refined, asked) -> Recogniser:
    """The refined model, as it serves from a model folder."""
    run = runs.start(models, "after")
    card = refine.refined_card(run, asked, champion.card, selected, refined)
    refine.write_refined(run, refined, card)
    return Recogniser.load(refine.complete_model(run, card))


class Parts(NamedTuple):
    """A champion trained on few writers' sketches, and other writers."""

    champion: Recogniser
    replay: Replay
    submitted: list[Submission]
    unseen: list[Sketch]


def submission(sketch: Sketch, *, strokes: bool = True) -> Submission:
    image = rasterise(sketch.strokes)
    return Submission(
        sketch.id, sketch.label, image, sketch.strokes if strokes else [], sketch.writer
    )


@pytest.fixture(scope="module")
def parts(pens: Sequence[Sketch], tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """UNIPEN's writers in four parts; the champion knows the first and was validated by the next.

    Its two networks learn little, so that there is something to gain.
    """
    order = np.random.default_rng(4).permutation(len(pens))[:1500]
    by_part: list[list[Sketch]] = [[], [], [], []]
    for sketch in (pens[place] for place in order):
        by_part[sum(map(ord, datasets.writer_of(sketch))) % 4].append(sketch)
    known, validation, submitted, unseen = by_part
    known, validation = known[:150], validation[:150]
    recipe = Recipe(architecture="lenet5", epochs=2, batch_size=32, sketches=True, device="cpu")
    training.prepare(recipe)
    images, held_out = datasets.rasterised(known), datasets.rasterised(validation)
    network, stroke_network = training.build("lenet5", 1), training.build_stroke_network()
    list(training.fit(network, images, held_out, recipe))
    trajectories = map(training.sketch_trajectories, (known, validation))
    list(training.fit(stroke_network, *trajectories, training.stroke_recipe(recipe)))
    stroke_model = training.calibrate(stroke_network, validation)
    run = runs.start(tmp_path_factory.mktemp("models"), "champion")
    card = training.model_card(
        run, recipe.as_dict(), {"name": "synthetic", "warning": ""}, {},
        architecture="lenet5", temperature=1.0, parameter_count=1,
        pen={**stroke_model.facts(), "rejection_threshold": 0.123},
    )  # fmt: skip
    training.write_model(run.folder, network, card)
    stroke_model.write(run.folder)
    replay = Replay(images, held_out, held_out, "", Writers(known, validation, []))
    return Parts(
        Recogniser.load(runs.finish(run)), replay, [submission(s) for s in submitted], unseen
    )


ASKED = refine.Refinement(epochs=3, replay=150, submission_share=0.7, learning_rate=0.004)


def test_both_networks_learn_from_submitted_strokes(parts: Parts, tmp_path: Path):
    champion, replay, submitted, unseen = parts
    refined = refine.fine_tune(champion, replay, Split(submitted, []), ASKED)
    counted = Selected(submitted, [], [], submitted[:0], 0, 0)  # type: ignore[arg-type]
    after = written(tmp_path, champion, counted, refined, ASKED)
    labels = np.array([sketch.label for sketch in unseen])

    def accuracy(probabilities: np.ndarray) -> float:
        return float(np.mean(probabilities.argmax(axis=1) == labels))

    drawings = [sketch.strokes for sketch in unseen]
    images = datasets.rasterised(unseen).images.numpy()
    by_strokes = [training.read_stroke_model(m.folder).predict(unseen) for m in (champion, after)]
    assert accuracy(by_strokes[1]) > accuracy(by_strokes[0]) + 0.02
    assert accuracy(after.predict(images)) > accuracy(champion.predict(images)) + 0.02
    assert accuracy(after.read(drawings)) > accuracy(champion.read(drawings)) + 0.02
    served = refined.read([submission(sketch) for sketch in unseen])
    np.testing.assert_allclose(after.read(drawings), served, atol=0.02)
    assert after.threshold == refined.pair_threshold != champion.threshold
    held_out = parts.replay.writers.validation
    doubted = after.read([s.strokes for s in held_out]).max(axis=1) < after.threshold
    assert np.mean(doubted) == pytest.approx(0.01, abs=0.02)


def test_submissions_without_strokes_train_the_image_network(parts: Parts):
    champion, replay, submitted, unseen = parts
    plain = [s._replace(strokes=[]) for s in submitted]
    quick = refine.Refinement(epochs=1, replay=150, submission_share=0.7, learning_rate=0.004)
    refined = refine.fine_tune(champion, replay, Split(plain, []), quick)
    assert refined.stroke_model is not None and refined.pair_threshold != champion.threshold
    kept = training.read_stroke_model(champion.folder).predict(unseen[:50])
    np.testing.assert_allclose(refined.stroke_model.predict(unseen[:50]), kept, atol=1e-6)
    np.testing.assert_allclose(refined.read(plain), refined.predict(digits_of(plain).images))
    mixed = refine.augmented([*plain[:30], *submitted[30:60]], 100, seed=0)
    assert len(mixed.labels) == 100
    shown = {image.tobytes() for image in mixed.images.numpy()}
    assert all(s.image.tobytes() in shown for s in plain[:30])


@pytest.mark.parametrize("name", ["suspects", "disputed"])
def test_disputed_labels_of_earlier_versions_are_known(name):
    store = Store()
    store.record_run(
        run_name="", notebook=name, parameters={}, metrics={name: ["a", "b"]}, model="m"
    )
    assert refine.recorded_disputed(store) == {"a", "b"}
