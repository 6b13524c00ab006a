"""Build the book: the README, these pages and executed notebooks as a site in outputs/book/site.

Every notebook is executed through papermill, in an outputs folder and a database of its own, with
the parameters below, and its executed copy is kept: a second build executes only notebooks whose
code or parameters changed. The submissions are real pen digits, submitted to the model that
train.ipynb has just trained; without pen sketches in the data folder they are synthetic.

Usage: python docs/book.py [--only NAME ...] [--again] [--set NOTEBOOK.PARAMETER=VALUE ...]
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import nbformat

from digitlib import settings

ROOT = settings.project_root()
PAGES = (
    "commands",
    "data",
    "recognition",
    "refining",
    "serving",
    "service",
    "containers",
    "database",
    "scaling",
)
QUICK = {"limit": 5000, "epochs": 2, "stroke_epochs": 2, "ensemble": 1, "architecture": "fast"}
SMALL = {"epochs": 2, "limit": 3000, "goal_epochs": 2, "goal_images": 3000}
# In this order: train.ipynb makes the model that submissions and refine begin with.
NOTEBOOKS: dict[str, dict[str, object]] = {
    "learn": {},
    "explore": {},
    "train": {"run_name": "first", "promote": "true"},
    "evaluate": {"model": "bundled", "qmnist": "false"},
    "compare": {**SMALL, "overfit_epochs": 8, "overfit_images": 5000},
    "train_people": {**QUICK, "run_name": "people"},
    "photos": {"model": "bundled"},
    "submissions": {},
    "refine": {"run_name": "refined", "replay": 6000, "epochs": 2},
}
REHEARSED = ("submissions", "refine")
PICTURE = "![Drawing a crossed 7 and a 4 on the page](../docs/pictures/dashboard.webp)"
REHEARSAL = (
    "> The submissions in this copy are a rehearsal: digits that writers drew with a pen, each "
    "writer a visit, all submitted on one day to the model `first` of [`train.ipynb`](train.ipynb)."
    " One in fifty was given a wrong label on purpose. How many of these 16 does the notebook find?"
)
SHORTER = (
    "> This copy was executed with `{}`, so that the book can be built in minutes. Its figures are "
    "those of that run."
)


def submit_sketches(count: int = 800) -> None:
    """Fill the database with sketches of whole writers, each a visit, and a few wrong labels."""
    from digitlib.datasets import DataUnavailable, load_sketches, writer_of
    from digitlib.recogniser import Recogniser
    from digitlib.store import Store
    from digitlib.strokes import Sketch
    from digitlib.strokes.synthesis import draw_many

    store, recogniser = Store(), Recogniser.load()
    if len(store.submissions()):
        return
    try:
        sketches = load_sketches()
    except DataUnavailable:
        drawings, labels = draw_many(count, seed=7)
        sketches = [
            Sketch(str(i), int(labels[i]), drawings[i], "drawn", f"writer {i % 60}")
            for i in range(count)
        ]
    by_writer = [list(some) for _, some in groupby(sorted(sketches, key=writer_of), writer_of)]
    random.Random(0).shuffle(by_writer)
    chosen = [sketch for writer in by_writer for sketch in writer[:20]][:count]
    for number, sketch in enumerate(chosen):
        label = (sketch.label + 1) % 10 if number % 50 == 0 else sketch.label
        asked = {"strokes": sketch.strokes, "label": label, "session": writer_of(sketch)}
        store.submit(**asked, recogniser=recogniser)


def execute(name: str, parameters: dict[str, object], kept: Path, again: bool) -> Path:
    """The executed copy of a notebook, made anew where its code or its parameters changed."""
    source = ROOT / "notebooks" / f"{name}.ipynb"
    print(f"{name}: ", end="", flush=True)
    cells = nbformat.read(source, as_version=4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    key = hashlib.sha256(repr((code, sorted(parameters.items()))).encode())
    copy = kept / f"{name}-{key.hexdigest()[:12]}.ipynb"
    if copy.exists() and not again:
        print("as it was")
        return copy
    part = copy.with_suffix(".part.ipynb")
    flags = [word for key, value in parameters.items() for word in ("-p", key, str(value))]
    command = [str(Path(sys.executable).with_name("papermill")), str(source), str(part), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stderr}\n{name}.ipynb failed; its copy is {part}.")
    for old in kept.glob(f"{name}-*.ipynb"):
        if old != part:
            old.unlink()
    part.replace(copy)
    print("executed")
    return copy


def without_widgets(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A cell without progress bars and buttons, which do nothing on a page."""
    widget = "application/vnd.jupyter.widget-view+json"
    cell.outputs = [output for output in cell.outputs if widget not in output.get("data", {})]
    return cell


