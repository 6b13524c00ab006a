"""Only a model that can serve is promoted; one that fails later gives way to the one before."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from recogniser.models import copied, write_image_network, write_stroke_network

from digitlib.recogniser.loaded_model import LoadedModel
from digitlib.recogniser.locations import BUNDLED, current_model, models_dir
from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.registry import promote
from digitlib.strokes.synthesis import draw

SEVEN = draw(7, np.random.default_rng(0))


def deep_card(folder: Path) -> None:
    (folder / "card.json").write_text('{"data": ' + "[" * 100_000 + "]" * 100_000 + "}")


def card_entries(**entries: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        card = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**card, **entries}))

    return change


UNSERVABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "twelve classes": (lambda f: write_image_network(f, np.ones((784, 12))), "can't serve"),
    "twelve stroke classes": (lambda f: write_stroke_network(f, np.ones((384, 12))), "can't serve"),
    "NaN weights": (
        lambda f: write_image_network(f, np.full((784, 10), np.nan)),
        "10 with the sum",
    ),
    "NaN stroke weights": (
        lambda f: write_stroke_network(f, np.full((384, 10), np.nan)),
        "10 with the sum",
    ),
    "broken pen.onnx": (lambda f: (f / "pen.onnx").write_bytes(b"no"), "broken model"),
    "another network as pen.onnx": (
        lambda f: (f / "pen.onnx").write_bytes((f / "model.onnx").read_bytes()),
        "can't serve",
    ),
    "long name": (card_entries(name="n" * 300), "200 characters"),
    "NaN threshold": (card_entries(rejection_threshold=float("nan")), "threshold"),
    "NaN stroke threshold": (card_entries(pen={"rejection_threshold": float("nan")}), "threshold"),
    "threshold over 1": (card_entries(rejection_threshold=7), "threshold"),
    "deep card": (deep_card, "broken model, its card"),
}


@pytest.mark.parametrize(("change", "says"), UNSERVABLE.values(), ids=UNSERVABLE)
def test_a_model_that_cannot_serve_is_not_promoted(
    change: Callable[[Path], object], says: str
) -> None:
    change(copied("broken"))
    with pytest.raises(ValueError, match=says):
        promote("broken")
    assert current_model() == BUNDLED


@pytest.mark.parametrize("change", [c for c, _ in UNSERVABLE.values()], ids=UNSERVABLE)
def test_a_model_that_breaks_later_gives_way_to_the_one_before(
    change: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    before, later = copied("before"), copied("later")
    promote("before")
    promote("later")
    held = LoadedModel.latest()
    assert held.folder == later
    change(later)
    (later / "card.json").touch()
    with caplog.at_level(logging.ERROR, "digitlib"):
        found = LoadedModel.latest(held)
    assert found.folder == before
    assert f"{later} can't serve" in caplog.text
    assert found.read(SEVEN).model == "before"


def test_the_bundled_model_serves_where_no_promoted_one_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("one", "two"):
        copied(name)
        promote(name)
    for name in ("one", "two"):
        deep_card(models_dir() / name)
    assert LoadedModel.latest().folder == BUNDLED
    assert caplog.text.count("can't serve") >= 2


def test_a_model_that_fails_on_one_drawing_is_replaced_for_that_drawing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fragile = copied("fragile", pen={})
    write_image_network(fragile, np.zeros((784, 10)))
    promote("fragile")
    held = LoadedModel.latest()
    write_image_network(fragile, np.full((784, 10), np.inf))
    broken = LoadedModel(Recogniser.load(fragile), fragile, 0)
    prediction = broken.read(SEVEN)
    assert prediction.model == Recogniser(BUNDLED).name
    assert "failed on a drawing" in caplog.text
    assert held.read(SEVEN).model == "fragile"


@pytest.mark.parametrize("name", ["../outside", "/etc", "", "one\ntwo", "a" * 300, "gone"])
def test_current_may_name_only_a_model_folder(name: str, outputs: Path) -> None:
    copied("../outside")
    (models_dir()).mkdir(exist_ok=True)
    (models_dir() / "current").write_text(name)
    with pytest.raises(ValueError):
        current_model()
    assert LoadedModel.latest().folder == BUNDLED


def test_an_unchanged_model_is_not_loaded_again() -> None:
    model = LoadedModel.latest()
    assert LoadedModel.latest(model) is model
