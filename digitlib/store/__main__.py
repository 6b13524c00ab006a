"""`python -m digitlib.store`: copy, back up, check, or look inside a database."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from digitlib import settings
from digitlib.store.copying import Counts, backup, check, copy
from digitlib.store.errors import StoreError
from digitlib.store.opening import open_engine
from digitlib.store.shell import shell

_T = TypeVar("_T")
_TIMEOUT = 60.0  # seconds: nobody waits at a page


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit status is 1 where rows are not as they should be."""
    parser = argparse.ArgumentParser("python -m digitlib.store", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    copying = commands.add_parser("copy", help="copy every submission and run, and compare them")
    copying.add_argument("source", metavar="FROM", help="a .duckdb file or postgresql://…")
    copying.add_argument("target", metavar="TO", help="likewise; its other rows stay")
    for name, says in (
        ("backup", "copy the database into a new .duckdb file"),
        ("check", "read every row of the database"),
        ("shell", "look inside with SQL"),
    ):
        command = commands.add_parser(name, help=says)
        if name == "backup":
            command.add_argument("file", metavar="FILE", type=Path)
        command.add_argument("--database", help="instead of the one that DIGITS_DATABASE names")
    asked = parser.parse_args(arguments)
    if asked.command == "copy":
        if asked.source == asked.target:
            parser.error("FROM and TO are the same database.")
        source, target = open_engine(asked.source, _TIMEOUT), open_engine(asked.target, _TIMEOUT)
        return _told("copied and compared", copy(source, target, progress))
    url = asked.database or settings.database_url()
    if asked.command == "shell":
        return shell(url)
    engine = open_engine(url, _TIMEOUT)
    if asked.command == "backup":
        return _told("backed up and compared", backup(engine, asked.file, progress))
    return _told("read", check(engine, progress))


def _told(done: str, counts: Counts) -> int:
    print(f"{counts.submissions:,} submissions and {counts.runs:,} runs {done}.")
    if counts.wrong:
        print(f"{counts.wrong:,} rows are wrong, or were changed meanwhile: run this again.")
    return int(counts.wrong > 0)


def progress(parts: list[_T]) -> Iterable[_T]:
    """The same, with a progress bar on a terminal where tqdm is installed."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return parts
    return tqdm(parts, disable=None, unit=" parts")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (StoreError, ValueError) as error:
        sys.exit(str(error))
