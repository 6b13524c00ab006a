"""What the store returns and accepts as values: rows, counts, and values that JSON can hold."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from digitlib.store.engine import Connection
from digitlib.store.predictor import Prediction
from digitlib.strokes import Image, checked_text

REVIEWS = ("pending", "accepted", "rejected")


SKETCH_COLUMNS = ("id", "submitted_at", "session", "label", "strokes", "image", "review")
_ROWS_OF_PIXELS = """
    list_transform(regexp_extract_all(hex(image), '.{56}'), row ->
        list_transform(regexp_extract_all(row, '..'), pixel -> ('0x' || pixel)::UTINYINT))
"""


class Submission(NamedTuple):
    """A labelled sketch as the page shows it; `image` is (28, 28) uint8."""

    id: UUID
    label: int
    predicted: int
    image: Image


class StoredSubmission(NamedTuple):
    """A row of `submissions`: times in UTC, `image` 784 bytes, ten 32-bit `probabilities`.

    `strokes` is None where an image was submitted, from a photo say.
    """

    id: UUID
    submitted_at: datetime
    session: str
    label: int
    predicted: int
    probabilities: tuple[float, ...]
    image: bytes
    strokes: list[list[list[float]]] | None
    model: str
    review: str


class Tally(NamedTuple):
    """Counts of the submissions that no review rejected; `latest` is newest first."""

    total: int
    per_digit: tuple[int, ...]  # 10 counts
    right: int  # how many the model predicted as labelled
    latest: list[Submission]


def stored(row: tuple[Any, ...]) -> StoredSubmission:
    """A row of `submissions`, equal whichever engine read it."""
    found = StoredSubmission(*row)
    return found._replace(probabilities=tuple(np.array(found.probabilities, np.float32).tolist()))


def prediction_columns(prediction: Prediction) -> list[Any]:
    """The columns predicted, probabilities, image, strokes and model of a prediction.

    Raises ValueError without ink, and unless the probabilities are ten finite numbers.
    """
    image, probabilities, strokes = prediction.image, prediction.probabilities, prediction.strokes
    if image is None or probabilities is None:
        raise ValueError("There is no ink: draw a digit first.")
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        raise ValueError(f"The model {prediction.model} did not give ten finite probabilities.")
    return [
        int(probabilities.argmax()),
        str(probabilities.tolist()),  # lists as text: as parameters, they cost 1.5 ms more
        image.tobytes(),
        str([stroke.tolist() for stroke in strokes]) if strokes else None,
        checked_text(prediction.model, "model's name"),
    ]


def as_json(value: Any) -> Any:
    """A value as JSON can hold it: arrays as lists, NaN and infinity as null, the rest as text."""
    if isinstance(value, Mapping):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if isinstance(value, list | tuple | set):
        return [as_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def newest(
    connection: Connection,
    columns: str,
    limit: int,
    condition: str = "true",
    values: Sequence[Any] = (),
) -> list[tuple[Any, ...]]:
    """These columns of the newest submissions under a condition, whose parameters begin with `$1`.

    Their times are found first: DuckDB skips what a condition on the time excludes, but to find
    some rows by their number it reads the strokes of all.
    """
    found = connection.execute(
        f"SELECT min(submitted_at), max(submitted_at) FROM (SELECT submitted_at FROM submissions"
        f" WHERE {condition} ORDER BY submitted_at DESC LIMIT {limit:d}) AS latest",
        values,
    ).fetchone()
    if found is None or found[0] is None:
        return []
    last = len(values)
    between = f"submitted_at BETWEEN ${last + 1} AND ${last + 2}"
    return connection.execute(
        f"SELECT {columns} FROM submissions WHERE {between} AND {condition}"
        f" ORDER BY submitted_at DESC, id DESC LIMIT {limit:d}",
        [*values, *found],
    ).fetchall()


def time_of(connection: Connection, number: int) -> datetime | None:
    """When the newest but `number - 1` was submitted; None where there are fewer."""
    found = connection.execute(
        "SELECT submitted_at FROM submissions ORDER BY submitted_at DESC"
        f" LIMIT 1 OFFSET {max(number - 1, 0):d}"
    ).fetchone()
    return found[0] if found else None


def tally(connection: Connection, latest: int) -> Tally:
    """Count a database's submissions, and list so many of the latest."""
    counts = connection.execute(
        "SELECT label, count(*), count(*) FILTER (WHERE label = predicted) FROM submissions"
        " WHERE review <> 'rejected' GROUP BY label"
    ).fetchall()
    condition = "review <> 'rejected'"
    rows = newest(connection, "id, label, predicted, image", latest, condition)
    per_digit = {label: count for label, count, _ in counts}
    return Tally(
        total=sum(per_digit.values()),
        per_digit=tuple(per_digit.get(digit, 0) for digit in range(10)),
        right=sum(right for _, _, right in counts),
        latest=[
            Submission(id, label, predicted, np.frombuffer(image, np.uint8).reshape(28, 28))
            for id, label, predicted, image in rows
        ],
    )


def sketches_of(copy: DuckDBPyConnection, doubtful: Iterable[UUID | str]) -> DuckDBPyRelation:
    """The sketches in a copy that has `SKETCH_COLUMNS`, in the columns of a sketches file.

    An image that was submitted has no strokes (NULL), and is in a sixth column, `image`: 28 rows of
    28 pixels, which is NULL for all others.
    """
    ids = [str(id) for id in doubtful]  # in a table: a query with parameters copies its result
    copy.execute("CREATE TABLE doubtful AS SELECT unnest(?::UUID[]) AS id", [ids])
    return copy.sql(
        "SELECT id::VARCHAR AS id, label, strokes, 'submission' AS source, session AS writer,"
        f" CASE WHEN strokes IS NULL THEN {_ROWS_OF_PIXELS} END AS image"
        " FROM submissions WHERE review = 'accepted'"
        " OR (review = 'pending' AND id NOT IN (SELECT id FROM doubtful))"
        " ORDER BY submitted_at, submissions.id"
    )
