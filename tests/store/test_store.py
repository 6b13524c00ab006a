"""What the store promises: kept once, kept for good, refused kindly, never overwritten."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from digitlib.store import schema
from digitlib.store.schema import StoreError
from digitlib.store.store import Store
from digitlib.strokes.ink import Strokes, rasterise
from digitlib.strokes.sketches import read_sketches
from digitlib.strokes.synthesis import draw
from digitlib.strokes.validation import checked_label, checked_strokes

SUBMITTER = Path(__file__).with_name("submitter.py")


class Reads:
    """Stands at the recogniser's place and reads the same digit always; no model file is needed."""

    name = "always"

    def __init__(self, digit: int = 7) -> None:
        self.probabilities = np.full((1, 10), 0.01, np.float32)
        self.probabilities[0, digit] = 0.91

    def predict(self, images: np.ndarray) -> np.ndarray:
        assert images.shape == (1, 28, 28) and images.dtype == np.uint8
        return self.probabilities


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "it's digits.duckdb"  # a quote, and a folder to be made


@pytest.fixture
def store(path: Path) -> Store:
    return Store(path)


def drawn(digit: int, seed: int = 0) -> Strokes:
    return draw(digit, np.random.default_rng(seed))


def submit(store: Store, label: int = 7, session: str = "a visit", id: UUID | None = None) -> UUID:
    return store.submit(
        strokes=drawn(label), label=label, recogniser=Reads(), session=session, id=id
    )


def test_a_submission_comes_back_whole(store: Store) -> None:
    strokes = drawn(3)
    id = store.submit(strokes=strokes, label=3, recogniser=Reads(7), session="a visit")
    row = dict(zip(store.submissions().columns, store.submissions().fetchone(), strict=True))
    assert row["id"] == id
    assert (row["label"], row["predicted"], row["review"], row["model"]) == (
        3,
        7,
        "pending",
        "always",
    )
    for kept, given_ in zip(row["strokes"], strokes, strict=True):
        np.testing.assert_array_equal(kept, given_.astype(np.float32))
    image = np.frombuffer(row["image"], np.uint8).reshape(28, 28)
    np.testing.assert_array_equal(image, rasterise(row["strokes"]))
    assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_submissions_are_listed_newest_first_and_make_a_frame(store: Store) -> None:
    ids = [submit(store, label) for label in (1, 2, 3)]
    frame = store.submissions().df()
    assert [UUID(str(id)) for id in frame.id] == ids[::-1]
    assert list(frame.label) == [3, 2, 1]


def test_the_settings_name_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_DATABASE", str(tmp_path / "from-the-settings.duckdb"))
    with Store() as store:
        submit(store)
    assert (tmp_path / "from-the-settings.duckdb").exists()


def test_trying_again_under_the_same_id_keeps_one_sketch(store: Store) -> None:
    id = uuid7()
    submit(store, 4, id=id)
    submit(store, 9, id=id)
    assert [(row[0], row[3]) for row in store.submissions().fetchall()] == [(id, 9)]


@pytest.mark.parametrize("label", [-1, 10, 7.0, float("nan"), "7", True, None, 10**30])
def test_a_label_that_is_no_digit_is_refused(store: Store, path: Path, label: object) -> None:
    with pytest.raises(ValueError, match="from 0 to 9"):
        store.submit(strokes=drawn(1), label=label, recogniser=Reads(), session="s")
    assert not path.exists()


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
def test_strokes_that_are_no_sketch_are_refused(store: Store, path: Path, strokes: list) -> None:
    with pytest.raises(ValueError):
        store.submit(strokes=strokes, label=1, recogniser=Reads(), session="s")
    assert not path.exists()


@given(st.lists(st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 2), min_size=1), min_size=1))
def test_kept_strokes_make_the_same_image_as_the_ones_read_back(raw: list) -> None:
    kept = checked_strokes(raw)
    again = checked_strokes([stroke.tolist() for stroke in kept])
    np.testing.assert_array_equal(rasterise(kept), rasterise(again))


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


def test_without_a_file_there_is_nothing_and_nothing_is_made(store: Store, path: Path) -> None:
    assert store.tally().total == 0
    assert len(store.submissions()) == len(store.runs()) == 0
    assert str(path) in store.absence
    assert not path.exists()
    submit(store)
    assert store.absence == ""


