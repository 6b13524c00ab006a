"""Many processes and threads share a database: they take turns, and nobody waits for a reader."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from filelock import FileLock
from store.support import kept, log_of, submit, submitting

from digitlib.store import snapshot
from digitlib.store.database import Database
from digitlib.store.errors import StoreError
from digitlib.store.lock import gate_of, locked
from digitlib.store.store import Store

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print(flush=True)
sys.stdin.readline()
"""


def hold(path: Path) -> subprocess.Popen:
    """Another program that has the database open, until it gets a line."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    return process


def test_another_program_that_holds_the_file_is_named_and_waited_for(path: Path) -> None:
    submit(Store(path))
    holder = hold(path)
    with pytest.raises(StoreError, match="Another program holds"):
        submit(Store(path, lock_timeout=0.1))
    with pytest.raises(StoreError, match="Another program holds"):
        Store(path, lock_timeout=0.1).tally()
    threading.Timer(0.3, lambda: holder.communicate("end\n")).start()
    submit(Store(path, lock_timeout=120))
    holder.wait()
    assert len(kept(Store(path))) == 2


def test_a_notebook_that_holds_the_file_itself_is_told_so_and_keeps_its_lock(
    file_store: Store, path: Path
) -> None:
    submit(file_store)
    with duckdb.connect(path), pytest.raises(StoreError, match="This notebook holds"):
        submit(file_store)
    with duckdb.connect(path):
        with pytest.raises(StoreError, match="This notebook holds"):
            file_store.tally()
        code = "import duckdb, sys; duckdb.connect(sys.argv[1])"
        other = subprocess.run([sys.executable, "-c", code, path], check=False, capture_output=True)
        assert b"lock" in other.stderr  # looking at the file did not give it free
    submit(file_store)
    assert file_store.tally().total == 2


def test_a_busy_database_is_waited_for_as_long_as_asked(path: Path) -> None:
    submit(Store(path))
    with FileLock(f"{path}.lock"):  # as earlier versions lock it
        with pytest.raises(StoreError, match="busy"):
            submit(Store(path, lock_timeout=0.05))
        late = threading.Thread(target=submit, args=(Store(path, lock_timeout=120),))
        late.start()
    late.join()
    assert len(kept(Store(path))) == 2


def test_a_lock_is_free_again_after_waiters_gave_up(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock, 1):
        for _ in range(3):
            with pytest.raises(TimeoutError), locked(lock, 0.01):
                pass
    with locked(lock, 60):
        pass


def test_a_lock_whose_file_was_replaced_still_excludes(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with ExitStack() as first:
        first.enter_context(locked(lock, 1))
        inside = threading.Event()

        def wait() -> None:
            with locked(lock, 60):
                inside.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        with FileLock(tmp_path / "new"):
            (tmp_path / "new").replace(lock)
            first.close()  # which lets the waiter have the old one
            assert not inside.wait(0.2)
    waiter.join()


def test_who_had_the_lock_last_queues_behind_who_waits(tmp_path: Path) -> None:
    lock, turns = tmp_path / "lock", []

    def wait() -> None:
        with locked(lock, 60):
            turns.append("waiter")

    for _ in range(20):
        waiter = threading.Thread(target=wait)
        with locked(lock, 60):
            waiter.start()
            while not is_locked(gate_of(lock)):  # until it is the next
                time.sleep(0.001)
        with locked(lock, 60):
            turns.append("again")
        waiter.join()
    assert turns == ["waiter", "again"] * 20


def is_locked(path: Path) -> bool:
    try:
        with locked(path, 0):
            return False
    except TimeoutError:
        return True


def test_waiting_costs_no_processor_time(path: Path) -> None:
    submit(Store(path))
    with FileLock(f"{path}.lock"):
        before = time.process_time()
        with pytest.raises(StoreError, match="busy"):
            submit(Store(path, lock_timeout=1))
        assert time.process_time() - before < 0.1  # with a look every 5 ms it was 0.1 and more


def test_threads_of_one_process_take_turns(file_store: Store) -> None:
    threads = [threading.Thread(target=submit, args=(file_store, digit)) for digit in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file_store.tally().per_digit == (1,) * 10


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Reads take turns of three rows; in each pause, another process could have its turn."""
    made: list[int] = []
    copy_range = snapshot._copy_range

    def counted(*arguments: object) -> None:
        copy_range(*arguments)
        made.append(1)

    monkeypatch.setattr(snapshot, "ROWS", 3)
    monkeypatch.setattr(snapshot, "TURN_SECONDS", 0)
    monkeypatch.setattr(snapshot, "_copy_range", counted)
    return made


