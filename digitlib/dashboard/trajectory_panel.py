"""How the stroke model made up its mind: its prediction on growing prefixes of the drawing."""

from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digitlib.dashboard.parts import Html
from digitlib.dashboard.prefixes import prefix
from digitlib.dashboard.wording import in_words
from digitlib.recogniser import Recogniser
from digitlib.strokes import Strokes, trajectory

STEPS = 24  # prefixes of a drawing
_WIDTH, _HEIGHT = 300, 120  # of the chart
_COLOURS = ("var(--accent)", "var(--orange)", "var(--quiet)")
_EMPTY = "<p>Nothing is drawn yet.</p>"


class Decision(NamedTuple):
    """The stroke model's probabilities along the pen's way."""

    shares: NDArray[np.float64]  # (STEPS,) of the pen's way, the last is 1
    probabilities: NDArray[np.float32]  # (STEPS, 10)

    @property
    def leaders(self) -> list[int]:
        """The likeliest digit at each share."""
        return [int(digit) for digit in self.probabilities.argmax(axis=1)]

    @property
    def decided(self) -> int | None:
        """The step from which on the final digit is likelier than not; None where it never is."""
        unsure = np.flatnonzero(self.probabilities[:, self.leaders[-1]] < 0.5)
        step = int(unsure[-1]) + 1 if len(unsure) else 0
        return step if step < STEPS else None


def decision(recogniser: Recogniser, strokes: Strokes) -> Decision:
    """The stroke model's predictions for growing prefixes of the strokes, in one batch."""
    shares = np.arange(1, STEPS + 1) / STEPS
    trajectories = np.stack([trajectory(prefix(strokes, share)) for share in shares])
    return Decision(shares, recogniser.predict_trajectories(trajectories))


class TrajectoryPanel(Html):
    """The drawing, its ink coloured from where the decision fell, and the probabilities' chart."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("digit-trajectory")
        self.clear()

    def clear(self) -> None:
        """Show that nothing is drawn."""
        self.value = _EMPTY

    def show(self, found: Decision, strokes: Strokes) -> None:
        """Show a decision about these strokes."""
        self.value = (
            f'<div class="digit-way">{_drawing(found, strokes)}{_chart(found)}</div>'
            f"<p>{escape(sentence(found))}</p>"
        )


def sentence(found: Decision) -> str:
    """When the stroke model made up its mind, and what it thought before, in plain words."""
    last, step = found.leaders[-1], found.decided
    final = 100 * float(found.probabilities[-1, last])
    sure = "over 99" if final >= 99.5 else f"{final:.0f}"
    if step is None:
        return f"By the strokes alone it could be a {last}, but only with {sure} %."
    share = round(100 * found.shares[step])
    highest = found.probabilities[:step].max(axis=0, initial=0)
    others = [digit for digit in np.argsort(-highest) if digit != last and highest[digit] > 0.4]
    before = f" Before, it thought of {in_words(sorted(others[:3]))}." if others else ""
    return f"From {share} % of the pen's way on, the strokes alone said {last}: {sure} %.{before}"


def _drawing(found: Decision, strokes: Strokes) -> str:
    """The drawing: quiet before the decision, in the accent after it, a ring where it fell."""
    step = STEPS - 1 if found.decided is None else found.decided
    early = prefix(strokes, found.shares[step])
    lines = _lines(strokes, "var(--accent)") + _lines(early, "var(--quiet)")
    ring = ""
    if early:
        x, y = early[-1][-1]
        ring = (
            f'<circle cx="{x:.3f}" cy="{y:.3f}" r="0.06" fill="none" stroke="var(--orange)"'
            ' stroke-width="0.025"/>'
        )
    low = np.concatenate(strokes).min(axis=0) - 0.1
    side = float(np.ptp(np.concatenate(strokes), axis=0).max()) + 0.2
    return (
        f'<svg viewBox="{low[0]:.3f} {low[1]:.3f} {side:.3f} {side:.3f}" role="img"'
        f' aria-label="The drawing, with a ring where the decision fell">{lines}{ring}</svg>'
    )


def _lines(strokes: Strokes, colour: str) -> str:
    return "".join(
        f'<polyline points="{" ".join(f"{x:.3f},{y:.3f}" for x, y in [*stroke, stroke[-1]])}"'
        f' fill="none" stroke="{colour}" stroke-width="0.05" stroke-linecap="round"'
        ' stroke-linejoin="round"/>'
        for stroke in strokes
    )


def _chart(found: Decision) -> str:
    """The probabilities of up to three digits that ever led, along the pen's way."""
    last = found.leaders[-1]
    counts = {digit: found.leaders.count(digit) for digit in found.leaders if digit != last}
    rivals = sorted(counts, key=lambda digit: -counts[digit])[: len(_COLOURS) - 1]
    lines = []
    for digit, colour in zip([last, *rivals], _COLOURS, strict=False):
        y = _HEIGHT * (1 - found.probabilities[:, digit].astype(float))
        points = " ".join(
            f"{_WIDTH * share:.0f},{at:.1f}" for share, at in zip(found.shares, y, strict=True)
        )
        highest = int(found.probabilities[:, digit].argmax()) if digit != last else STEPS - 1
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="3"/>'
            f'<text x="{_WIDTH * found.shares[highest] + 5:.0f}" y="{max(y[highest], 12) + 5:.0f}"'
            f' fill="{colour}">{digit}</text>'
        )
    return (
        f'<svg viewBox="-48 -10 {_WIDTH + 72} {_HEIGHT + 36}" role="img"'
        ' aria-label="Probabilities along the pen\'s way">'
        f'<path d="M0 0V{_HEIGHT}H{_WIDTH}" fill="none" stroke="var(--edge)"/>{"".join(lines)}'
        f"{_axis(-6, 5, '100 %', 'end')}{_axis(-6, _HEIGHT, '0', 'end')}"
        f"{_axis(0, _HEIGHT + 20, 'start of the drawing')}"
        f"{_axis(_WIDTH, _HEIGHT + 20, 'end', 'end')}</svg>"
    )


def _axis(x: int, y: int, text: str, anchor: str = "start") -> str:
    return f'<text class="digit-axis" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'
