"""Files that are not ours, damage and full disks are named as what they are; nothing is lost."""

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from store.support import kept, log_of, submit, submit_large

from digitlib.store.errors import StoreError
from digitlib.store.header import newest_version
from digitlib.store.store import Store

HEADER = 4096  # bytes


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".lock"
    }


def patch(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()


def newer(path: Path) -> None:
    """A file in the format of a DuckDB that does not exist yet."""
    submit(Store(path))
    patch(path, 12, struct.pack("<Q", newest_version() + 1))


def merged(path: Path) -> Path:
    """A database of some sketches, without a log."""
    store = Store(path)
    for digit in range(5):
        submit(store, digit)
    with duckdb.connect(path):
        """Merges the log."""
    assert not log_of(path).exists()
    return path


def damaged_header(path: Path) -> None:
    submit(Store(path))
    patch(path, 8192, os.urandom(200))


def damaged_block(path: Path) -> None:
    patch(merged(path), 3 * HEADER + 5000, os.urandom(200))


def damaged_block_beside_a_log(path: Path) -> None:
    damaged_block(path)
    log_of(path).write_bytes(b"")


def truncated(path: Path) -> None:
    merged(path)
    os.truncate(path, path.stat().st_size - 20_000)


def other_tables(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE submissions (mine INTEGER)")


def damaged_log(path: Path) -> None:
    submit(Store(path))
    log = log_of(path)
    patch(log, log.stat().st_size // 2, os.urandom(100))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("my novel"), "is not a DuckDB database"),
    "empty": (lambda path: path.write_bytes(b""), "is not a DuckDB database"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "SQLite": (sqlite, "is an SQLite database"),
    "newer DuckDB": (newer, "A newer DuckDB made"),
    "header": (damaged_header, r"is damaged\."),
    "block": (damaged_block, r"is damaged\."),
    "block beside a log": (damaged_block_beside_a_log, r"is damaged\."),
    "end missing": (truncated, "its end is missing"),
    "header only": (lambda path: path.write_bytes(b"\0" * 8 + b"DUCK"), "its end is missing"),
    "log": (damaged_log, "don't belong together"),
    "other tables": (other_tables, "something else"),
}


@pytest.mark.parametrize(("make", "says"), FAULTS.values(), ids=FAULTS)
def test_a_file_that_cannot_be_used_is_named_and_left_alone(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    path = tmp_path / "d" / "digits.duckdb"
    path.parent.mkdir()
    make(path)
    before = contents(path.parent)
    for call in (lambda: submit(Store(path)), Store(path).tally, Store(path).submissions):
        with pytest.raises(StoreError, match=says) as raised:
            call()
        assert "\n" not in str(raised.value)
        assert "INSTALL" not in str(raised.value)
    assert contents(path.parent) == before


def test_a_log_without_its_database_is_not_mixed_with_another(path: Path) -> None:
    store, away = Store(path), path.with_name("moved away")
    ids = {submit(store) for _ in range(3)}
    path.rename(away)
    with pytest.raises(StoreError, match=r"\.wal holds submissions of a database that is no"):
        submit(store)
    log_of(path).rename(log_of(away))
    new = submit(store)
    assert kept(Store(path)) == {new}
    assert kept(Store(away)) == ids


def test_an_older_copy_is_not_mixed_with_a_newer_log(path: Path) -> None:
    store, copy = Store(path), path.with_name("copy")
    for _ in range(3):
        submit(store)
    shutil.copy(path, copy)
    shutil.copy(log_of(path), log_of(copy))
    with duckdb.connect(path):
        """Merges the log."""
    submit(store)
    shutil.copy(copy, path)  # but not the log that belongs to it
    before = contents(path.parent)
    for call in (lambda: submit(store), store.tally, store.submissions):
        with pytest.raises(StoreError, match="don't belong together"):
            call()
    assert contents(path.parent) == before
    shutil.copy(log_of(copy), log_of(path))
    assert len(store.submissions()) == 3


def python(code: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)


READ_ONLY = """
import decimal, os, sys  # DuckDB needs decimal, which only root may read in some places
from digitlib.store import Store, StoreError
if os.geteuid() == 0:  # whom permissions don't bind
    os.setuid(65534)
store = Store(sys.argv[1])
print(store.tally().total, len(store.submissions()))
try:
    store.undo("a visit")
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs file permissions")
def test_a_read_only_folder_can_be_read_and_says_so_when_written() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        path = Path(folder) / "digits.duckdb"
        submit(Store(path))
        Path(f"{path}.lock").unlink()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        result = python(READ_ONLY, path)
        Path(folder).chmod(0o755)
    assert result.stdout.startswith("1 1\n"), result
    assert "can't be written to" in result.stdout


LIMITED = """
import resource, sys
from pathlib import Path
from store.support import submit_large
from digitlib.store import Store, StoreError
path, limit, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
store = Store(path)
for n in range(count):
    try:
        print(submit_large(store), flush=True)
    except StoreError as error:
        print(error)
"""


def limited(path: Path, limit: int, count: int) -> list[str]:
    """Submit from a process that can't make a file longer than so many bytes; what it says."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})" + LIMITED
    result = python(code, path, limit, count)
    assert result.returncode == 0, result
    return result.stdout.splitlines()


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on a file's size")
def test_a_submission_that_does_not_fit_changes_nothing(path: Path) -> None:
    store = Store(path)
    first = submit(store)
    (said,) = limited(path, log_of(path).stat().st_size + 500, 1)
    assert "full. Nothing was changed" in said
    assert kept(store) == {first}
    submit(store)
    assert len(kept(store)) == 2


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on a file's size")
def test_a_submission_counts_though_its_log_cannot_be_merged_afterwards(path: Path) -> None:
    store = Store(path)
    while not path.exists() or path.stat().st_size < 500_000:
        submit_large(store)
    before = kept(store)
    said = limited(path, path.stat().st_size, 4)  # the log fits, but the database can't grow
    assert log_of(path).stat().st_size > 64_000  # which was not merged
    assert not [line for line in said if "full" in line]
    assert kept(store) == before | {UUID(line) for line in said}
    submit(store)
    assert not log_of(path).exists() or log_of(path).stat().st_size < 10_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_the_acknowledged_are_kept_and_the_refused_are_not(
    small_disk: Path,
) -> None:
    store = Store(small_disk / "digits.duckdb")
    acknowledged, refused = set(), 0
    while refused < 3:
        try:
            acknowledged.add(submit_large(store))
        except StoreError as error:
            assert "full. Nothing was changed" in str(error)
            refused += 1
    found = Store(small_disk / "digits.duckdb")
    assert kept(found) == acknowledged
    assert len(acknowledged) > 10
