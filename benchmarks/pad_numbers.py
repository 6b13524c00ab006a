"""How often does the pad take a lone digit for a number, and how are numbers read there?

Drawings are those of writers that the model never saw, single ones as they are and others composed
to numbers. A number is shown where each of its digits is read without a doubt: see
`LoadedModel.read_number`. Letters come from Hershey's stroke fonts.

Usage: python benchmarks/pad_numbers.py
"""

import time
from collections.abc import Sequence

import numpy as np
from rejection import letters

from digitlib.evaluation import EvaluationSet, pen_test_set
from digitlib.recogniser import LoadedModel
from digitlib.strokes import LETTERS, Sketch, Strokes

COUNT = 200  # numbers of each kind
KINDS = ((2, 0.3), (2, 0.1), (3, 0.3), (4, 0.3))  # digits, and gap between them by their height


def side_by_side(sketches: Sequence[Sketch], gap: float) -> Strokes:
    """Digits of one height in a row."""
    strokes: Strokes = []
    right = 0.0
    for sketch in sketches:
        points = np.concatenate(sketch.strokes)
        low, (width, height) = points.min(axis=0), np.ptp(points, axis=0)
        scale = 1 / max(height, 0.4 * width, 1e-6)
        strokes += [(stroke - low) * scale + (right, 0.0) for stroke in sketch.strokes]
        right += width * scale + gap
    return strokes


def read(model: LoadedModel, drawing: Strokes) -> tuple[list[int], float]:
    """The digits of the number that is shown, none where there is none, and the ms of the guess."""
    begun = time.perf_counter()
    number = model.read_number(model.read(drawing))
    return [digit.ranking[0] for digit in number], 1000 * (time.perf_counter() - begun)


def main() -> None:
    """Print a table with a row for each kind of drawing."""
    model, generator = LoadedModel.latest(), np.random.default_rng(5)
    pens = pen_test_set(model.recogniser.card)
    assert isinstance(pens, EvaluationSet), pens
    kinds: dict[str, tuple[list[Strokes], list[list[int]]]] = {
        "lone digits of unseen writers": ([s.strokes for s in pens.sketches], []),
        "letters": (list(letters(LETTERS)), []),
    }
    for digits, gap in KINDS:
        chosen = generator.integers(0, len(pens.sketches), (COUNT, digits))
        rows = [[pens.sketches[place] for place in row] for row in chosen]
        drawings = [side_by_side(row, gap) for row in rows]
        name = f"{digits} digits, {gap:g} of their height apart"
        kinds[name] = drawings, [[sketch.label for sketch in row] for row in rows]
    print("| drawings | n | a number | read right | a guess, ms: median | 99 % | longest |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    read(model, kinds["letters"][0][0])
    for name, (drawings, labels) in kinds.items():
        found = [read(model, drawing) for drawing in drawings]
        shown = np.mean([bool(number) for number, _ in found])
        pairs = zip(found, labels, strict=True) if labels else []
        right = [number == label for (number, _), label in pairs]
        share = f"{np.mean(right):.1%}" if right else "–"
        middle, high, longest = np.percentile([ms for _, ms in found], (50, 99, 100))
        print(
            f"| {name} | {len(drawings)} | {shown:.1%} | {share} | {middle:.1f} | {high:.1f} |"
            f" {longest:.1f} |"
        )


if __name__ == "__main__":
    main()