def chapter(name: str, copy: Path, target: Path, parameters: dict[str, object]) -> None:
    """Write an executed notebook as a page: its text, its outputs and what was set."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    outputs = copy.read_text().replace(f"{ROOT}/", "")  # paths as from the project's folder
    executed = (
        cell
        for cell in nbformat.reads(outputs, as_version=4).cells
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])
    )
    notebook.cells = [
        without_widgets(next(executed)) if cell.cell_type == "code" else cell
        for cell in notebook.cells
    ]
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)  # those of a kept copy may be of other cells by now
    shorter = {k: v for k, v in parameters.items() if k not in ("run_name", "promote", "model")}
    if shorter:
        said = " ".join(f"-p {name} {value}" for name, value in shorter.items())
        notebook.cells[0].source += "\n\n" + SHORTER.format(said)
    if name in REHEARSED:
        notebook.cells[0].source += "\n\n" + REHEARSAL
    nbformat.write(notebook, target)


def copied_pages(source: Path) -> list[str]:
    """Copy the pages and their pictures; the names of those in docs/, known ones first."""
    for folder in ("docs", "benchmarks", "notebooks"):
        (source / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "docs" / "pictures", source / "docs" / "pictures")
    shutil.copy(ROOT / "benchmarks" / "README.md", source / "benchmarks")
    found = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
    for name in found:
        shutil.copy(ROOT / "docs" / f"{name}.md", source / "docs")
    return [*PAGES, *(name for name in found if name not in PAGES)]


def write_index(source: Path, pages: list[str]) -> None:
    """The README as the first page, without its badges, and the contents of the book.

    The page's notebook is not executed; a picture shows the page.
    """
    readme = re.sub(r"^\[!\[.*\n", "", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    parts = {
        "Notebooks": [f"notebooks/{name}" for name in (*NOTEBOOKS, "sketch")],
        "Pages": [*(f"docs/{name}" for name in pages), "benchmarks/README"],
    }
    trees = [
        "\n".join(["```{toctree}", ":hidden:", f":caption: {name}", "", *paths, "```"])
        for name, paths in parts.items()
    ]
    (source / "index.md").write_text("\n\n".join([readme, *trees]) + "\n")
    sketch = nbformat.read(ROOT / "notebooks" / "sketch.ipynb", as_version=4)
    sketch.cells[0].source += f"\n\n{PICTURE}"  # a site can't run the page itself
    nbformat.write(sketch, source / "notebooks" / "sketch.ipynb")


def main() -> None:
    """Execute the notebooks and build the site."""
    parser = argparse.ArgumentParser(description="Build the book in outputs/book/site.")
    parser.add_argument("--only", nargs="+", choices=NOTEBOOKS, help="execute only these")
    parser.add_argument("--again", action="store_true", help="execute even what did not change")
    parser.add_argument("--set", nargs="+", default=[], metavar="NOTEBOOK.PARAMETER=VALUE")
    options = parser.parse_args()
    book = settings.outputs_dir() / "book"
    kept, source = book / "executed", book / "source"
    kept.mkdir(parents=True, exist_ok=True)
    # Waiting threads give up their core: spinning slows training tenfold on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["DIGITS_OUTPUTS_DIR"] = str(book / "run")
    os.environ["DIGITS_DATABASE"] = str(book / "run" / "digits.duckdb")
    shutil.rmtree(source, ignore_errors=True)
    pages = copied_pages(source)
    write_index(source, pages)
    asked = {name: dict(parameters) for name, parameters in NOTEBOOKS.items()}
    for words in options.set:
        place, value = words.split("=", 1)
        asked[place.split(".")[0]][place.split(".")[1]] = value
    for name, parameters in asked.items():
        executed = not options.only or name in options.only
        if executed and name in REHEARSED:
            submit_sketches()
        if not executed:
            shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", source / "notebooks")
        else:
            copy = execute(name, parameters, kept, options.again)
            chapter(name, copy, source / "notebooks" / f"{name}.ipynb", parameters)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(ROOT / "docs")]
    subprocess.run([*sphinx, str(source), str(book / "site")], check=True)
    print(f"Open {book / 'site' / 'index.html'}")


if __name__ == "__main__":
    main()
