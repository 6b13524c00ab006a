"""A real PostgreSQL for the tests, started once, as a user other than root."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from services import free_port

USER = "digits"
_OPTIONS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 40
fsync = off  # no test cuts the power
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
"""


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """A server on a port of its own, with TLS and a password."""

    def __init__(self) -> None:
        bin = programs()
        assert bin is not None
        self.bin, self.port, self.password = bin, free_port(), secrets.token_urlsafe(12)
        self.folder = Path(tempfile.mkdtemp(prefix="digits-postgres-"))
        self.data, self.certificate = self.folder / "data", self.folder / "server.crt"

    def __enter__(self) -> Self:
        password = self.folder / "password"
        password.write_text(self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            shutil.chown(password, "postgres", "postgres")
        self._run(
            *f"initdb -A scram-sha-256 -U {USER} -E UTF8 --locale=C.UTF-8 --no-sync".split(),
            f"--pwfile={password}",
            f"-D{self.data}",
        )
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(_OPTIONS.format(port=self.port, folder=self.folder))
        self._execute(
            *[
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ],
            *f"-keyout {self.folder}/server.key -out {self.certificate}".split(),
        )
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", f"-D{self.data}", f"-l{self.folder}/log", "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is as a crash."""
        self._run("pg_ctl", f"-D{self.data}", f"-m{mode}", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        self._execute(str(self.bin / program), *arguments)

    def _execute(self, *command: str) -> None:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        as_user = user if os.geteuid() == 0 else []
        with (self.folder / "output").open("a") as output:
            subprocess.run(
                [*as_user, *command], check=True, stdout=output, stderr=output, cwd=self.folder
            )

    def url(self, database: str, password: str | None = None, query: str = "") -> str:
        """The URL of a database on it; without a password where that is empty."""
        password = self.password if password is None else password
        login = f"{USER}:{password}" if password else USER
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}{query}"

    def administer(self, statement: str, *names: str, database: str = "postgres") -> None:
        """Run a statement outside of a transaction; each {} in it is a name."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def new_database(self) -> str:
        """The name of a new, empty database."""
        name = f"d_{secrets.token_hex(4)}"
        self.administer("CREATE DATABASE {}", name)
        return name
