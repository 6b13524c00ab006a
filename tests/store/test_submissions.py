"""A submission is kept once and whole, or refused with a reason; runs, reviews and exports."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.support import (
    FixedPredictor,
    drawn,
    log_of,
    photographed,
    submit,
    submit_image,
)
from uuid_utils.compat import uuid7

from digitlib.store import schema
from digitlib.store.errors import StoreError, StoreFullError
from digitlib.store.postgres import schema as postgres_schema
from digitlib.store.store import Store
from digitlib.strokes.ink import Strokes, rasterise
from digitlib.strokes.sketches import read_sketches
from digitlib.strokes.validation import checked_label, checked_strokes


def test_a_submission_comes_back_whole(store: Store) -> None:
    strokes = drawn(3)
    id = store.submit(strokes=strokes, label=3, recogniser=FixedPredictor(7), session="a visit")
    row = dict(zip(store.submissions().columns, store.submissions().fetchone(), strict=True))
    assert row["id"] == id
    assert (row["label"], row["predicted"], row["review"], row["model"]) == (
        3,
        7,
        "pending",
        "always",
    )
    for stored, stroke in zip(row["strokes"], strokes, strict=True):
        np.testing.assert_array_equal(stored, stroke.astype(np.float32))
    image = np.frombuffer(row["image"], np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(image, rasterise(row["strokes"]))
    assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_submissions_are_listed_newest_first_and_make_a_frame(store: Store) -> None:
    ids = [submit(store, label) for label in (1, 2, 3)]
    frame = store.submissions().df()
    assert [UUID(str(id)) for id in frame.id] == ids[::-1]
    assert list(frame.label) == [3, 2, 1]


def test_some_columns_of_the_newest_submissions_can_be_asked_for(store: Store) -> None:
    ids = [submit(store, label) for label in (1, 2, 3)]
    assert store.submissions(("label", "id"), limit=2).fetchall() == [(3, ids[2]), (2, ids[1])]
    assert store.submissions(("label",)).fetchall() == [(3,), (2,), (1,)]
    assert len(store.submissions(limit=9)) == 3


def test_the_settings_name_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_DATABASE", str(tmp_path / "from-the-settings.duckdb"))
    with Store() as store:
        submit(store)
    assert (tmp_path / "from-the-settings.duckdb").exists()


def test_trying_again_under_the_same_id_keeps_one_sketch_as_it_was_submitted_last(
    store: Store,
) -> None:
    id = uuid7()
    for label, digit in ((4, 4), (9, 4), (9, 8)):  # the label changes, then the sketch
        store.submit(
            strokes=drawn(digit),
            label=label,
            recogniser=FixedPredictor(digit),
            session="a visit",
            id=id,
        )
        (row,) = store.page(2)
        assert (row.id, row.label, row.predicted) == (id, label, digit)
        assert row.image == rasterise(checked_strokes(drawn(digit))).tobytes()
        assert [len(stroke) for stroke in row.strokes] == [len(stroke) for stroke in drawn(digit)]


def test_a_retry_changes_neither_the_time_nor_the_review(store: Store) -> None:
    id = submit(store)
    before = store.submission(id)
    store.review(id, "accepted")
    submit(store, id=id)
    assert store.submission(id) == before._replace(review="accepted")
    submit(store, 3, id=id)
    after = store.submission(id)
    assert (after.submitted_at, after.review) == (before.submitted_at, "pending")


def test_an_image_without_strokes_is_a_submission_too(store: Store, tmp_path: Path) -> None:
    drawing, id = submit(store, 5), uuid7()
    for image in (photographed(3), photographed(3), photographed(3, seed=1)):
        submit_image(store, 3, id, image)  # tried again, and then another one
        found = store.submission(id)
        assert (found.label, found.predicted, found.strokes) == (3, 7, None)
        assert found.image == image.tobytes()
        assert store.page(1) == [found] and len(store.submissions()) == 2
    store.review(id, "accepted")
    submit_image(store, 3, id, photographed(3, seed=1))
    assert store.submission(id).review == "accepted"
    np.testing.assert_array_equal(store.tally().latest[0].image, photographed(3, seed=1))
    exported = {row[0]: (row[2], row[5]) for row in store.sketches().fetchall()}
    assert exported[str(drawing)][1] is None
    assert exported[str(id)] == (None, photographed(3, seed=1).tolist())
    assert store.export(tmp_path / "sketches.parquet") == 2
    assert [sketch.id for sketch in read_sketches(tmp_path / "sketches.parquet")] == [str(drawing)]
    store.submit(strokes=drawn(3), label=3, recogniser=FixedPredictor(), session="s", id=id)
    assert len(store.submission(id).strokes) == len(drawn(3))
    submit_image(store, 3, id)
    assert store.submission(id).strokes is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"image": np.zeros((28, 28), np.uint8)}, "no ink"),
        ({"image": np.ones((28, 27), np.uint8)}, "28×28 uint8"),
        ({"image": np.ones((1, 28, 28), np.uint8)}, "28×28 uint8"),
        ({"image": np.ones((28, 28))}, "28×28 uint8"),
        ({"image": "a picture"}, "28×28 uint8"),
        ({"image": photographed(1), "strokes": drawn(1)}, "either strokes or an image"),
        ({}, "either strokes or an image"),
    ],
    ids=["black", "narrow", "several", "float", "text", "both", "neither"],
)
def test_what_is_no_image_of_a_digit_is_refused(
    file_store: Store, given: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        file_store.submit(**given, label=1, recogniser=FixedPredictor(), session="s")
    assert file_store.absence


def test_an_images_prediction_is_stored_unless_it_is_of_another(file_store: Store) -> None:
    image, row = photographed(5), np.linspace(0, 0.2, 10, dtype=np.float32)
    made = Given([], image, row)
    for other in (made._replace(image=photographed(6)), made._replace(strokes=drawn(5))):
        with pytest.raises(ValueError, match="another image"):
            file_store.submit(
                image=image, label=5, recogniser=FixedPredictor(), session="s", prediction=other
            )
    id = file_store.submit(
        image=image, label=5, recogniser=FixedPredictor(), session="s", prediction=made
    )
    assert (file_store.submission(id).model, file_store.submission(id).predicted) == (
        "elsewhere",
        9,
    )


class Given(NamedTuple):
    """A prediction that was made elsewhere."""

    strokes: Strokes
    image: np.ndarray | None
    probabilities: np.ndarray | None
    model: str = "elsewhere"


def given_for(strokes: Strokes) -> Given:
    checked = checked_strokes(strokes)
    return Given(checked, rasterise(checked), np.linspace(0, 0.2, 10, dtype=np.float32))


def test_a_prediction_that_was_made_is_stored_and_not_made_again(store: Store) -> None:
    class NeverCalled(FixedPredictor):
        def predict(self, images: np.ndarray) -> np.ndarray:
            raise AssertionError("predicted twice")

    made = given_for(drawn(5))
    id = store.submit(
        strokes=drawn(5), label=5, recogniser=NeverCalled(), session="s", prediction=made
    )
    row = store.submission(id)
    assert (row.model, row.predicted, row.image) == ("elsewhere", 9, made.image.tobytes())
    assert np.array(row.probabilities, np.float32).tobytes() == made.probabilities.tobytes()


@pytest.mark.parametrize(
    ("prediction", "says"),
    [
        (given_for(drawn(6)), "other strokes"),
        (given_for(drawn(5)[:-1] + drawn(5)), "other strokes"),
        (given_for(drawn(5))._replace(image=None), "no ink"),
        (given_for(drawn(5))._replace(probabilities=np.full(10, np.nan)), "ten finite"),
        (given_for(drawn(5))._replace(probabilities=np.full(12, 1 / 12)), "ten finite"),
        (given_for(drawn(5))._replace(model="m" * 201), "200 characters"),
    ],
    ids=["another sketch", "another stroke", "no image", "nan", "twelve", "long name"],
)
def test_a_prediction_that_does_not_fit_is_refused(
    file_store: Store, prediction: Given, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        file_store.submit(
            strokes=drawn(5),
            label=5,
            recogniser=FixedPredictor(),
            session="s",
            prediction=prediction,
        )
    assert file_store.absence


def test_pages_hold_all_submissions_once_newest_first(store: Store) -> None:
    ids = [submit(store, n % 10) for n in range(7)][::-1]
    pages, before = [], None
    while found := store.page(3, before):
        pages.append([row.id for row in found])
        before = (found[-1].submitted_at, found[-1].id)
    assert pages == [ids[:3], ids[3:6], ids[6:]]


@pytest.mark.parametrize("label", [-1, 10, 7.0, float("nan"), "7", True, None, 10**30])
def test_a_label_that_is_no_digit_is_refused(file_store: Store, label: object) -> None:
    with pytest.raises(ValueError, match="from 0 to 9"):
        file_store.submit(strokes=drawn(1), label=label, recogniser=FixedPredictor(), session="s")
    assert file_store.absence


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [[]],
        [[(0.1, float("nan"))]],
        [[(0.1, float("inf"))]],
        [[(0.1, 1e300)]],
        [[(0.1, 0.2, 0.3)]],
        [[("0.1", "<b>")]],
        np.zeros((1, 1_000_000, 2)),
        [[(0.5, 0.5)]] * 5_000,
    ],
    ids=[
        "nothing",
        "no point",
        "nan",
        "inf",
        "huge",
        "3-d",
        "text",
        "a million points",
        "5000 strokes",
    ],
)
def test_strokes_that_are_no_sketch_are_refused(file_store: Store, strokes: list) -> None:
    with pytest.raises(ValueError):
        file_store.submit(strokes=strokes, label=1, recogniser=FixedPredictor(), session="s")
    assert file_store.absence


@given(st.lists(st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 2), min_size=1), min_size=1))
def test_kept_strokes_make_the_same_image_as_the_ones_read_back(raw: list) -> None:
    checked = checked_strokes(raw)
    stored = str([stroke.tolist() for stroke in checked])
    ((read,),) = duckdb.sql("SELECT ?::FLOAT[][][]", params=[stored]).fetchall()
    for stroke, again in zip(checked, read, strict=True):
        np.testing.assert_array_equal(stroke, np.array(again))
    np.testing.assert_array_equal(rasterise(checked), rasterise(checked_strokes(read)))


def test_no_more_is_taken_than_the_limit_of_the_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_DATABASE_MB", "0.001")
    first = submit(store)  # there was nothing before it
    with pytest.raises(StoreFullError, match=r"limit of \d+ MB.*raise DIGITS_DATABASE_MB"):
        submit(store)
    assert store.undo("a visit") == first  # what is there can still be read, taken back, reviewed
    monkeypatch.setenv("DIGITS_DATABASE_MB", "10")
    submit(store)
    assert store.tally().total == 1
    monkeypatch.setenv("DIGITS_DATABASE_MB", "plenty")
    with pytest.raises(StoreError, match="DIGITS_DATABASE_MB=plenty: give a number"):
        submit(store)


def test_numpy_labels_are_labels() -> None:
    assert checked_label(np.int64(3)) == 3


def test_text_is_kept_as_text(store: Store) -> None:
    session = "'; DROP TABLE submissions; --<script>alert(1)</script>"
    submit(store, session=session)
    assert store.submissions().fetchone()[2] == session
    with pytest.raises(ValueError, match="200 characters"):
        submit(store, session="x" * 201)


def test_undo_takes_back_only_the_visits_latest(store: Store) -> None:
    mine, _theirs, latest = submit(store, 1, "me"), submit(store, 2, "you"), submit(store, 3, "me")
    assert store.undo("me") == latest
    assert [row[3] for row in store.submissions().fetchall()] == [2, 1]
    assert store.undo("me") == mine
    assert store.undo("me") is None


def test_undo_takes_back_the_one_that_is_meant_though_the_clock_says_otherwise(
    store: Store,
) -> None:
    mine, _latest = submit(store, 1, "me"), submit(store, 2, "me")
    assert store.undo("you", mine) is None
    assert store.undo("me", mine) == mine
    assert [row[3] for row in store.submissions().fetchall()] == [2]


def test_review_and_tally_and_sketches_leave_the_rejected_out(store: Store, tmp_path: Path) -> None:
    right, wrong, bad = submit(store, 7), submit(store, 1), submit(store, 2)
    store.review(bad, "rejected")
    store.review(right, "accepted")
    exported = store.sketches(doubtful=[right, wrong]).fetchall()
    assert [row[0] for row in exported] == [str(right)]  # a person has the last word
    tally = store.tally()
    assert (tally.total, tally.right) == (2, 1)
    assert tally.per_digit == (0, 1, 0, 0, 0, 0, 0, 1, 0, 0)
    assert [(s.id, s.label, s.predicted) for s in tally.latest] == [(wrong, 1, 7), (right, 7, 7)]
    np.testing.assert_array_equal(tally.latest[0].image, rasterise(drawn(1)))
    assert store.export(tmp_path / "new folder" / "sketches.parquet") == 2
    sketches = read_sketches(tmp_path / "new folder" / "sketches.parquet")
    assert [(s.id, s.label, s.source, s.writer) for s in sketches] == [
        (str(right), 7, "submission", "a visit"),
        (str(wrong), 1, "submission", "a visit"),
    ]


def test_a_review_says_what_it_may_be(store: Store) -> None:
    id = submit(store)
    with pytest.raises(ValueError, match="pending, accepted, rejected"):
        store.review(id, "great")
    with pytest.raises(LookupError):
        store.review(uuid7(), "accepted")


def test_a_run_is_kept_with_what_json_can_say(store: Store) -> None:
    id = store.record_run(
        run_name="first",
        notebook="train",
        parameters={
            "epochs": 3,
            "learning_rate": np.float32(0.5),
            "rates": (1, 2),
            "folder": Path("x"),
        },
        metrics={"accuracy": np.float64(0.99), "loss": float("nan")},
        model="first-model",
    )
    row = dict(zip(store.runs().columns, store.runs().fetchone(), strict=True))
    assert (row["id"], row["run_name"], row["notebook"], row["model"]) == (
        id,
        "first",
        "train",
        "first-model",
    )
    assert json.loads(row["parameters"]) == {
        "run_name": "first",
        "epochs": 3,
        "learning_rate": 0.5,
        "rates": [1, 2],
        "folder": "x",
    }
    assert json.loads(row["metrics"]) == {"accuracy": 0.99, "loss": None}


def test_without_a_file_there_is_nothing_and_nothing_is_made(file_store: Store, path: Path) -> None:
    assert file_store.tally().total == 0
    assert len(file_store.submissions()) == len(file_store.runs()) == 0
    assert str(path) in file_store.absence
    assert file_store.absence
    submit(file_store)
    assert file_store.absence == ""


def test_an_older_database_is_migrated_and_readable_before_that(
    file_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = submit(file_store, 5)
    next_one = schema.current_version() + 1
    newer = (
        "ALTER TABLE submissions ADD COLUMN pen VARCHAR;"
        f"UPDATE schema_version SET version = {next_one}"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
    assert file_store.submissions().project("id, pen").fetchall() == [(old, None)]
    assert file_store.tally().total == 1
    file_store.review(old, "accepted")
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer version"):
        file_store.tally()
    with pytest.raises(StoreError, match="newer version"):
        submit(file_store)


@pytest.mark.parametrize("version", [1, 2])
def test_a_database_of_an_earlier_version_keeps_its_submissions(
    store: Store, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        for module in (schema, postgres_schema):
            then.setattr(module, "MIGRATIONS", module.MIGRATIONS[:version])
        old = [submit(store, label) for label in (4, 5)]
        rows = store.submissions().fetchall()
    assert store.submissions().fetchall() == rows
    assert store.page(2) and store.tally().total == 2
    new = submit_image(store, 6)
    assert store.submissions().project("id").fetchall() == [(id,) for id in (new, *old[::-1])]
    assert store.submission(new).strokes is None
    assert store.submissions().fetchall()[1:] == rows


def test_a_submission_costs_no_more_for_those_before_it(file_store: Store, path: Path) -> None:
    """What is logged, synced and read again by the next to open doesn't grow with the table."""
    submit(file_store)
    with duckdb.connect(path) as connection:
        connection.execute(
            "INSERT INTO submissions SELECT uuid(), submissions.* EXCLUDE (id)"
            " FROM submissions, range(500)"
        )
    before = log_of(path).stat().st_size if log_of(path).exists() else 0
    submit(file_store)
    assert log_of(path).stat().st_size - before < 20_000  # bytes


