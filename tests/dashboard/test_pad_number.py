"""Several digits on the pad: read as a number, labelled one by one, submitted as single digits."""

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digitlib.dashboard.page import Dashboard
from digitlib.dashboard.parts import is_shown
from digitlib.dashboard.status import State
from digitlib.store.store import Store
from digitlib.strokes import draw

Drawing = list[list[tuple[float, float]]]


def on_pad(digits: str, seed: int = 0) -> Drawing:
    """Digits side by side, in the pad's units and format."""
    generator, strokes = np.random.default_rng(seed), []
    size = 0.72 / len(digits)
    for place, digit in enumerate(digits):
        drawn = draw(int(digit), generator)
        low = np.concatenate(drawn).min(axis=0)
        shift = (0.05 + place * (size + 0.05), 0.3)
        strokes += [(stroke - low) * size + shift for stroke in drawn]
    return [
        [(float(x), float(y)) for x, y in np.float32(np.clip(stroke, 0, 1))] for stroke in strokes
    ]


async def settled(page: Dashboard) -> str:
    until = time.monotonic() + 60
    while page.status.state is State.SAVING:
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    return str(page.status.value)


def visit(steps: Coroutine[Any, Any, None]) -> None:
    """Run steps with an event loop, as in a kernel."""
    asyncio.run(steps)


def stored() -> list[tuple[Any, ...]]:
    """Label, prediction and number of strokes of each submission, oldest first."""
    columns = ("label", "predicted", "len(strokes)")
    return Store().submissions().project(", ".join(columns)).fetchall()[::-1]


def test_a_number_is_read_corrected_submitted_as_single_digits_and_taken_back() -> None:
    async def steps() -> None:
        page, drawing = Dashboard(), on_pad("425")
        number = page.submission.number
        page.pad.put(drawing)
        assert "I read 425" in page.guess.value and page.guess.value.count("%") == 3
        assert [button.description for button in number.children] == ["4", "2", "5"]
        assert page.submit_button.description == "Submit as 425"
        number.children[1].click()
        page.labels.children[7].click()
        page.labels.children[7].click()  # the same again, for the next digit
        assert page.submit_button.description == "Submit as 477"
        number.children[2].click()
        page.labels.children[5].click()
        page.submit_button.click()
        text = await settled(page)
        assert "Saved as 475" in text and "I read 2 of them right" in text
        assert not page.pad.strokes and not number.children
        assert [row[:2] for row in stored()] == [(4, 4), (7, 2), (5, 5)]
        assert sum(row[2] for row in stored()) == len(drawing)
        page.submission.recall_button.click()
        assert "Taken back" in await settled(page)
        assert stored() == [] and [list(stroke) for stroke in page.pad.strokes] == drawing
        assert page.submission.given == 0
        page.clear_button.click()
        page.pad.put(on_pad("7"))
        assert "I read a 7" in page.guess.value and not is_shown(number)
        assert page.submit_button.description == "Submit as 7"

    visit(steps())


def test_the_selected_digit_of_a_number_is_looked_into() -> None:
    async def steps() -> None:
        page = Dashboard()
        page.pad.put(on_pad("425"))
        for place, digit in enumerate("425"):
            page.submission.number.children[place].click()
            until = time.monotonic() + 60
            while f"for {digit}" not in (text := page.activations._ink_text.value):
                assert time.monotonic() < until, text
                await asyncio.sleep(0.01)

    visit(steps())


def test_a_number_that_could_not_be_saved_is_stored_once_when_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        page = Dashboard()
        submit, tries = page.submission.store.submit, []

        def submit_or_fail(**given: Any) -> object:
            tries.append(given["id"])
            if len(tries) == 2:
                raise ValueError("No second digit.")
            return submit(**given)

        monkeypatch.setattr(page.submission.store, "submit", submit_or_fail)
        page.pad.put(on_pad("42"))
        page.submit_button.click()
        assert "No second digit. Your sketch is still here." in await settled(page)
        page.clear_button.click()
        page.undo_button.click()
        page.submit_button.click()
        assert "Saved as 42" in await settled(page)
        assert len(tries) == 4 and len(set(tries)) == 2
        assert [row[0] for row in stored()] == [4, 2]

    visit(steps())


def test_what_is_no_number_is_still_doubted() -> None:
    page = Dashboard()
    letter = [[(0.2, 0.9), (0.2, 0.1), (0.5, 0.6), (0.8, 0.1), (0.8, 0.9)]]  # an M
    scribble = np.random.default_rng(0).random((60, 4, 2)).tolist()
    for strokes in (letter, [[tuple(point) for point in stroke] for stroke in scribble]):
        page.pad.put(strokes)
        assert "Is " in page.guess.value and not page.submission.number.children
