"""An acknowledged submission survives a power failure, not only a kill.

strace records a submitter's system calls. From them the folder is rebuilt as a disk may hold it
when the power fails: everything that was synced, and of the rest nothing, all, or some.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from store.support import SUBMITTER

from digitlib.store.store import Store

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace: apt install it")

NAME = "digits.duckdb"
SUBMISSIONS = 14  # large ones: the log is merged into the database three times meanwhile
POINTS = 1000

# All calls that could change a file; the test fails on one that `Disk` does not know.
CALLS = (
    "open,openat,openat2,creat,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,"
    "copy_file_range,sendfile,splice,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync"
)


Files = dict[str, bytes]  # name and content


class Call(NamedTuple):
    """A system call: the path of the open file in its arguments, its texts, and the rest."""

    name: str
    handle: Path | None
    texts: list[bytes]
    rest: str

    @property
    def number(self) -> int:
        """The last argument, where that is a number."""
        return int(self.rest.rsplit(", ", 1)[-1])


def calls(trace: Path) -> Iterator[Call]:
    """The successful calls, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in trace.read_text().splitlines():
        process, text = line.split(maxsplit=1)
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix("<unfinished ...>")
        if resumed := re.match(r"<\.\.\. \w+ resumed>", text):
            text = begun.pop(process) + text[resumed.end() :]
        if call := re.match(r"(\w+)\((.*)\) += \d", text):
            name, given = call.groups()
            handle = re.match(r"\d+<(.*?)>", given)
            texts = [_bytes(text) for text in re.findall(r'"(.*?)"', given)]
            rest = re.sub(r'<.*?>|".*?"', "", given)
            yield Call(name, Path(_bytes(handle[1]).decode()) if handle else None, texts, rest)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(r"\x", ""))


Write = tuple[int, bytes | None]  # None: the file is cut off there


@dataclass
class File:
    """The synced content of a file, and the writes since then: (start, bytes)."""

    synced: bytes = b""
    since: list[Write] = field(default_factory=list)

    def content(self) -> bytes:
        """The file as programs see it."""
        return _written(self.synced, self.since)

    def torn(self) -> bytes:
        """The file when half of what was appended and every other write reached the disk."""
        inside = [(start, data) for start, data in self.since if start < len(self.synced)]
        appended = self.content()[len(self.synced) :]
        return _written(self.synced, inside[1::2]) + appended[: len(appended) // 2]


def _written(content: bytes, writes: list[Write]) -> bytes:
    changed = bytearray(content)
    for start, data in writes:
        changed.extend(bytes(max(0, start - len(changed))))
        changed[start : None if data is None else start + len(data)] = data or b""
    return bytes(changed)


class Disk:
    """A folder as programs see it, and the names in it that were synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = {file.name: File(file.read_bytes()) for file in folder.iterdir()}
        self.synced = dict(self.names)

    def follow(self, call: Call) -> None:
        """Apply a call to the folder and its files."""
        paths = [call.handle] if call.handle else [Path(text.decode()) for text in call.texts]
        if not any(self.folder in (path, path.parent) for path in paths):
            return
        name = paths[0].name
        match call.name:
            case "openat" if "O_TRUNC" not in call.rest:
                if "O_CREAT" in call.rest:
                    self.names.setdefault(name, File())
            case "write":  # to the end: the log is opened with O_APPEND
                self.names[name].since.append((len(self.names[name].content()), call.texts[0]))
            case "pwrite64":
                self.names[name].since.append((call.number, call.texts[0]))
            case "ftruncate":
                self.names[name].since.append((call.number, None))
            case "fsync" | "fdatasync" if paths[0] == self.folder:
                self.synced = dict(self.names)
            case "fsync" | "fdatasync":
                self.names[name].synced = self.names[name].content()
                self.names[name].since.clear()
            case "rename":
                self.names[paths[1].name] = self.names.pop(name)
            case "unlink":
                del self.names[name]
            case "mkdir":
                assert paths[0] == self.folder  # which was there
            case _:
                raise AssertionError(f"{call.name} changed {name} in an unknown way")

    def after_a_failure(self) -> list[Files]:
        """What the folder may hold when the power is back; first, only what was synced."""
        contents: list[Callable[[File], bytes]] = [
            lambda file: file.synced,
            File.torn,
            File.content,
        ]
        return [
            {name: content(file) for name, file in names.items() if not name.endswith(".lock")}
            for names in (self.synced, self.names)
            for content in contents
        ]


class Failure(NamedTuple):
    """A power failure: what was acknowledged by then, and what the folder may hold afterwards."""

    acknowledged: set[str]
    folders: list[Files]


def failures(folder: Path, count: int) -> Iterator[Failure]:
    """Submit into a folder; the power fails before each sync and after each acknowledged id."""
    disk, acknowledged, trace = Disk(folder), set(), folder.with_name("trace")
    strace = ["strace", "-fyxx", "-s99999999", f"-etrace={CALLS}", f"-o{trace}"]
    with subprocess.Popen(
        [*strace, sys.executable, str(SUBMITTER), str(folder / NAME), str(POINTS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = [process.stdout.readline() for _ in range(count)]
        process.stdout.close()  # the next print ends the submitter
        complaint = process.stderr.read()
    if "ptrace" in complaint:
        pytest.skip(f"strace can't follow a program here: {complaint}")
    assert all(said), complaint
    for call in calls(trace):
        if "sync" in call.name:
            yield Failure(set(acknowledged), disk.after_a_failure())
        disk.follow(call)
        if call.name == "write" and call.rest.startswith("1,") and call.texts[0].strip():
            acknowledged.add(call.texts[0].decode().strip())
            yield Failure(set(acknowledged), disk.after_a_failure())
    assert {line.strip() for line in said} <= acknowledged


def kept(folder: Path, files: Files) -> set[str]:
    """The ids in a database that consists of these files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    submissions = Store(folder / NAME).submissions()
    return {str(id) for (id,) in submissions.project("id").fetchall()}


def test_power_may_fail_at_any_moment(tmp_path: Path) -> None:
    """Also between the steps by which the log is merged into the database."""
    (tmp_path / "folder").mkdir()
    seen: dict[tuple[tuple[str, bytes], ...], set[str]] = {}
    for acknowledged, folders in failures(tmp_path / "folder", SUBMISSIONS):
        for files in folders:
            state = tuple(sorted(files.items()))
            if state not in seen:  # also before the first id: the database can be used
                seen[state] = kept(tmp_path / "disk", files)
            assert acknowledged <= seen[state]
    assert len(seen) > SUBMISSIONS
    assert len({dict(state).get(NAME) for state in seen}) > 3  # the log was merged meanwhile


def test_power_may_fail_again(tmp_path: Path) -> None:
    """A log that was merged and removed is there again; what comes next is kept all the same."""
    (tmp_path / "folder").mkdir()
    for before, (files, *_, newest) in failures(tmp_path / "folder", SUBMISSIONS):
        if before and files.keys() - newest.keys():
            break
    kept(tmp_path / "disk", files)
    for acknowledged, (files, *_) in failures(tmp_path / "disk", 2):
        assert before | acknowledged <= kept(tmp_path / "disk", files)
