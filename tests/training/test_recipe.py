"""A recipe says what is wrong with its parameters before any work starts."""

import pytest

from digitlib.training.recipe import PRESETS, Recipe

DEFAULTS = Recipe().as_dict()


def test_what_papermill_passes_as_text_is_understood():
    recipe = Recipe.checked({**DEFAULTS, "resume": "true", "promote": "False", "augment": "false"})
    assert (recipe.resume, recipe.promote, recipe.augment) == (True, False, 0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", "ten"),
        ("batch_size", 1),
        ("learning_rate", -1),
        ("learning_rate", float("nan")),
        ("weight_decay", -0.1),
        ("label_smoothing", 1),
        ("augment", -1),
        ("ema", 1.0),
        ("validation_fraction", 0),
        ("seed", -3),
        ("architecture", "resnet50"),
        ("architecture_options", "blocks=2"),  # cnn has no such option
        ("architecture_options", "maps=8.5"),
        ("architecture_options", "maps=0"),
        ("architecture_options", "maps"),
        ("dataset", "cifar"),
        ("device", "tpu"),
        ("preset", "best"),
        ("run_name", "../../etc"),
        ("run_name", ".."),
        ("run_name", "v1.partial"),
        ("run_name", "current"),
        ("run_name", "bundled"),
        ("run_name", 7),
        ("resume", "maybe"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(name, value):
    with pytest.raises(ValueError, match=rf"Nothing was started.\n{name}=.+: (should|use) .+"):
        Recipe.checked({**DEFAULTS, name: value})


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValueError, match=r"(?s)epochs=0.*seed=-1"):
        Recipe.checked({**DEFAULTS, "epochs": 0, "seed": -1})


def test_a_preset_sets_what_was_not_given_by_hand():
    fast = Recipe.checked({**DEFAULTS, "preset": "fast"}, passed=[])
    assert {name: getattr(fast, name) for name in PRESETS["fast"]} == PRESETS["fast"]
    assert Recipe.checked({"preset": "fast"}) == fast
    two = Recipe.checked({**DEFAULTS, "preset": "fast", "epochs": 2}, passed=["epochs"])
    assert (two.epochs, two.architecture) == (2, "fast")
    assert Recipe.checked({"preset": "fast", "epochs": 2}) == two


def test_an_option_of_the_architecture_is_part_of_the_recipe():
    asked = {"architecture": "plain", "architecture_options": "maps=8, norm=False"}
    assert Recipe.checked(asked).as_dict() == {**DEFAULTS, **asked}
