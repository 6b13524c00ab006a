"""The page's scripts as one file, so that a browser's first visit asks ten times, not ninety.

JupyterLab's code comes to Voila in some 190 small scripts, of which the page needs half, one round
after another. Each only hands its modules over, under its number; one that has done so is not
fetched again, so all of them may come together, and before they are asked for.
"""

import gzip
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tornado.web import RequestHandler
from voila.paths import collect_static_paths
from voila.utils import get_voila_labextensions_path

# The largest of those that the page never asks for: formulas' typesetting and code editors, say.
NEEDLESS = (9484, 1807, 7569, 3609, 7488, 8706, 6220, 324, 443, 651, 264)
_LOCAL = ("127.0.0.1", "::1")


def _folders(extensions: Iterable[str]) -> list[Path]:
    """Where Voila's own scripts are, and those of the extensions that the page uses."""
    found = [Path(path) for path in collect_static_paths(["voila"], "base")]
    for extension in extensions:
        places = (Path(path, extension, "static") for path in get_voila_labextensions_path())
        found += [place for place in places if place.is_dir()][:1]
    return found


def bundled_scripts(extensions: Iterable[str]) -> bytes:
    """The numbered scripts of Voila and of JupyterLab's extensions (`ipycanvas`), in one."""
    scripts = [
        script.read_bytes()
        for folder in _folders(extensions)
        for script in sorted(folder.glob("[0-9]*.js"))
        if int(script.name.split(".")[0]) not in NEEDLESS
    ]
    return b"\n;".join(scripts)


@cache
def _packed(scripts: bytes) -> bytes:
    return gzip.compress(scripts, mtime=0)


@cache
def _digest(scripts: bytes) -> str:
    return hashlib.sha256(scripts).hexdigest()


class Scripts(RequestHandler):
    """Answers with the page's scripts; a browser that has them already learns so in 1 ms."""

    def initialize(self, scripts: bytes) -> None:
        """Take what to answer with."""
        self.scripts = scripts

    def compute_etag(self) -> str:
        """What changes with the scripts."""
        return f'"{_digest(self.scripts)}"'

    def get(self) -> None:
        """Write the scripts, packed for the network: within one machine that takes longer."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")  # ask whether they changed
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("X-Content-Type-Options", "nosniff")
        unpacks = "gzip" in self.request.headers.get("Accept-Encoding", "")
        if unpacks and self.request.remote_ip not in _LOCAL:
            self.set_header("Content-Encoding", "gzip")
            self.write(_packed(self.scripts))
        else:
            self.write(self.scripts)
