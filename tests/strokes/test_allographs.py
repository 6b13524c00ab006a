"""Allographs are added to drawings that are still read as what they were."""

import numpy as np
import pytest

from digitlib.recogniser.locations import BUNDLED
from digitlib.recogniser.model import Recogniser
from digitlib.strokes import allographs
from digitlib.strokes.glyphs import RARE
from digitlib.strokes.ink import Strokes, rasterise
from digitlib.strokes.synthesis import draw_many, drawn

TURN = np.linspace(0, 2 * np.pi, 40)
PLAIN: dict[int, Strokes] = {
    0: [np.stack([0.5 + 0.25 * np.sin(TURN), 0.5 - 0.4 * np.cos(TURN)], axis=1)],
    1: [np.linspace([0.5, 0.1], [0.5, 0.9], 20)],
    7: [np.array([[0.2, 0.1], [0.5, 0.1], [0.8, 0.1], [0.6, 0.5], [0.4, 0.9]])],
}


@pytest.mark.parametrize("digit", PLAIN)
def test_a_plain_digit_gets_one_and_is_still_read_as_it_was(digit: int) -> None:
    generator, recogniser = np.random.default_rng(0), Recogniser.load(BUNDLED)
    adorned = [allographs.add_allograph(PLAIN[digit], digit, 1.0, generator) for _ in range(100)]
    plain = rasterise(PLAIN[digit])
    images = np.stack([rasterise(strokes) for strokes in adorned])
    assert all(not np.array_equal(image, plain) for image in images)
    assert len(np.unique(images, axis=0)) == 100
    assert np.mean(recogniser.predict(images).argmax(axis=1) == digit) > 0.8


def test_a_slash_goes_through_the_zero_and_a_bar_through_the_stem() -> None:
    generator = np.random.default_rng(1)
    for _ in range(50):
        (slash,) = allographs.add_allograph(PLAIN[0], 0, 1.0, generator)[1:]
        assert np.abs(slash.mean(axis=0) - 0.5).max() < 0.35  # the loop may run on first
        (bar,) = allographs.add_allograph(PLAIN[7], 7, 1.0, generator)[1:]
        assert 0.35 < bar[:, 1].mean() < 0.9 and np.ptp(bar[:, 0]) > np.ptp(bar[:, 1])


def test_most_flags_of_a_one_rise_by_20_to_50_degrees_and_level_ones_are_short() -> None:
    generator = np.random.default_rng(4)
    (stem,) = PLAIN[1]
    tips = []
    for _ in range(300):
        points = np.concatenate(allographs.add_allograph(PLAIN[1], 1, 1.0, generator))
        above = points[points[:, 1] < 0.7]  # without the foot
        tip = above[above[:, 0].argmin()] - stem[0]
        if np.abs(tip).max() > 1e-9:
            tips.append((-tip[0], tip[1]))
    across, down = np.array(tips).T
    rise, length = np.degrees(np.arctan2(down, across)), np.hypot(across, down) / 0.8
    assert np.mean((rise > 19) & (rise < 50)) > 0.5
    assert length[rise < 3].max() < 0.45  # of the stem: unlike a 7's bar
    assert length[rise > 19].max() > 0.7
    meant, of_stem = np.array([allographs._flag(generator) for _ in range(2000)]).T  # no hook yet
    assert of_stem[np.degrees(meant) < 19].max() < 0.35


def test_the_flag_and_the_foot_of_a_one_may_be_strokes_of_their_own() -> None:
    generator = np.random.default_rng(5)
    drawings = [allographs.add_allograph(PLAIN[1], 1, 1.0, generator) for _ in range(300)]
    counts = np.bincount([len(drawing) for drawing in drawings], minlength=4)
    assert counts[1] > counts[2] > counts[3] > 0
    starts = [drawing[0][0, 1] for drawing in drawings if len(drawing) == 3]
    assert max(starts) > 0.8 > 0.5 > min(starts)  # now and then the foot comes first


