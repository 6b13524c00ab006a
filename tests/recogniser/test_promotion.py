"""Promotion is atomic and reversible; only a sound model of a plain name is promoted."""

import shutil
import subprocess
import sys

import pytest
from recogniser.models import copied

from digitlib import settings
from digitlib.recogniser import locations, registry
from digitlib.recogniser.model import Recogniser


def test_promotion_and_the_way_back():
    copied("one")
    copied("two")
    registry.promote("one")
    registry.promote("two")
    assert Recogniser.load().name == "two"
    assert registry.roll_back().name == "one"
    assert Recogniser.load().name == "one"
    assert registry.roll_back() == locations.BUNDLED
    with pytest.raises(ValueError, match="none to go back to"):
        registry.roll_back()


def test_an_unsound_model_is_not_promoted():
    copied("sound")
    registry.promote("sound")
    broken = locations.models_dir() / "broken"
    shutil.copytree(locations.models_dir() / "sound", broken)
    (broken / "model.onnx").write_bytes(b"no")
    with pytest.raises(ValueError, match="broken model"):
        registry.promote("broken")
    for card in ("[]", '{"pen": true}', '{"rejection_threshold": null}', "{"):
        (broken / "card.json").write_text(card)
        with pytest.raises(ValueError, match="broken model, its card"):
            registry.promote("broken")
    (broken / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"lacks model\.safetensors"):
        registry.promote("broken")
    with pytest.raises(ValueError, match="missing is not a model folder; those beside it: broken"):
        registry.promote("missing")
    assert Recogniser.load().name == "sound"


def test_promoting_what_serves_changes_nothing():
    copied("one")
    registry.promote("one")
    registry.promote("one")
    assert registry.roll_back() == locations.BUNDLED


@pytest.mark.parametrize("name", ["", ".", "..", "../models/one", "/tmp", "one/", "one\ntwo", " "])
def test_only_a_plain_name_can_be_promoted(name):
    copied("one")
    with pytest.raises(ValueError, match="plain name"):
        registry.promote(name)
    assert locations.current_model() == locations.BUNDLED


def test_what_is_gone_is_not_rolled_back_to():
    shutil.rmtree((copied("one"), registry.promote("one"))[0])
    copied("two")
    registry.promote("two")
    with pytest.raises(ValueError, match="not a model folder"):
        registry.roll_back()
    assert Recogniser.load().name == "two"


def test_a_model_takes_the_place_only_of_the_one_that_it_was_compared_with():
    one, _ = copied("one"), copied("two")
    registry.promote("one", instead_of=locations.BUNDLED)
    with pytest.raises(ValueError, match="one serves by now, not bundled"):
        registry.promote("two", instead_of=locations.BUNDLED)
    assert Recogniser.load().name == "one"
    registry.promote("two", instead_of=one)
    assert Recogniser.load().name == "two"


@pytest.mark.parametrize("call", [lambda: registry.promote("two"), registry.roll_back])
def test_a_promotion_or_rollback_cut_short_can_be_done_again(call, monkeypatch):
    for name in ("zero", "one", "two"):
        copied(name)
    registry.promote("zero")
    registry.promote("one")
    write, written = settings.write_atomically, []

    def cut_short(path, content):
        if written:
            raise KeyboardInterrupt
        written.append(write(path, content))

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(settings, "write_atomically", cut_short)
        call()
    rolled_back = call is registry.roll_back
    assert Recogniser.load().name == ("zero" if rolled_back else "one")
    if not rolled_back:
        call()
        assert registry.roll_back().name == "one"
        assert registry.roll_back().name == "zero"
    assert registry.roll_back() == locations.BUNDLED


def test_of_two_processes_that_promote_at_once_each_leaves_its_trace():
    code = "import sys; from digitlib.recogniser import promote\nfor n in sys.argv[1:]: promote(n)"
    names = [[f"{side}{number}" for number in range(5)] for side in "ab"]
    model = copied("model")
    for name in names[0] + names[1]:
        shutil.copytree(model, model.with_name(name))
    processes = [subprocess.Popen([sys.executable, "-c", code, *part]) for part in names]
    assert [process.wait(60) for process in processes] == [0, 0]
    served = [locations.current_model().name]
    served += [registry.roll_back().name for _ in range(10)]
    assert sorted(served) == sorted([*names[0], *names[1], "bundled"])
    for part in names:
        assert [name for name in served[::-1] if name in part] == part


def test_a_promoted_model_that_is_gone_is_explained():
    folder = copied("gone")
    registry.promote("gone")
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="Promote another or delete"):
        Recogniser.load()


def serving_command(*words: str) -> subprocess.CompletedProcess[str]:
    """`python -m digitlib.recogniser`, as people type it."""
    command = [sys.executable, "-m", "digitlib.recogniser", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_promote_and_rollback_are_one_command_each():
    copied("mine")
    for command, serving in ((["promote", "mine"], "mine serves"), (["rollback"], "serves")):
        done = serving_command(*command)
        assert serving in done.stdout, done.stderr
    done = serving_command("promote", "nobody")
    assert done.returncode == 1
    assert "not a model folder; those beside it: mine" in done.stderr
    assert "Traceback" not in done.stderr
    done = serving_command("promot", "mine")
    assert done.returncode == 1
    assert done.stderr.startswith("Usage: ")
