"""A number on the pad of the page, in a real browser: read, labelled, submitted as digits."""

import numpy as np
from playwright.sync_api import expect
from visits import Server, Strokes, Visit

from digitlib.strokes import draw

pytest_plugins = ["browser"]


def side_by_side(digits: str) -> Strokes:
    """Synthetic digits beside each other, in the pad's units."""
    generator, strokes = np.random.default_rng(0), []
    size = 0.72 / len(digits)
    for place, digit in enumerate(digits):
        drawn = draw(int(digit), generator)
        low = np.concatenate(drawn).min(axis=0)
        shift = (0.1 + place * (size + 0.05), 0.3)
        strokes += [((stroke - low) * size + shift).tolist() for stroke in drawn]
    return strokes


def test_two_digits_are_read_one_is_corrected_and_both_are_stored_as_digits(
    visit: Visit, server: Server
) -> None:
    before = server.store.tally().total
    visit.draw(side_by_side("42"))
    expect(visit.text("guess")).to_contain_text("I read 42")
    digits = visit.page.locator(".digit-number button")
    expect(digits).to_have_text(["4", "2"])
    digits.nth(1).click()
    visit.press("label-7")
    expect(digits).to_have_text(["4", "7"])
    expect(visit.text("submit")).to_have_text("Submit as 47")
    visit.press("submit")
    expect(visit.text("status")).to_contain_text("Saved as 47")
    expect(digits).to_have_count(0)
    columns = ("label", "predicted", "strokes", "image")
    second, first = server.store.submissions(columns, limit=2).fetchall()
    assert server.store.tally().total == before + 2
    assert (first[:2], second[:2]) == ((4, 4), (7, 2))
    assert len(first[2]) + len(second[2]) == len(side_by_side("42"))
    assert all(np.frombuffer(row[3], np.uint8).any() for row in (first, second))