def test_a_stem_ends_in_a_hook_at_its_foot() -> None:
    generator = np.random.default_rng(2)
    ends = []
    for _ in range(50):
        (stem, *_) = allographs.add_allograph(PLAIN[7], 7, 1.0, generator)
        assert np.array_equal(stem[: len(PLAIN[7][0])], PLAIN[7][0])
        hook = stem[len(PLAIN[7][0]) :]
        assert np.linalg.norm(hook - PLAIN[7][0][-1], axis=1).max() < 0.35
        ends.append(np.sign(hook[-1, 0] - PLAIN[7][0][-1, 0]))
    assert 5 < ends.count(-1) < ends.count(1)  # both ways, more often on towards the next digit


def test_a_loop_runs_on_at_one_end() -> None:
    generator = np.random.default_rng(3)
    loop = PLAIN[0][0]
    for _ in range(50):
        (longer,) = allographs.add_allograph([loop], 6, 1.0, generator)
        kept, more = longer[: len(loop)], longer[len(loop) :]
        assert np.array_equal(kept, loop) or np.array_equal(kept, loop[::-1])
        assert 0.05 < np.linalg.norm(np.diff(more, axis=0), axis=1).sum() < 0.4
        bent = [np.unwrap(np.arctan2(*np.diff(part, axis=0).T[::-1])) for part in (kept, more)]
        assert len({np.sign(headings[-1] - headings[0]) for headings in bent}) == 1


def test_a_five_stays_as_it_is() -> None:
    drawings, labels = draw_many(100, seed=4)
    generator = np.random.default_rng(0)
    for strokes, label in zip(drawings, labels, strict=True):
        if label == 5:
            assert allographs.add_allograph(strokes, 5, 1.0, generator) is strokes


@pytest.mark.parametrize("digit", RARE)
def test_a_few_are_written_in_a_rare_way_instead(digit: int) -> None:
    generator, plain = np.random.default_rng(0), [np.array([[0.0, 0.0], [0.1, 0.0]])]
    written = [allographs.add_allograph(plain, digit, 0.25, generator) for _ in range(1000)]
    rare = [strokes for strokes in written if np.ptp(np.concatenate(strokes)[:, 1]) > 0.3]
    assert 10 < len(rare) < 200
    assert len({len(strokes[0]) for strokes in rare}) > 1  # more than one glyph


def test_a_four_like_lightning_goes_from_top_to_bottom() -> None:
    generator = np.random.default_rng(0)
    for text in RARE[4]:
        strokes = drawn(text, generator)
        assert strokes[0][0, 1] < np.concatenate(strokes)[:, 1].mean() < strokes[-1][-1, 1]


def test_the_share_is_what_was_asked_for_and_none_gets_a_second_one() -> None:
    generator = np.random.default_rng(0)
    six = PLAIN[0]  # of a 6, only the loop can run on
    got = [allographs.add_allograph(six, 6, 0.25, generator) is not six for _ in range(2000)]
    assert np.mean(got) == pytest.approx(0.25, abs=0.04)
    crossed = allographs.add_allograph(PLAIN[7], 7, 1.0, generator)
    assert len(crossed) == len(allographs.add_allograph(crossed, 7, 1.0, generator)) == 2
    wide = [PLAIN[1][0] * [3.0, 1.0] + np.linspace(0, 1, 20)[:, None] * [1.0, 0.0]]
    (only,) = allographs.add_allograph(wide, 1, 1.0, generator)  # perhaps a hook, no flag
    assert np.array_equal(only[: len(wide[0])], wide[0])


@pytest.mark.parametrize("digit", PLAIN)
@pytest.mark.parametrize("stroke", [[[0.5, 0.5]], [[0.2, 0.2], [0.2, 0.9]], [[3.0, 3.0]] * 50])
def test_dots_and_lines_are_accepted(digit: int, stroke: list[list[float]]) -> None:
    adorned = allographs.add_allograph([np.array(stroke)], digit, 1.0, np.random.default_rng(0))
    assert np.isfinite(rasterise(adorned)).all()
