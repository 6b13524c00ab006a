"""While a sketch is being saved, the visitor may go on, and nothing is lost or mixed up."""

import asyncio
import shutil
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from digitlib import settings
from digitlib.dashboard import quota
from digitlib.dashboard.pad import MOST_POINTS
from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.status import State
from digitlib.recogniser.model import Recogniser
from digitlib.store.store import Store
from digitlib.strokes.synthesis import draw


def on_pad(digit: int) -> list[list[tuple[float, float]]]:
    """A synthetic digit in the pad's format."""
    return [
        [tuple(map(float, point)) for point in stroke]
        for stroke in draw(digit, np.random.default_rng(0))
    ]


FOUR, SEVEN = on_pad(4), on_pad(7)


@pytest.fixture
def database() -> Path:
    """A database with one sketch."""
    Store().submit(strokes=[[(0.5, 0.5)]], label=1, recogniser=Recogniser.load(), session="before")
    return Path(settings.database_url())


def saved_labels() -> list[int]:
    """The labels in the store, newest first."""
    return [label for (label,) in Store().submissions().project("label").fetchall()]


async def until(*states: State, of: Dashboard) -> str:
    """Wait until the status line reaches one of the states; returns its text."""
    latest = time.monotonic() + 30
    while of.status.state not in states:
        assert time.monotonic() < latest, of.status.value
        await asyncio.sleep(0.02)
    return str(of.status.value)


def submit(page: Dashboard, digit: list[list[tuple[float, float]]], label: int) -> None:
    page.pad.put(digit)
    page.labels.children[label].click()
    page.submit_button.click()
    assert page.status.state is State.SAVING


def visit(steps: Coroutine[Any, Any, None]) -> None:
    """Run steps with an event loop, as in a kernel."""
    asyncio.run(steps)


def test_the_next_digit_keeps_its_label_while_the_one_before_is_saved(database: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        with FileLock(f"{database}.lock"):
            submit(page, FOUR, 4)
            page.clear_button.click()
            page.pad.put(SEVEN)
            page.labels.children[1].click()
        assert "Saved as 4" in await until(State.SAVED, of=page)
        assert page.submit_button.description == "Submit as 1"
        assert page.pad.strokes
        assert saved_labels() == [4, 1]

    visit(steps())


def test_the_page_keeps_sketches_and_takes_one_back_on_a_database_server(on_a_server: str) -> None:
    async def steps() -> None:
        page = Dashboard()
        for digit, label in ((FOUR, 4), (SEVEN, 7)):
            submit(page, digit, label)
            assert f"Saved as {label}" in await until(State.SAVED, of=page)
        assert saved_labels() == [7, 4]
        page.submission.recall_button.click()
        assert "Taken back" in await until(State.IDLE, of=page)

    visit(steps())
    assert on_a_server == settings.database_url() and saved_labels() == [4]


@pytest.mark.parametrize("draws_on", [False, True])
def test_undo_restores_a_sketch_that_could_not_be_saved(database: Path, draws_on: bool) -> None:
    safe = database.with_name("safe")
    shutil.move(database, safe)
    database.write_text("my novel")

    async def steps() -> None:
        page = Dashboard()
        submit(page, FOUR, 4)
        page.clear_button.click()
        if draws_on:
            page.pad.put(SEVEN)
        text = await until(State.FAILED, of=page)
        assert "not a DuckDB database" in text
        assert "Your 4 is still here: Undo brings it back" in text
        shutil.move(safe, database)
        if draws_on:
            page.labels.children[7].click()
            page.submit_button.click()
            await until(State.SAVED, of=page)
        page.undo_button.click()
        assert [list(stroke) for stroke in page.pad.strokes] == FOUR
        submit(page, FOUR, 4)
        await until(State.SAVED, of=page)

    visit(steps())
    assert saved_labels() == ([4, 7, 1] if draws_on else [4, 1])


def test_a_sketch_that_could_not_be_taken_back_is_still_saved(database: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        submit(page, FOUR, 4)
        await until(State.SAVED, of=page)
        safe = database.with_name("safe")
        shutil.move(database, safe)
        database.write_text("my novel")
        page.submission.recall_button.click()
        text = await until(State.FAILED, of=page)
        assert "Not taken back" in text
        assert "still saved" in text
        shutil.move(safe, database)

    visit(steps())
    assert saved_labels() == [4, 1]


def test_a_sketch_is_saved_even_if_the_counts_are_unavailable(database: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        submit(page, FOUR, 4)
        text = await until(State.SAVED, of=page)
        database.rename(database.with_name("safe"))  # before the sketches are counted
        database.write_text("my novel")
        await page._count()
        assert page.status.value == text

    visit(steps())


def test_a_visit_submits_at_most_so_many_sketches_a_minute(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MOST_A_MINUTE", 2)

    async def steps() -> None:
        page = Dashboard()
        for _ in range(2):
            submit(page, FOUR, 4)
            await until(State.SAVED, of=page)
        page.pad.put(SEVEN)
        page.labels.children[7].click()
        page.submit_button.click()
        assert "2 sketches in a minute" in await until(State.FAILED, of=page)
        assert page.pad.strokes  # it can be submitted later
        monkeypatch.setattr(quota, "_MINUTE", 0.0)
        page.submit_button.click()
        await until(State.SAVED, of=page)

    visit(steps())
    assert saved_labels() == [7, 4, 4, 1]


def test_a_visit_submits_at_most_so_many_points(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MOST_POINTS", 10)

    async def steps() -> None:
        page = Dashboard()
        page.pad.put(FOUR)
        page.labels.children[4].click()
        page.submit_button.click()
        assert "reached its limit" in await until(State.FAILED, of=page)

    visit(steps())
    assert saved_labels() == [1]


def test_a_full_database_takes_no_more_and_the_sketch_stays(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_DATABASE_MB", "0.001")

    async def steps() -> None:
        page = Dashboard()
        submit(page, FOUR, 4)
        assert "has reached its limit of" in await until(State.FAILED, of=page)
        monkeypatch.delenv("DIGITS_DATABASE_MB")  # whoever runs it has made room
        page.submit_button.click()
        await until(State.SAVED, of=page)

    visit(steps())
    assert saved_labels() == [4, 1]


def test_a_full_pad_says_so(database: Path) -> None:
    async def steps() -> None:
        page = Dashboard()
        page.pad.put([[(0.5, number / 5000) for number in range(MOST_POINTS)]])
        assert f"{MOST_POINTS:,} points" in await until(State.FAILED, of=page)
        page.clear_button.click()
        assert page.status.state is State.IDLE

    visit(steps())
