"""`notebooks/learn.ipynb`, run as users run it."""

import re


def test_learn_trains_step_by_step_and_opens_the_test_set_once(run, mnist):
    done = run("learn", images=2000, epochs=1, passes=3)
    before, after = map(float, re.findall(r"loss (\d\.\d+) -> (\d\.\d+)", done.text)[0])
    assert after < before  # one step of gradient descent by hand
    backward, definition = re.findall(r"backward (\S+); by definition (\S+)", done.text)[0]
    assert abs(float(backward) - float(definition)) < 1e-3
    (accuracy,) = re.findall(r"Test set: (\d+\.\d+)% ± .* of 10,000 images are right", done.text)
    assert float(accuracy) > 80
    assert not list(done.path.parent.glob("outputs/*"))  # it writes nothing
