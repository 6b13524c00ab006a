"""PostgreSQL as the store's engine: what is acknowledged is kept, and problems are told plainly."""

import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_server import USER, PostgresServer
from store.support import drawn, kept, submit, submit_large, submitting

from digitlib.store.errors import StoreError
from digitlib.store.store import Store


@pytest.fixture
def submitters(postgres_url: str) -> Iterator[list[subprocess.Popen]]:
    with submitting(postgres_url, 3) as processes:
        yield processes


def test_a_server_that_crashes_loses_nothing_it_acknowledged(
    submitters: list[subprocess.Popen], postgres: PostgresServer, postgres_url: str
) -> None:
    lines = [process.stdout.readline() for process in submitters for _ in range(5)]
    postgres.stop("immediate")  # as a crash: it recovers from its log
    refused = Store(postgres_url, lock_timeout=1)
    with pytest.raises(StoreError, match=r"can't be reached: .*Is it running\? Try again"):
        submit(refused)
    for process in submitters:
        process.send_signal(signal.SIGKILL)
    lines += [line for process in submitters for line in process.stdout]
    postgres.start()
    acknowledged = {line.strip() for line in lines if line.endswith("\n")}
    found = {str(id) for id in kept(Store(postgres_url))}
    assert acknowledged <= found
    assert len(found) <= len(acknowledged) + 2 * len(submitters)
    assert submit(refused) in kept(refused)  # the same store goes on


