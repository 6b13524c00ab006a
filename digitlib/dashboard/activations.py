"""Look inside: the network as a pipeline from the drawing to the ten outputs, and its evidence.

After Harley's node-link views (2015), where all layers are seen at once and a node tells more when
it is pointed at. The maps follow the pen; what takes longer follows after a pause, and nothing is
computed while `is_seen` is off.
"""

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import ipywidgets as ipw
import numpy as np
import traitlets

from digitlib.dashboard.colours import glowing
from digitlib.dashboard.configuration import has_page_script
from digitlib.dashboard.contributions import Contributions, contributions, picture, sentence
from digitlib.dashboard.detectors import Detectors, find_detectors
from digitlib.dashboard.layers import Layer, Maps, rules, show, strongest
from digitlib.dashboard.parts import Column, Html, Picture, box, set_shown
from digitlib.dashboard.tasks import run_in_background, running_loop
from digitlib.dashboard.trajectory_panel import Decision, TrajectoryPanel, decision
from digitlib.recogniser import Prediction, Recogniser

_WORKER = ThreadPoolExecutor(1, "evidence")  # each thread more keeps some 4 MB of its own
_PACE = 0.06  # seconds between two pictures, so that the guess need not wait for the browser
_PAUSE = 0.15  # seconds without a change before the evidence is computed
_BLANK = np.zeros((28, 28), np.uint8)
_INTRODUCTION = """<h2>Look inside</h2><p>Your drawing goes through the layers from left to right.
Each square is a feature map, bright where it found what it looks for.</p>"""
_HINT = """<div class="digit-hint"><p>Point at a map above, tap it or move to it with Tab to see
it large, with what it looks for.</p></div>"""
_NO_HINT = """<div class="digit-hint"><p>Draw a digit, or press Try one, and watch it
go through.</p></div>"""
_NO_INK = "Nothing is drawn yet: here the ink will be coloured."
_SEEN = "<p>Your drawing, as the network sees it: 28 × 28 pixels.</p>"


class Evidence(NamedTuple):
    """What is shown after a pause: of the image, and of the trajectory where it counts."""

    image: Contributions
    trajectory: Decision | None
    chosen: list[list[int]]  # of each layer, its strongest maps
    details: str  # of these maps, as HTML