@pytest.mark.parametrize(
    "written", ['"postgresql://me:s3cret@host/d', "(postgres://me:s3cret@h/d)"]
)
def test_a_malformed_setting_is_refused_without_its_password(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITS_DATABASE", written)
    with pytest.raises(StoreError, match="DIGITS_DATABASE: write postgresql://user") as raised:
        Store()
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("quack:localhost:9494", "Quack.*read the server's files.*postgresql://"),
        ("mysql://digits@localhost/digits", "isn't supported.*postgresql://"),
        ("postgres:dbname=digits", "isn't valid. Write postgresql://user:password@host"),
    ],
)
def test_a_server_that_is_not_supported_is_refused_with_the_reason(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        Store(url)


def test_the_store_imports_neither_pandas_nor_what_only_postgresql_needs(path: Path) -> None:
    code = (
        "import sys; from digitlib.store import Store; store = Store(sys.argv[1]);"
        "store.tally();"  # of a database that isn't there yet
        "store.record_run(run_name='r', notebook='n', parameters={}, metrics={}, model='m');"
        "store.tally(); store.undo('s'); store.runs().fetchall();"
        "print({'pandas', 'psycopg'} & set(sys.modules), len(store.runs().df()))"
    )
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, check=False, capture_output=True).stdout == b"set() 1\n"
