"""Replay and examples without a browser: what is drawn, and what a visitor may do meanwhile."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from digitlib.dashboard import replay
from digitlib.dashboard.pad import Pad
from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.prefixes import prefix
from digitlib.dashboard.replay import Replay
from digitlib.dashboard.samples import EXAMPLES
from digitlib.dashboard.status import State
from digitlib.recogniser.model import Recogniser

SEVEN = (((0.25, 0.25), (0.75, 0.25), (0.5, 0.75)), ((0.375, 0.5), (0.75, 0.5)))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing takes a twentieth of a second."""
    monkeypatch.setattr(replay, "_SECONDS", 0.05)
    monkeypatch.setattr(replay, "_FRAME", 0.002)
    monkeypatch.setattr(replay, "_STAY", 0.01)


async def played(panel: Replay) -> None:
    """Wait until nothing is drawn any more."""
    while panel.is_playing:
        await asyncio.sleep(0.002)


def test_most_examples_are_read_as_they_are_meant() -> None:
    recogniser, generator = Recogniser.load(), np.random.default_rng(0)
    drawings = [(example, example.draw(generator)) for example in EXAMPLES for _ in range(3)]
    for _, strokes in drawings:
        points = np.concatenate(strokes)
        assert points.min() >= 0
        assert points.max() <= 1
    read = recogniser.read([strokes for _, strokes in drawings]).argmax(axis=1)
    right = [digit == example.digit for (example, _), digit in zip(drawings, read, strict=True)]
    assert np.mean(right) > 0.8
    assert {(example.digit, example.name) for example in EXAMPLES} >= {
        (7, "a crossed 7"),
        (4, "an open 4"),
        (0, "a slashed 0"),
        (1, "a 1 with a flag"),
    }


def test_an_example_is_drawn_stroke_by_stroke_and_named(quick: None) -> None:
    async def steps() -> None:
        pad = Pad()
        panel, seen = Replay(pad), []
        pad.observe(lambda change: seen.append(change.new), "strokes")
        panel.try_one()
        await played(panel)
        assert panel.example == "a crossed 7"
        assert [len(strokes) for strokes in seen] == sorted(len(strokes) for strokes in seen)
        assert len(pad.strokes) == 2
        panel.try_one()
        await played(panel)
        assert panel.example == "an open 4"

    asyncio.run(steps())


def test_who_draws_during_an_example_goes_on_alone() -> None:
    async def steps() -> None:
        pad = Pad()
        panel = Replay(pad)
        panel.try_one()
        while not pad.strokes:
            await asyncio.sleep(0.01)
        pad.put(SEVEN)
        await played(panel)
        assert pad.strokes == SEVEN
        assert panel.example == ""

    asyncio.run(steps())


def test_an_example_that_is_submitted_is_drawn_no_further(outputs: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        page.replay.try_one()
        while not page.pad.strokes:
            await asyncio.sleep(0.01)
        page.labels.choose(page.submission.prediction.ranking[0])
        page.submit_button.click()
        while page.status.state is State.SAVING:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert page.status.state is State.SAVED
        assert "no model learns from it" in page.status.value
        assert page.pad.strokes == ()
        assert not page.replay.is_playing

    asyncio.run(steps())


def test_the_tab_keeps_an_example_that_was_drawn_to_its_end(quick: None, outputs: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        page.replay.try_one()
        await played(page.replay)
        assert [len(stroke) for stroke in page.memory._facts["drawing"]] == [
            len(stroke) for stroke in page.pad.strokes
        ]
        assert len(page.pad.strokes) == 2

    asyncio.run(steps())


def test_undo_brings_back_what_an_example_replaced(quick: None) -> None:
    async def steps() -> None:
        pad = Pad()
        panel = Replay(pad)
        pad.put(SEVEN)
        panel.try_one()
        await played(panel)
        while pad.strokes:
            pad.undo()
        pad.undo()
        assert pad.strokes == SEVEN

    asyncio.run(steps())


def test_a_replay_changes_the_guess_but_neither_the_drawing_nor_the_label(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_STAY", 60.0)  # the replay stays until the slider is moved

    async def steps() -> None:
        page = Dashboard()
        page.pad.put(SEVEN)
        guesses = []
        page.guess.observe(lambda change: guesses.append(change.new), "value")
        page.replay.button.click()
        assert page.replay.is_open
        await played(page.replay)
        assert len(set(guesses)) > 1
        assert (page.pad.strokes, page.labels.label) == (SEVEN, 7)
        page.replay.slider.value = 30
        assert len(page.replay.shown) == 1
        assert page.pad.strokes == SEVEN
        page.submit_button.click()  # the whole drawing, whatever is shown
        while page.status.state.name == "SAVING":
            await asyncio.sleep(0.002)
        (strokes,) = page.submission.store.submissions().project("strokes").fetchone()
        assert [len(stroke) for stroke in strokes] == [3, 2]

    asyncio.run(steps())


def test_a_replay_that_has_ended_leaves_the_pad(quick: None) -> None:
    async def steps() -> None:
        pad = Pad()
        panel = Replay(pad)
        pad.put(SEVEN)
        panel.button.click()
        await played(panel)
        while panel.is_open:
            await asyncio.sleep(0.002)
        assert panel.button.description == "Replay"

    asyncio.run(steps())


def test_a_prefix_ends_where_the_share_of_the_way_does() -> None:
    strokes = [
        np.array(s) for s in ([(0.0, 0.0), (1.0, 0.0)], [(0.5, 0.5)], [(0.0, 1.0), (1.0, 1.0)])
    ]
    assert prefix(strokes, 0) == []
    assert [len(stroke) for stroke in prefix(strokes, 1)] == [2, 1, 2]
    half = prefix(strokes, 0.25)
    assert len(half) == 1
    np.testing.assert_allclose(half[0], [(0, 0), (0.5, 0)], atol=0.01)
    lengths = [
        sum(np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in prefix(strokes, share))
        for share in np.linspace(0, 1, 30)
    ]
    assert np.all(np.diff(lengths) >= 0)
