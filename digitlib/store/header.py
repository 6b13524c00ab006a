"""What a database file is, read from its first bytes; DuckDB's own errors don't always tell."""

import struct
import tempfile
from enum import Enum, auto
from functools import cache
from pathlib import Path

import duckdb

_HEADERS = 3 * 4096  # bytes: the main header and two versions of the database header
_VERSION_AT, _DATABASE_HEADERS_AT = 12, (4096, 8192)
_BLOCK_SIZES, _MAX_BLOCKS = [2**n for n in range(14, 19)], 2**40
_MAX_VERSION = 1000  # a larger number is damage, not a later format


class FileKind(Enum):
    """What a file is, as far as its headers and its size show."""

    DUCKDB = auto()
    FOLDER = auto()
    SQLITE = auto()
    OTHER = auto()  # also an empty file
    NEWER = auto()  # a DuckDB format later than this DuckDB writes
    TRUNCATED = auto()  # within the headers


def file_kind(path: Path) -> FileKind:
    """What a file is. It must not be open in this process, which would lose its lock on it."""
    if path.is_dir():
        return FileKind.FOLDER
    with path.open("rb") as file:
        headers = file.read(_HEADERS)
    if headers.startswith(b"SQLite format 3\0"):
        return FileKind.SQLITE
    if headers[8:12] != b"DUCK":
        return FileKind.OTHER
    if len(headers) < _HEADERS:
        return FileKind.TRUNCATED
    (version,) = struct.unpack_from("<Q", headers, _VERSION_AT)
    return FileKind.NEWER if newest_version() < version < _MAX_VERSION else FileKind.DUCKDB


def may_be_short(path: Path) -> bool:
    """Whether a DuckDB file ends before its last block, which it may do if that block is free."""
    with path.open("rb") as file:
        headers = file.read(_HEADERS)
    # checksum, iteration, metadata block, free list, number of blocks, block size in bytes
    found = [struct.unpack_from("<6Q", headers, at) for at in _DATABASE_HEADERS_AT]
    _, _, _, _, blocks, block_size = max(found, key=lambda header: header[1])
    is_plausible = block_size in _BLOCK_SIZES and blocks < _MAX_BLOCKS  # else it is damaged
    return is_plausible and path.stat().st_size < least_size(blocks, block_size)


def least_size(blocks: int, block_size: int) -> int:
    """The bytes that a file with so many blocks has at least."""
    return _HEADERS + blocks * block_size


@cache
def newest_version() -> int:
    """The version number of the latest file format that this DuckDB writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "latest.duckdb"
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{path}' AS latest (STORAGE_VERSION 'latest')")
            connection.execute("CREATE TABLE latest.t (a INTEGER)")
            connection.execute("DETACH latest")
        (version,) = struct.unpack_from("<Q", path.read_bytes(), _VERSION_AT)
    return int(version)