def test_a_restart_between_two_submissions_goes_unnoticed(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = Store(postgres_url, lock_timeout=60)
    first = submit(store)
    postgres.stop()
    late = threading.Timer(0.5, postgres.start)
    late.start()
    second = submit(store)  # waits for its turn, as for a busy file
    late.join()
    assert kept(store) == {first, second}


def test_a_connection_that_is_terminated_in_the_middle_is_told_and_a_retry_keeps_one_sketch(
    postgres: PostgresServer, postgres_url: str
) -> None:
    store = Store(postgres_url)
    id = submit(store, 3)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE submissions")
        errors: list[StoreError] = []

        def attempt() -> None:
            try:
                submit(store, 4, id=id)
            except StoreError as error:
                errors.append(error)

        waiting = threading.Thread(target=attempt)
        waiting.start()
        name = postgres_url.rpartition("/")[2]
        while waiting.is_alive():
            postgres.administer(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                f" WHERE wait_event_type = 'Lock' AND datname = '{name}'"
            )
            time.sleep(0.01)
    (error,) = errors
    assert "was lost. What was acknowledged is kept. Try again." in str(error)
    assert submit(store, 4, id=id) == id
    assert [row.label for row in store.page(5)] == [4]


def test_a_locked_table_is_waited_for_as_long_as_asked(postgres_url: str) -> None:
    submit(Store(postgres_url))  # makes the tables
    store = Store(postgres_url, lock_timeout=1)
    submit(store)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE submissions")
        with pytest.raises(StoreError, match="The database is busy: no turn within"):
            submit(store)
    submit(store)
    assert store.tally().total == 3


def test_a_long_read_keeps_no_writer_waiting(postgres_url: str) -> None:
    store = Store(postgres_url, lock_timeout=5)
    submit(store)
    with store._engine.reading() as reader:
        assert reader.execute("SELECT count(*) FROM submissions").fetchall() == [(1,)]
        submit(store)
        assert reader.execute("SELECT count(*) FROM submissions").fetchone()


def test_first_submissions_at_the_same_moment_make_the_tables_once(postgres_url: str) -> None:
    threads = [
        threading.Thread(target=submit, args=(Store(postgres_url), digit)) for digit in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Store(postgres_url).tally().per_digit == (1,) * 10


def test_a_wrong_password_server_or_database_is_named_without_the_password(
    postgres: PostgresServer, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cret/word"
    quoted = "s3cret%2Fword"
    right = postgres.password
    wrong = {
        postgres.url("postgres", quoted): f"refused the user {USER}.*Check the password",
        postgres.url("nowhere"): 'no such database: database "nowhere" does not exist',
        f"postgresql://{USER}:{quoted}@127.0.0.1:1/digits": "can't be reached: .*refused",
        f"postgresql://{USER}:{quoted}@no-such-host.invalid/digits": "can't be reached",
        f"postgresql://{USER}:{secret}@host/digits": "isn't valid. Write postgresql://",
        f"postgresql://{USER}:12/{secret}@host/digits": "isn't valid. Write postgresql://",
        f"postgresql://{USER}:a@{secret}@host/digits": "isn't valid. Write postgresql://",
        postgres_url + "?sslmode=maybe": "can't be used: .*invalid sslmode value",
        postgres_url + "?sslmode=verify-full&sslrootcert=/nowhere": "No secure connection",
    }
    for url, says in wrong.items():
        with pytest.raises(StoreError, match=says) as raised:
            submit(Store(url, lock_timeout=2))
        shown = [str(raised.value), str(raised.value.__cause__), *caplog.messages]
        assert not [text for text in shown if secret in text or quoted in text or right in text]
        assert "\n" not in str(raised.value)


def test_the_password_may_be_in_a_file_and_the_connection_encrypted(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres_url.rpartition("/")[2]
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{USER}:{postgres.password}\n")
    file.chmod(0o600)
    certificate = tmp_path / "root.crt"
    shutil.copy(postgres.certificate, certificate)
    strict = f"sslmode=verify-ca&sslrootcert={certificate}"
    submit(Store(postgres.url(name, "", f"?passfile={file}&{strict}")))
    monkeypatch.setenv("PGPASSFILE", str(file))
    store = Store(postgres.url(name, "", f"?{strict}"))
    submit(store)
    with store._engine.reading() as connection:
        encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(encrypted).fetchone() == (True,)


def test_commits_are_on_disk_though_the_server_is_set_to_forget(
    postgres: PostgresServer, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres.administer("ALTER DATABASE {} SET synchronous_commit = off", name)
    with Store(postgres_url)._engine.writing() as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_values_survive_a_server_that_writes_them_otherwise(
    postgres: PostgresServer, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    for setting in ("extra_float_digits = -10", "datestyle = 'SQL, DMY'", "bytea_output = escape"):
        postgres.administer(f"ALTER DATABASE {{}} SET {setting}", name)
    store = Store(postgres_url)
    id = submit(store, 5, session='a "visit",\r\n\\N')
    row = dict(zip(store.submissions().columns, store.submissions().fetchone(), strict=True))
    found = store.submission(id)
    assert row == {**found._asdict(), "probabilities": found.probabilities}
    assert [len(stroke) for stroke in found.strokes] == [len(stroke) for stroke in drawn(5)]
    assert submit(store, 6, session="") and store.submissions().fetchone()[2] == ""


def test_who_may_not_write_can_read_and_is_told(
    postgres: PostgresServer, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    owner = Store(postgres_url)
    submit(owner)
    postgres.administer("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    postgres.administer("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database=name)
    reader = Store(f"postgresql://reader:reads@127.0.0.1:{postgres.port}/{name}")
    assert reader.tally().total == len(reader.submissions()) == 1
    with pytest.raises(StoreError, match=r"The user reader has no permission in the database"):
        submit(reader)
    postgres.administer("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    with pytest.raises(StoreError, match=r"is read-only\. Set DIGITS_DATABASE to the primary"):
        submit(Store(postgres_url + "?application_name=other"))


def test_other_tables_of_the_same_names_are_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE runs (distance real)")
    for call in (submit, Store.tally, Store.submissions):
        with pytest.raises(StoreError, match="belongs to something else"):
            call(Store(postgres_url))


def test_a_database_of_a_later_version_is_left_alone(postgres_url: str) -> None:
    submit(Store(postgres_url))
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    for call in (submit, Store.tally, Store.submissions):
        with pytest.raises(StoreError, match="newer version of this project"):
            call(Store(postgres_url))


@pytest.fixture
def small_tablespace(postgres: PostgresServer, tmp_path: Path) -> Iterator[str]:
    """A database on a disk of 9 MB, of which its own tables leave little."""
    folder = postgres.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=9m,mode=777", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    shutil.chown(folder, "postgres", "postgres")
    postgres.administer(f"CREATE TABLESPACE small LOCATION '{folder}'")
    postgres.administer("CREATE DATABASE small TABLESPACE small")
    yield postgres.url("small")
    postgres.administer("DROP DATABASE small WITH (FORCE)")
    postgres.administer("DROP TABLESPACE small")
    subprocess.run(["umount", str(folder)], check=True)


def test_when_the_servers_disk_is_full_the_acknowledged_are_kept_and_the_refused_are_not(
    small_tablespace: str,
) -> None:
    store, acknowledged, refused = Store(small_tablespace), set(), 0
    while refused < 3:
        try:
            acknowledged.add(submit_large(store))
        except StoreError as error:
            assert "disk is full" in str(error) and "Nothing was changed" in str(error)
            refused += 1
    assert len(acknowledged) > 10
    assert kept(store) == acknowledged
