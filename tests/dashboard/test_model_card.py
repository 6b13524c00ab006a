"""The page says for people what the model's card says; a card cannot inject HTML."""

import re
from types import SimpleNamespace

from digitlib.dashboard.model_card import ModelCard

CARD = {
    "data": {"name": "mnist", "train": 57_000},
    "metrics": {"test_accuracy": 0.9971, "test_images": 10_000},
    "created": "2026-11-23T10:00:00+00:00",
}


def shown(name: str, threshold: float = 0.9, **more: object) -> str:
    panel = ModelCard()
    panel.show(SimpleNamespace(name=name, threshold=threshold, card={**CARD, **more}))  # type: ignore[arg-type]
    return panel.value


def text(name: str, **more: object) -> str:
    """What people read before they unfold the whole card."""
    return re.sub("<[^>]*>", " ", shown(name, **more).split("<details>")[0])


def test_it_says_what_the_model_learnt_from_how_well_it_reads_and_when_it_was_made():
    said = text("people-cnn")
    assert "people-cnn" in said
    assert "57,000 MNIST digits." in said
    assert "99.71 % of 10,000 MNIST test digits." in said
    assert "It asks below 90 % confidence." in said
    assert "Trained 23 November 2026." in said


def test_it_says_how_well_it_reads_people_whom_it_had_never_seen():
    metrics = {
        **CARD["metrics"],
        "test_accuracy_interval": [0.9959, 0.998],
        "sketch_accuracy": 0.99,
        "sketch_accuracy_with_pen": 0.995,
        "sketch_images": 200,
        "nondigits_refused": 0.95,
    }
    said = text("people-cnn", metrics=metrics)
    assert "(on others like them, 99.59 to 99.80 %)" in said
    assert "199 of 200 pen digits by people whom it had never seen." in said
    assert "Of drawings that are no digits it refuses 95 %" in said


def test_pen_sketches_and_submissions_count_too():
    data = {
        **CARD["data"],
        "sketches": {"train": 10_419, "writers": 400},
        "submissions": {"train": 784},
        "nondigit_share": 0.07,
    }
    said = text("refined", data=data)
    assert (
        "57,000 MNIST digits, 10,419 digits that people drew with a pen, by 400 people and" in said
    )
    assert "784 sketches submitted here." in said
    assert "7 % of what it saw were letters" in said


def test_a_card_with_little_in_it_is_shown_too():
    panel = ModelCard()
    panel.show(SimpleNamespace(name="old", threshold=0.8, card={}))  # type: ignore[arg-type]
    assert "It asks below 80 % confidence." in panel.value
    assert "Learnt from" not in panel.value


def test_a_long_list_is_counted_not_printed():
    ids = [f"id {number}" for number in range(3000)]
    all_of_it = shown("refined", lineage={"parent": "first", "submissions": ids})
    assert "3,000 values" in all_of_it
    assert "id 17" not in all_of_it


def test_a_card_is_shown_as_text_not_as_html():
    all_of_it = shown("<script>alert(1)</script>", lineage={"parent": "<b>bold</b>"})
    assert "<script>" not in all_of_it
    assert "<b>" not in all_of_it
