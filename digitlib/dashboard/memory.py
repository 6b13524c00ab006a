"""What a browser's tab keeps of a visit, and gives back after a reload or with a new kernel.

`memory.js` keeps the record in the tab's session storage. In JupyterLab nothing reads it.
"""

import binascii
import json
from base64 import b64decode
from html import escape
from typing import Any, NamedTuple

import ipywidgets as ipw
import numpy as np
import traitlets

from digitlib.dashboard.parts import Column, Html, box, set_shown
from digitlib.strokes import Strokes, checked_strokes

_STEPS = 65_535  # into which the pad's side is divided
_DIGITS = 5  # decimals of a coordinate of a stored sketch


class Returned(NamedTuple):
    """What a tab has kept: the drawing, and how many sketches were given and read."""

    strokes: Strokes
    given: int
    read: int


class Memory(Column):
    """Tells the tab what to keep, and puts what it kept before into `returned`."""

    returned = traitlets.Any(None)

    def __init__(self, visit: str) -> None:
        self._facts: dict[str, Any] = {"visit": visit, "returned": "", "drawing": []}
        self._facts |= {"given": 0, "read": 0, "sketch": None, "withdrawn": []}
        self._record, self._kept = Html(), ipw.Text(continuous_update=False)
        self._kept.observe(self._on_kept, "value")
        super().__init__([box("digit-record", self._record), box("digit-kept", self._kept)])
        set_shown(self, False)
        self.keep()

    def keep(self, **facts: Any) -> None:
        """Let the tab keep these facts, and those from before."""
        self._facts |= facts
        self._record.value = f"<p>{escape(json.dumps(self._facts, separators=(',', ':')))}</p>"

    def keep_drawing(self, strokes: Any) -> None:
        """Let the tab keep the drawing on the pad."""
        points = [np.rint(np.asarray(stroke) * _STEPS).astype(int).tolist() for stroke in strokes]
        self.keep(drawing=points)

    def keep_sketch(self, id: str, label: int, strokes: Any) -> None:
        """Let the tab keep a sketch that was stored, in the format of sketches."""
        points = [np.asarray(stroke).round(_DIGITS).tolist() for stroke in strokes]
        sketch = {"id": id, "label": label, "strokes": points}
        self.keep(sketch=sketch | {"source": "submission", "writer": self._facts["visit"]})

    def withdraw_sketch(self, id: str) -> None:
        """Let the tab forget a sketch that was taken back."""
        self.keep(sketch=None, withdrawn=[*self._facts["withdrawn"], id])

    def _on_kept(self, change: Any) -> None:
        try:
            kept = json.loads(change.new)
            self.returned = Returned(
                _unpacked(kept["drawing"]), _count(kept["given"]), _count(kept["read"])
            )
            self.keep(returned=str(kept["visit"])[:40])
        except (ValueError, TypeError, KeyError, binascii.Error):
            self.keep(returned="nothing")  # somebody else wrote it


def _unpacked(packed: str) -> Strokes:
    """Strokes from the coordinates as unsigned 16-bit numbers, base64, a stroke a word."""
    strokes = [
        np.frombuffer(b64decode(word, validate=True), "<u2").reshape(-1, 2) / np.float32(_STEPS)
        for word in str(packed).split()
    ]
    return checked_strokes(strokes) if strokes else []


def _count(value: Any) -> int:
    return min(max(int(value), 0), 1_000_000)
