"""`python -m digitlib.api`: serve, or `key NAME RIGHT…`: make an API key."""

import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import uvicorn

from digitlib.api.configuration import configuration
from digitlib.api.keys import Right, new_key
from digitlib.api.logs import configure_log

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_MOST_CONNECTIONS = 800  # at once, for each worker; a process may often open 1,024 files
_FINISHING = 30  # seconds for what was accepted before the process ends


def _arguments(given: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser("python -m digitlib.api", description="Serve the recogniser over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes, at most one a core")
    parser.add_argument("--root-path", default="", help="path that a proxy takes off: /service")
    commands = parser.add_subparsers(dest="command", metavar="key")
    key = commands.add_parser("key", help="make an API key and its entry of DIGITS_API_KEYS")
    key.add_argument("name", help="whose it is: lower-case letters, digits, - and _")
    key.add_argument("rights", nargs="+", choices=list(Right))
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Do what the command line asks; raises ValueError for a setting that can't be used."""
    asked = _arguments(given)
    if asked.command == "key":
        key, entry = new_key(asked.name, asked.rights)
        print(f"Key, shown this once:\n  {key}\nAdd to DIGITS_API_KEYS:\n  {entry}")
        return
    if asked.host not in _LOCAL and not configuration().keys:
        raise ValueError(
            f"Without API keys the service listens only on this machine, not on {asked.host}."
            " Make one with `python -m digitlib.api key NAME RIGHT`, set DIGITS_API_KEYS, and"
            " start again."
        )
    configure_log(as_json=configuration().json_log)
    with tempfile.TemporaryDirectory(prefix="digits-metrics-") as folder:
        if asked.workers > 1:
            os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        uvicorn.run(
            "digitlib.api:app",
            host=asked.host,
            port=asked.port,
            workers=asked.workers,
            root_path=asked.root_path,
            http="digitlib.api.connections:PatientProtocol",
            ws="none",
            log_config=None,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_FINISHING,
            server_header=False,
        )


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
