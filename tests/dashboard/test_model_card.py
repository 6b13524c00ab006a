"""The footer says which model reads, and on what it was trained; its card can't harm the page."""

from types import SimpleNamespace

from digitlib.dashboard.model_card import ModelCard

CARD = {
    "data": {"name": "mnist", "train": 57_000},
    "metrics": {"test_accuracy": 0.9971, "test_images": 10_000},
    "created": "2026-11-23T10:00:00+00:00",
}


def shown(name: str, **more: object) -> str:
    footer = ModelCard()
    footer.show(SimpleNamespace(name=name, card={**CARD, **more}))  # type: ignore[arg-type]
    return footer.value


def test_it_names_the_model_its_accuracy_and_its_data():
    text = shown("people-cnn")
    assert "Read by <strong>people-cnn</strong>, 99.71 % right on 10,000 MNIST test digits" in text
    assert "trained 23 November 2026 on 57,000 MNIST digits." in text


def test_pen_sketches_and_submissions_count_too():
    data = {**CARD["data"], "sketches": {"train": 10_419}, "submissions": {"train": 784}}
    text = shown("refined", data=data)
    assert "on 57,000 MNIST digits, 10,419 pen sketches and 784 submissions." in text


def test_a_long_lineage_is_counted_not_listed():
    ids = [f"id {number}" for number in range(3000)]
    text = shown("refined", lineage={"parent": "first", "submissions": ids})
    assert "3,000 of them" in text
    assert "id 17" not in text


def test_what_a_card_says_is_text_not_html():
    text = shown("<script>alert(1)</script>", lineage={"parent": "<b>bold</b>"})
    assert "<script>" not in text
    assert "<b>" not in text