class Activations(Column):
    """The pipeline, the details of its maps, and what spoke for the guess."""

    is_seen = traitlets.Bool(True)  # whether a browser has it on the screen

    def __init__(self) -> None:
        self._recogniser: Recogniser | None = None
        self._detectors: tuple[Recogniser, Detectors] | None = None
        self._prediction = Prediction()
        self._drawn = -math.inf  # when, by the monotonic clock
        self._pending: asyncio.TimerHandle | None = None
        self._layers: list[Layer] = []
        self._make_parts()
        seen = ipw.Checkbox(value=not has_page_script())  # hidden: view.js clicks it
        seen.add_class("digit-is-seen")
        traitlets.link((seen, "value"), (self, "is_seen"))
        parts = [self._pipeline, self._rules, self._details, self._evidence, seen]
        super().__init__([Html(_INTRODUCTION), *parts])
        self.add_class("digit-inside")

    def _make_parts(self) -> None:
        self._input, self._outputs = Picture(format="url"), Html()
        self._input.add_class("digit-map").add_class("digit-seen")
        self._outputs.add_class("digit-outputs")
        self._first = _stage(box("digit-picture", self._input), Html(_SEEN))
        self._last = _stage(self._outputs, Html("<p>The outputs, from image and strokes.</p>"))
        self._pipeline = box("digit-pipeline", self._first, self._last)
        self._rules, self._details = Html(), Html(_NO_HINT)
        self._rules.add_class("digit-rules")
        self._details.add_class("digit-details")
        self._ink, self._ink_text = Picture(format="url"), Html(f"<p>{_NO_INK}</p>")
        self._ink.add_class("digit-map")
        self._way = TrajectoryPanel()
        framed = box("digit-picture", self._ink)
        ink = box("digit-part", Html("<h3>The ink that decided</h3>"), framed, self._ink_text)
        self._way_part = box(
            "digit-part", Html("<h3>The strokes, as they were drawn</h3>"), self._way
        )
        self._evidence = box("digit-evidence", ink, self._way_part)

    @traitlets.observe("is_seen")
    def _on_seen(self, change: dict[str, bool]) -> None:
        if change["new"] and self._recogniser is not None:
            self.show(self._recogniser, self._prediction)

    def show(self, recogniser: Recogniser, prediction: Prediction) -> None:
        """Show the prediction's activations now or soon, and its evidence after a pause."""
        self._recogniser, self._prediction = recogniser, prediction
        if self._pending is not None:
            self._pending.cancel()
        if not self.is_seen and self._layers:
            return
        wait = self._drawn + _PACE - time.monotonic()
        if (loop := running_loop()) is not None and prediction.image is not None and wait > 0:
            self._pending = loop.call_later(wait, self._draw, recogniser, prediction)
        else:
            self._draw(recogniser, prediction)

    def _draw(self, recogniser: Recogniser, prediction: Prediction) -> None:
        self._drawn = time.monotonic()
        image = prediction.image
        activations = recogniser.activations(_BLANK if image is None else image)
        if list(activations) != [layer.name for layer in self._layers]:
            self._set_up(recogniser, activations)
        self._outputs.value = _outputs(prediction)
        if image is None:
            self._empty(activations)
            return
        self.remove_class("is-empty")
        show(self._input, glowing(image / 255))
        for layer in self._layers:
            layer.show(activations[layer.name])
        if (loop := running_loop()) is not None:
            self._pending = loop.call_later(
                _PAUSE, lambda: run_in_background(self._explain(recogniser, prediction))
            )

    def _empty(self, activations: dict[str, Maps]) -> None:
        """Show plain squares: the activations of an empty image would mean nothing."""
        self.add_class("is-empty")
        for image in (self._input, self._ink):
            show(image, glowing(_BLANK / 255))
        for layer in self._layers:
            layer.chosen = []
            layer.show(np.zeros_like(activations[layer.name]))
            layer.chosen = []
        self._details.value, self._ink_text.value = _NO_HINT, f"<p>{_NO_INK}</p>"
        self._way.clear()

    def _set_up(self, recogniser: Recogniser, activations: dict[str, Maps]) -> None:
        self._layers = [
            Layer(number, name, maps) for number, (name, maps) in enumerate(activations.items(), 1)
        ]
        self._pipeline.children = [self._first, *self._layers, self._last]
        self._rules.value = f"<style>{rules(self._layers)}</style>"
        set_shown(self._way_part, recogniser.has_stroke_model)

    async def _explain(self, recogniser: Recogniser, prediction: Prediction) -> None:
        loop, layers = asyncio.get_running_loop(), self._layers
        evidence = await loop.run_in_executor(_WORKER, self._find, recogniser, prediction, layers)
        if self._prediction is prediction:  # the pad has not changed meanwhile
            self._show_evidence(recogniser, prediction, evidence)

    def _find(
        self, recogniser: Recogniser, prediction: Prediction, layers: list[Layer]
    ) -> Evidence:
        """Compute what takes longer; runs beside the event loop."""
        assert prediction.image is not None
        if self._detectors is None or self._detectors[0] is not recogniser:
            self._detectors = recogniser, find_detectors(recogniser)
        first, second = prediction.ranking[:2]
        found = contributions(recogniser, prediction.image, first, second)
        way = decision(recogniser, prediction.strokes) if recogniser.has_stroke_model else None
        activations = recogniser.activations(prediction.image)
        chosen = [strongest(activations[layer.name]) for layer in layers]
        details = [
            layer.details(channels, activations[layer.name], self._detectors[1])
            for layer, channels in zip(layers, chosen, strict=True)
        ]
        return Evidence(found, way, chosen, "".join(details))

    def _show_evidence(
        self, recogniser: Recogniser, prediction: Prediction, evidence: Evidence
    ) -> None:
        assert prediction.image is not None
        show(self._ink, picture(prediction.image, evidence.image))
        self._ink_text.value = f"<p>{sentence(evidence.image)}</p>"
        if evidence.trajectory is not None:
            self._way.show(evidence.trajectory, prediction.strokes)
        activations = recogniser.activations(prediction.image)
        for layer, chosen in zip(self._layers, evidence.chosen, strict=True):
            layer.chosen = chosen
            layer.show(activations[layer.name])
        self._details.value = _HINT + evidence.details


def _outputs(prediction: Prediction) -> str:
    """The ten outputs as a list, as bright as they are likely."""
    shares = np.zeros(10) if prediction.probabilities is None else prediction.probabilities
    best = prediction.leader
    rows = "".join(
        f'<li{" class=is-best" * (digit == best)} style="--share:{float(share):.3f}">{digit}</li>'
        for digit, share in enumerate(shares)
    )
    return f'<ol aria-hidden="true">{rows}</ol>'  # the bars above say it


def _stage(*children: ipw.Widget) -> ipw.VBox:
    return box("digit-stage", *children)
