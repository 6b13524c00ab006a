"""Databases are copied, backed up, checked and looked into by commands, while others use them."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from store.support import kept, submit, submit_image

from digitlib.store import copying
from digitlib.store.__main__ import main
from digitlib.store.errors import StoreError
from digitlib.store.store import Store


def filled(store: Store) -> Store:
    """Seven submissions, one of them accepted and one an image, and a run."""
    ids = [submit(store, n, session=f'visit "{n}"\n') for n in range(6)]
    submit_image(store, 6)
    store.review(ids[3], "accepted")
    store.record_run(
        run_name="ünique", notebook="train", parameters={"a": [1, "\0"]}, metrics={}, model="m"
    )
    return store


def rows(store: Store) -> list[tuple[object, ...]]:
    return store.submissions().fetchall() + store.runs().fetchall()


@pytest.fixture
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "ROWS", 3)


@pytest.mark.usefixtures("few_at_a_time")
def test_a_copy_to_the_other_engine_and_back_has_every_row_as_it_was(
    file_store: Store, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(filled(file_store))
    back = str(tmp_path / "back.duckdb")
    for source, target in ((file_store.url, postgres_url), (postgres_url, back)):
        assert main(["copy", source, target]) == 0
        assert capsys.readouterr().out == "7 submissions and 1 runs copied and compared.\n"
        assert rows(Store(target)) == before
    assert main(["copy", back, file_store.url]) == 0  # nothing twice
    assert rows(file_store) == before


@pytest.mark.usefixtures("few_at_a_time")
def test_a_copy_that_was_interrupted_is_finished_by_the_next(
    url: str, postgres_url: str, tmp_path: Path
) -> None:
    source = filled(Store(tmp_path / "source.duckdb"))
    target = Store(url)
    mine = submit(target, 9, session="only here")

    def interrupted(parts: list) -> object:
        yield parts[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(source._engine, target._engine, interrupted)
    assert 1 < target.tally().total < 8
    changed = source.page(1)[0].id
    source.review(changed, "rejected")
    assert copying.copy(source._engine, target._engine) == (7, 1, 0)
    assert kept(target) == kept(source) | {mine}
    assert target.submission(changed).review == "rejected"


def test_rows_that_change_meanwhile_are_counted(
    file_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(file_store)
    target = Store(tmp_path / "target.duckdb")
    merge = target._engine.merge

    def merged_and_reviewed(part: duckdb.DuckDBPyConnection) -> None:
        merge(part)
        if target.tally().total:
            target.review(target.page(1)[0].id, "rejected")

    monkeypatch.setattr(target._engine, "merge", merged_and_reviewed)
    assert copying.copy(file_store._engine, target._engine).wrong == 1


def test_a_backup_is_a_whole_database_in_one_file(store: Store, tmp_path: Path) -> None:
    filled(store)
    file = tmp_path / "b" / "backup.duckdb"
    assert main(["backup", str(file), "--database", store.url]) == 0
    assert list(file.parent.iterdir()) == [file]
    assert rows(Store(file)) == rows(store)
    with pytest.raises(StoreError, match="exists already"):
        main(["backup", str(file), "--database", store.url])


def test_a_check_reads_every_row_and_finds_what_no_one_submitted(
    file_store: Store, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    filled(file_store)
    monkeypatch.setenv("DIGITS_DATABASE", str(path))
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "7 submissions and 1 runs read.\n"
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE submissions SET strokes = [] WHERE label = 2")
        connection.execute("INSERT INTO submissions FROM submissions WHERE label = 5")
    assert main(["check"]) == 1
    assert "2 rows are wrong" in capsys.readouterr().out


def shell(url: str, path: str, query: str) -> str:
    command = [sys.executable, "-m", "digitlib.store", "shell", "--database", url]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, input=query, env=environment
    ).stdout


QUERY = "SELECT count(*) + 41000 AS found\nFROM submissions;\nSELECT nonsense;\nSELECT 'goes on';\n"


def test_the_shell_answers_without_any_other_program_and_changes_nothing(store: Store) -> None:
    submit(store)
    said = shell(store.url, "", QUERY + "DELETE FROM submissions;\n")
    assert "41001" in said and "nonsense" in said and "goes on" in said
    assert store.tally().total == 1


def test_the_shell_of_postgresql_is_psql_and_reads_only(postgres_url: str) -> None:
    store = Store(postgres_url)
    submit(store)
    said = shell(postgres_url, os.environ["PATH"], QUERY + "DELETE FROM submissions;\n")
    assert "41001" in said and "goes on" in said
    assert store.tally().total == 1


def test_a_database_in_use_is_copied_and_stays_usable(store: Store, tmp_path: Path) -> None:
    filled(store)
    during = []

    def used(parts: list) -> object:
        for part in parts:
            during.append(submit(store, 8, session="during"))
            yield part

    counts = copying.backup(store._engine, tmp_path / "backup.duckdb", used)
    assert (counts.wrong, len(during)) == (0, 1)
    before = kept(store) - set(during)
    assert before <= kept(Store(tmp_path / "backup.duckdb")) <= kept(store)
    assert store.tally().per_digit[8] == 1
