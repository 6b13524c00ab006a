"""JupyterLab's code as one script, so that a first visit makes some ten requests, not ninety."""

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path

from tornado.web import RequestHandler
from voila.paths import collect_static_paths
from voila.utils import get_voila_labextensions_path


class Bundle:
    """The page's numbered scripts, joined.

    Each only registers its modules, and one that has done so is not fetched again: all of them may
    come at once, before they are asked for.
    """

    def __init__(self, extensions: Iterable[str]) -> None:
        """Join the scripts of Voila and of these JupyterLab extensions."""
        places = [collect_static_paths(["voila"], "base")]
        for name in extensions:
            places.append([f"{path}/{name}/static" for path in get_voila_labextensions_path()])
        folders = [next(filter(Path.is_dir, map(Path, paths)), None) for paths in places]
        scripts = [
            script.read_bytes()
            for folder in filter(None, folders)  # an extension may not be installed
            for script in sorted(folder.glob("[0-9]*.js"))
        ]
        self.script = b"\n;".join(scripts)
        self.compressed = gzip.compress(self.script, compresslevel=4, mtime=0)
        self.digest = hashlib.sha256(self.script).hexdigest()


class Scripts(RequestHandler):
    """Serves the bundle; a browser that has it is told so."""

    def initialize(self, bundle: Bundle) -> None:
        """Take the bundle to serve."""
        self.bundle = bundle

    def compute_etag(self) -> str:
        """Tell one bundle from another."""
        return f'"{self.bundle.digest}"'

    def get(self) -> None:
        """Send the bundle, compressed where the browser can unpack it."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")  # kept, and asked whether it has changed
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(self.bundle.compressed)
        else:
            self.write(self.bundle.script)