def test_an_older_database_is_migrated_and_readable_before_that(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = submit(store, 5)
    next_one = schema.current_version() + 1
    newer = (
        "ALTER TABLE submissions ADD COLUMN pen VARCHAR;"
        f"UPDATE schema_version SET version = {next_one}"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
    assert store.submissions().project("id, pen").fetchall() == [(old, None)]
    assert store.tally().total == 1
    store.review(old, "accepted")
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer version"):
        store.tally()
    with pytest.raises(StoreError, match="newer version"):
        submit(store)


def test_a_database_of_the_first_version_keeps_its_submissions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        old = [submit(store, label) for label in (4, 5)]
        rows = store.submissions().fetchall()
    assert store.submissions().fetchall() == rows
    new = submit(store, 6)
    assert store.submissions().project("id").fetchall() == [(id,) for id in (new, *old[::-1])]


def test_a_submission_costs_no_more_for_those_before_it(store: Store, path: Path) -> None:
    """What is logged, synced and read again by the next to open doesn't grow with the table."""
    submit(store)
    with duckdb.connect(path) as connection:
        connection.execute(
            "INSERT INTO submissions SELECT uuid(), submissions.* EXCLUDE (id)"
            " FROM submissions, range(500)"
        )
    log = path.with_name(f"{path.name}.wal")
    before = log.stat().st_size if log.exists() else 0
    submit(store)
    assert log.stat().st_size - before < 20_000  # bytes


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".lock"}


def damaged(path: Path) -> None:
    submit(Store(path))
    raw = bytearray(path.read_bytes())
    raw[8192:8392] = os.urandom(200)
    path.write_bytes(raw)


def other_tables(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE submissions (mine INTEGER)")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("my novel"), "not a DuckDB database"),
        (lambda path: path.write_bytes(b""), "not a DuckDB database"),
        (lambda path: path.mkdir(), "can't be used|not a DuckDB database"),
        (damaged, "damaged"),
        (other_tables, "something else"),
    ],
    ids=["text", "empty", "folder", "damaged", "other tables"],
)
def test_a_file_that_is_not_ours_is_named_and_left_alone(tmp_path: Path, make, says: str) -> None:
    path = tmp_path / "d" / "digits.duckdb"
    path.parent.mkdir()
    make(path)
    before = contents(path.parent) if path.is_file() else None
    for call in (
        lambda: submit(Store(path)),
        lambda: Store(path).tally(),
        lambda: Store(path).submissions(),
    ):
        with pytest.raises(StoreError, match=says):
            call()
    if before is not None:
        assert contents(path.parent) == before


def test_a_log_without_its_database_is_not_taken_for_another_ones(path: Path) -> None:
    store, away = Store(path), path.with_name("moved away")
    log, log_away = (Path(f"{name}.wal") for name in (path, away))
    ids = {submit(store) for _ in range(3)}
    path.rename(away)
    with pytest.raises(
        StoreError, match=r"\.wal holds submissions of a database that is no longer"
    ):
        submit(store)
    log.rename(log_away)
    new = submit(store)
    for which, expected in ((path, {new}), (away, ids)):
        kept = Store(which).submissions().project("id").fetchall()
        assert {id for (id,) in kept} == expected


def test_an_older_copy_is_not_mixed_with_a_newer_log(path: Path) -> None:
    store, copy = Store(path), path.with_name("copy")
    for _ in range(3):
        submit(store)
    shutil.copy(path, copy)
    shutil.copy(f"{path}.wal", f"{copy}.wal")
    with duckdb.connect(str(path)):
        """Merges the log."""
    submit(store)
    shutil.copy(copy, path)  # but not the log that belongs to it
    before = contents(path.parent)
    for call in (lambda: submit(store), store.tally, store.submissions):
        with pytest.raises(StoreError, match="don't belong together"):
            call()
    assert contents(path.parent) == before
    shutil.copy(f"{copy}.wal", f"{path}.wal")
    assert len(store.submissions()) == 3


@pytest.mark.parametrize(
    "url", ["quack:localhost:9494", "postgres:dbname=digits", "sqlite:///digits.db"]
)
def test_a_server_is_refused_clearly(url: str) -> None:
    with pytest.raises(StoreError, match="supported"):
        Store(url)


