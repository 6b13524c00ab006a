"""Distortions change a drawing as they say, and leave the strokes they were given as they were."""

import numpy as np
import pytest

from digitlib.strokes import distortions, extra_ink
from digitlib.strokes.ink import Strokes, rasterise

TURN = np.linspace(0, 2 * np.pi, 60)
DRAWING: Strokes = [
    np.stack([0.5 + 0.2 * np.sin(TURN), 0.5 - 0.4 * np.cos(TURN)], axis=1),
    np.linspace([0.3, 0.5], [0.7, 0.5], 30),
]
POINTS = np.concatenate(DRAWING)


def test_an_unlifted_pen_joins_all_strokes():
    (stroke,) = distortions.joined(DRAWING)
    assert np.array_equal(stroke, POINTS)


def test_a_gap_parts_the_longest_stroke_and_takes_its_share():
    before, after, other = distortions.gapped(DRAWING, np.random.default_rng(0), 0.12)
    assert np.array_equal(other, DRAWING[1])
    lengths = [np.hypot(*np.diff(part, axis=0).T).sum() for part in (DRAWING[0], before, after)]
    assert (lengths[1] + lengths[2]) / lengths[0] == pytest.approx(0.88, abs=0.005)


def test_lost_points_leave_each_stroke_both_ends():
    for few in (distortions.every_nth(DRAWING, 5), distortions.resampled(DRAWING, 8)):
        for stroke, kept in zip(DRAWING, few, strict=True):
            assert 2 <= len(kept) < len(stroke)
            np.testing.assert_allclose(kept[[0, -1]], stroke[[0, -1]])
    assert 7 <= sum(map(len, distortions.resampled(DRAWING, 8))) <= 9


@pytest.mark.parametrize("deviation", [0.03, 0.05])
def test_wobble_and_jitter_move_points_as_far_as_asked(deviation):
    generator = np.random.default_rng(0)
    moved = [distortions.jittered(DRAWING, generator, deviation) for _ in range(50)]
    shifts = np.concatenate([np.concatenate(strokes) - POINTS for strokes in moved])
    assert shifts.std() == pytest.approx(deviation * 0.8, rel=0.1)
    line = [np.linspace([0.0, 0.0], [0.0, 1.0], 100)]
    sway = [distortions.wobbled(line, generator, deviation)[0][:, 0] for _ in range(200)]
    assert np.std(np.concatenate(sway)) == pytest.approx(deviation * 0.87, rel=0.15)
    assert np.abs(np.diff(sway)).max() < deviation  # slowly: neighbours move alike


def test_a_turn_is_clockwise_and_about_the_middle():
    up = [np.array([[0.5, 0.9], [0.5, 0.1]])]
    (turned,) = distortions.turned(up, 90)
    np.testing.assert_allclose(turned, [[0.1, 0.5], [0.9, 0.5]], atol=1e-12)


@pytest.mark.parametrize("side", range(4))
def test_past_the_edge_points_stick_to_it_or_are_lost(side):
    axis, below = side % 2, side < 2
    low, high = POINTS[:, axis].min(), POINTS[:, axis].max()
    edge = low + 0.1 * (high - low) if below else high - 0.1 * (high - low)
    held = np.concatenate(distortions.clamped(DRAWING, side, 0.1))
    assert len(held) == len(POINTS)
    kept = np.concatenate(distortions.clipped(DRAWING, side, 0.1))
    assert len(kept) < len(POINTS)
    for points in (held, kept):
        found = points[:, axis].min() if below else points[:, axis].max()
        assert found == pytest.approx(edge, abs=0.05)


@pytest.mark.parametrize(
    "strokes", [[[[0.5, 0.5]]], [[[0.2, 0.2], [0.2, 0.9]]], [[[3.0, 3.0]] * 50, [[1.0, 2.0]]]]
)
def test_dots_and_lines_are_accepted(strokes):
    drawing, generator = [np.array(stroke) for stroke in strokes], np.random.default_rng(0)
    kept = [stroke.copy() for stroke in drawing]
    for _ in range(100):
        assert np.isfinite(rasterise(distortions.distorted(drawing, generator, 0.9))).all()
    for change in (
        extra_ink.circled,
        extra_ink.framed,
        extra_ink.underlined,
        extra_ink.crossed_out,
        extra_ink.ticked,
    ):
        assert np.isfinite(rasterise(change(drawing, generator))).all()
    assert np.isfinite(rasterise(extra_ink.beside(drawing, drawing, generator))).all()
    assert all(map(np.array_equal, drawing, kept))


def test_the_share_that_is_distorted_is_the_one_asked_for():
    generator = np.random.default_rng(0)
    changed = [distortions.distorted(DRAWING, generator, 0.3) is not DRAWING for _ in range(2000)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("change", [extra_ink.circled, extra_ink.framed])
def test_a_ring_or_a_frame_is_all_round_the_digit(change):
    generator, middle = np.random.default_rng(0), POINTS.mean(axis=0)
    for _ in range(30):
        inked = change(DRAWING, generator)
        ring = np.concatenate([s for s in inked if not any(s is kept for kept in DRAWING)])
        low, high = ring.min(axis=0), ring.max(axis=0)
        assert (low < middle).all() and (high > middle).all()
        assert (high - low > np.ptp(POINTS, axis=0)).all()


def test_an_underline_does_not_touch_the_digit():
    generator = np.random.default_rng(0)
    for _ in range(30):
        *digit, line = extra_ink.underlined(DRAWING, generator)[:3]
        assert digit == DRAWING[:2] or all(map(np.array_equal, digit, DRAWING))
        assert line[:, 1].min() > POINTS[:, 1].max()


def test_two_drawings_stand_side_by_side():
    left, right = [np.array([[0.0, 0.0], [1.0, 2.0]])], [np.array([[5.0, 5.0], [5.0, 9.0]])]
    for seed in range(20):
        one, other = extra_ink.beside(left, right, np.random.default_rng(seed))
        assert one[:, 0].max() < other[:, 0].min()
        assert 0.6 < np.ptp(other[:, 1]) / np.ptp(one[:, 1]) < 1.6
