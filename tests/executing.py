"""Notebooks executed by papermill, as users execute them."""

import sys
from pathlib import Path
from typing import NamedTuple

import forking
import nbformat

from digitlib import settings

ROOT = settings.project_root()
PAPERMILL = Path(sys.executable).with_name("papermill")


class Executed(NamedTuple):
    """A notebook that papermill executed: its exit status, its log and its path."""

    returncode: int
    log: str
    path: Path

    @property
    def text(self) -> str:
        """All text and Markdown in its outputs."""
        notebook = nbformat.read(self.path, as_version=4)
        outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
        shown = [out.get("data", {}).get("text/markdown", "") for out in outputs]
        return "\n".join(shown + [out.get("text", "") for out in outputs])

    @property
    def silent(self) -> list[str]:
        """Its code cells that show nothing, parameters aside."""
        cells = nbformat.read(self.path, as_version=4).cells
        kept = [c for c in cells if c.cell_type == "code" and not c.metadata.get("tags")]
        return [c.source for c in kept if all(out.get("name") == "stderr" for out in c.outputs)]


def papermill(name: str, out: Path, **parameters: object) -> list[str]:
    """The command line that a user types."""
    flags = [word for key, value in parameters.items() for word in ("-p", key, str(value))]
    notebook = ROOT / "notebooks" / f"{name}.ipynb"
    return [str(PAPERMILL), str(notebook), str(out), "--log-output", *flags]


def execute(
    folder: Path, name: str, *, check: bool = True, cwd: Path | None = None, **parameters: object
) -> Executed:
    """Execute a notebook with papermill into a folder, the working directory by default."""
    out = folder / f"{name}-{len(list(folder.iterdir()))}.ipynb"
    _, *arguments = papermill(name, out, **parameters)
    written = out.with_suffix(".log")
    process = forking.papermill(arguments, cwd or folder, written)
    process.join()
    log = written.read_text()
    if check and process.exitcode:
        raise RuntimeError(log)
    return Executed(process.exitcode, log, out)
