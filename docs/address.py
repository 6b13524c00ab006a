"""Write the project's address on GitHub where readers need it.

Until then the project knows none, and shows no badge and no link that would lead nowhere. GitHub,
Binder and Colab read files as they are, so the address is repeated: in pyproject.toml, in the
README's badges, and in a cell of learn.ipynb that installs the package in Colab.

Usage: python docs/address.py OWNER/NAME
"""

import re
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from digitlib import settings

COLAB = "colab"  # tag of the cells
BADGES = (
    "[![Open in Binder](https://mybinder.org/badge_logo.svg)]"
    "(https://mybinder.org/v2/gh/{address}/HEAD?labpath=notebooks%2Flearn.ipynb)",
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{address}/blob/HEAD/notebooks/learn.ipynb)",
    "[![Read the book](https://img.shields.io/badge/read-executed_notebooks-orange)]"
    "(https://{owner}.github.io/{name}/)",
)
# Without dependencies: newer versions of what Colab's own server runs on would break its session.
INSTALL = """import sys

if "google.colab" in sys.modules:
    wanted = "jaxtyping wadler-lindig python-dotenv"
    wanted += " 'digitlib @ git+https://github.com/{address}'"
    get_ipython().run_line_magic("pip", f"install -q --no-deps {{wanted}}")"""


def with_url(pyproject: str, address: str) -> str:
    """The text of pyproject.toml with the address in its table of URLs."""
    rest = re.sub(r"\n\[project\.urls\]\n(?:.+\n)+", "", pyproject)
    table = f'\n[project.urls]\nRepository = "https://github.com/{address}"\n'
    return rest.replace("\n[project.optional-", f"{table}\n[project.optional-", 1)


def with_badges(readme: str, address: str) -> str:
    """The README with badges below its title."""
    title, rest = readme.split("\n\n", 1)
    rest = re.sub(r"\A(?:\[!\[.*\n)+\n", "", rest)
    owner, name = address.split("/")
    badges = "\n".join(BADGES).format(address=address, owner=owner, name=name)
    return "\n\n".join([title, badges, rest])


def with_colab(notebook: nbformat.NotebookNode, address: str) -> nbformat.NotebookNode:
    """The notebook with a cell after the first that installs the package in Colab."""
    first, *rest = [cell for cell in notebook.cells if COLAB not in cell.metadata.get("tags", [])]
    said = "In Google Colab, the next cell installs `digitlib`. Elsewhere it does nothing."
    tags = {"tags": [COLAB]}
    added = [
        new_markdown_cell(said, metadata=tags),
        new_code_cell(INSTALL.format(address=address), metadata=tags),
    ]
    notebook.cells = [first, *added, *rest]
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)  # as nbstripout numbers them
    return notebook


def write(root: Path, address: str) -> None:
    """Write the address into the files of the project in `root`; ValueError if it is none."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", address):
        raise ValueError(f"{address} is not OWNER/NAME, such as someone/digitlib.")
    for name, changed in (("pyproject.toml", with_url), ("README.md", with_badges)):
        path = root / name
        path.write_text(changed(path.read_text(), address))
    path = root / "notebooks" / "learn.ipynb"
    nbformat.write(with_colab(nbformat.read(path, as_version=4), address), path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        write(settings.project_root(), sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