def test_a_long_read_pauses_for_those_who_write(
    file_store: Store, turns: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {submit(file_store, n) for n in range(10)}
    during: set[UUID] = set()
    undone: set[UUID] = set()
    attached = Database.attached_to

    def write_first(database: Database, memory: duckdb.DuckDBPyConnection) -> object:
        if turns:  # between two turns of the read
            undone.add(file_store.undo("a visit"))
            during.add(submit(file_store, session="another visit"))
        return attached(database, memory)

    monkeypatch.setattr(Database, "attached_to", write_first)
    found = kept(file_store)
    assert len(turns) == 4
    assert before - undone <= found <= before | during
    monkeypatch.undo()
    assert kept(file_store) == (before | during) - undone


def test_runs_are_listed_without_reading_a_submission(file_store: Store, turns: list[int]) -> None:
    for n in range(7):
        submit(file_store, n)
    file_store.record_run(run_name="r", notebook="train", parameters={}, metrics={}, model="m")
    assert len(file_store.runs()) == 1
    assert not turns
    assert len(file_store.submissions()) == 7
    assert len(turns) == 3


def test_a_change_that_finds_nothing_is_no_error_when_the_log_was_just_merged(
    file_store: Store, path: Path
) -> None:
    submit(file_store)
    with duckdb.connect(path):
        """Merges the log."""
    assert not log_of(path).exists()
    assert file_store.undo("nobody") is None


def test_other_threads_import_pandas_while_the_database_is_used(path: Path) -> None:
    code = (
        "import sys, threading; from digitlib.store.pandas_block import without_pandas\n"
        "def imports():\n  import pandas\n"
        "with without_pandas():\n"
        "  other = threading.Thread(target=imports); other.start(); other.join()\n"
        "print('pandas' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert result.stdout == b"True\n", result.stderr


def test_sketches_are_read_without_their_images(file_store: Store) -> None:
    submit(file_store)
    snapshot_ = snapshot.snapshot(Database(file_store.url, 10), ("id", "label"))
    assert snapshot_.sql("FROM submissions").columns == ["id", "label"]


@pytest.fixture
def submitters(path: Path) -> Iterator[list[subprocess.Popen]]:
    with submitting(str(path), 4) as processes:
        yield processes


def test_processes_killed_at_random_lose_nothing_they_acknowledged(
    submitters: list[subprocess.Popen], file_store: Store
) -> None:
    lines = [process.stdout.readline() for process in submitters]  # all have begun
    for process in submitters:
        lines += [process.stdout.readline() for _ in range(3)]
        time.sleep(random.uniform(0, 0.05))  # in whichever step of the next one
        process.send_signal(signal.SIGKILL)
    lines += [line for process in submitters for line in process.stdout]
    acknowledged = [line.strip() for line in lines if line.endswith("\n")]
    found = {str(id) for id in kept(file_store)}
    assert len(acknowledged) >= 4 * len(submitters)
    assert set(acknowledged) <= found
    assert len(found) <= len(acknowledged) + 2 * len(submitters)
    submit(file_store)  # and the database goes on


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_a_lock_is_not_inherited_by_a_child(path: Path) -> None:
    submit(Store(path))
    with locked(Path(f"{path}.lock"), 10):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    submit(Store(path, lock_timeout=10))
    child.communicate(b"\n")
