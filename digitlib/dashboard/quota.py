"""How much one visit may submit: sketches in a minute, and points in all."""

import time
from collections import deque
from collections.abc import Sequence

MOST_A_MINUTE = 30
MOST_POINTS = 100_000  # of all sketches of a visit, about 3 MB; a digit has about 50
_MINUTE = 60.0  # seconds


class Quota:
    """Counts the sketches that a visit submits."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._points = 0

    def refusal(self, strokes: Sequence[Sequence[object]]) -> str | None:
        """Why this sketch can't be submitted now, as a sentence; None where it can."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - _MINUTE:
            self._times.popleft()
        if len(self._times) >= MOST_A_MINUTE:
            wait = self._times[0] + _MINUTE - now
            return (
                f"That is {MOST_A_MINUTE} sketches in a minute, the most that are accepted."
                f" Submit again in {wait:.0f} seconds."
            )
        if self._points + sum(map(len, strokes)) > MOST_POINTS:
            return "This visit has reached its limit. Thank you! Reload the page to go on."
        return None

    def count(self, strokes: Sequence[Sequence[object]]) -> None:
        """Count a sketch that is being submitted."""
        self._times.append(time.monotonic())
        self._points += sum(map(len, strokes))