def python(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, **options
    )


HOLDER = """
import duckdb, sys, time
connection = duckdb.connect(sys.argv[1])
print(flush=True)
time.sleep(float(sys.argv[2]))
"""


def test_another_program_that_holds_the_file_is_named_and_waited_for(path: Path) -> None:
    store = Store(path, lock_timeout=0.3)
    submit(store)
    for seconds, lock_timeout in ((30, 0.3), (1, 20)):
        command = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline()
            if lock_timeout < seconds:
                with pytest.raises(StoreError, match="Another program"):
                    submit(Store(path, lock_timeout))
                holder.kill()
            else:
                submit(Store(path, lock_timeout))
    assert len(store.submissions()) == 2


def test_the_store_does_not_import_pandas(path: Path) -> None:
    code = (
        "import sys; from digitlib.store import Store; store = Store(sys.argv[1]);"
        "store.tally();"  # of a database that isn't there yet
        "store.record_run(run_name='r', notebook='n', parameters={}, metrics={}, model='m');"
        "store.tally(); store.undo('s'); store.runs().fetchall();"
        "print('pandas' in sys.modules, len(store.runs().df()))"
    )
    assert python(code, path).stdout == "False 1\n"


READ_ONLY = """
import os, pathlib, sys
from digitlib.store import Store, StoreError
if os.geteuid() == 0:  # whom permissions don't bind
    os.setuid(65534)
store = Store(sys.argv[1])
print(store.tally().total)
try:
    store.undo("a visit")
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
def test_a_folder_that_is_read_only_can_be_read_and_says_so_when_written() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        path = Path(folder) / "digits.duckdb"
        submit(Store(path))
        Path(f"{path}.lock").unlink()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        result = python(READ_ONLY, path)
        Path(folder).chmod(0o755)
    assert result.stdout.startswith("1\n"), result
    assert "can't be written to" in result.stdout


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on a file's size")
def test_a_full_disk_is_a_clear_message_and_loses_nothing(path: Path) -> None:
    store = Store(path)
    first = submit(store)
    code = """
import resource, sys
import numpy as np
from digitlib.store import Store, StoreError
class Reads:
    name = "always"
    def predict(self, images): return np.full((1, 10), 0.1, np.float32)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000,) * 2)
strokes = np.random.default_rng(0).random((1, 19_000, 2))
try:
    Store(sys.argv[1]).submit(strokes=strokes, label=1, recogniser=Reads(), session="s")
except StoreError as error:
    print(error)
"""
    result = python(code, path)
    assert "full" in result.stdout, result
    assert [row[0] for row in store.submissions().fetchall()] == [first]
    submit(store)
    assert len(store.submissions()) == 2


def test_a_notebook_that_holds_the_file_itself_is_told_so(store: Store, path: Path) -> None:
    submit(store)
    with duckdb.connect(str(path)), pytest.raises(StoreError, match="This notebook holds"):
        submit(store)
    submit(store)
    assert store.tally().total == 2


def test_threads_of_one_process_take_turns(store: Store) -> None:
    threads = [threading.Thread(target=submit, args=(store, digit)) for digit in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.tally().per_digit == (1,) * 10


@pytest.fixture
def submitters(path: Path) -> Iterator[list[subprocess.Popen]]:
    command = [sys.executable, str(SUBMITTER), str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_eight_processes_killed_at_random_lose_nothing_they_acknowledged(
    submitters: list[subprocess.Popen], store: Store
) -> None:
    lines = [process.stdout.readline() for process in submitters]  # all have begun
    for process in submitters:
        lines += [process.stdout.readline() for _ in range(3)]
        time.sleep(random.uniform(0, 0.05))  # in whichever step of the next one
        process.send_signal(signal.SIGKILL)
    lines += [line for process in submitters for line in process.stdout]
    acknowledged = [line.strip() for line in lines if line.endswith("\n")]
    kept = [str(id) for (id,) in store.submissions().project("id").fetchall()]
    assert len(acknowledged) >= 4 * len(submitters)
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept)) <= len(acknowledged) + 2 * len(submitters)
    submit(store)  # and the database goes on
