"""The page names the model, its accuracy and training data; a card cannot inject HTML."""

from types import SimpleNamespace

from digitlib.dashboard.model_card import ModelCard

CARD = {
    "data": {"name": "mnist", "train": 57_000},
    "metrics": {"test_accuracy": 0.9971, "test_images": 10_000},
    "created": "2026-11-23T10:00:00+00:00",
}


def shown(name: str, **more: object) -> str:
    panel = ModelCard()
    panel.show(SimpleNamespace(name=name, card={**CARD, **more}))  # type: ignore[arg-type]
    return panel.value


def test_it_names_the_model_its_accuracy_and_its_data():
    text = shown("people-cnn")
    assert "Model <strong>people-cnn</strong>, accuracy 99.71 % on 10,000 MNIST test digits" in text
    assert "trained 23 November 2026 on 57,000 MNIST digits." in text


def test_pen_sketches_and_submissions_count_too():
    data = {**CARD["data"], "sketches": {"train": 10_419}, "submissions": {"train": 784}}
    text = shown("refined", data=data)
    assert "on 57,000 MNIST digits, 10,419 pen sketches and 784 submissions." in text


def test_a_long_list_is_counted_not_printed():
    ids = [f"id {number}" for number in range(3000)]
    text = shown("refined", lineage={"parent": "first", "submissions": ids})
    assert "3,000 values" in text
    assert "id 17" not in text


def test_a_card_is_shown_as_text_not_as_html():
    text = shown("<script>alert(1)</script>", lineage={"parent": "<b>bold</b>"})
    assert "<script>" not in text
    assert "<b>" not in text
