"""Write the project's address, as pyproject.toml has it, into the README and the notebooks.

`[project.urls]` in pyproject.toml is the one place to set it. Badges, the links to the book and the
first cell of learn.ipynb repeat it, since GitHub, Binder and Colab read those files as they are.

Usage: python docs/address.py
"""

import re
import tomllib
from pathlib import Path

from digitlib import settings

ROOT = settings.project_root()
FILES = (ROOT / "README.md", ROOT / "notebooks" / "learn.ipynb")


def address() -> str:
    """`owner/name` in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return "/".join(project["urls"]["Repository"].rstrip("/").split("/")[-2:])


def written_address(readme: str) -> str:
    """`owner/name` in the README's badges."""
    return re.findall(r"mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/", readme)[0]


def addressed(text: str, old: str, new: str) -> str:
    """The text with the new `owner/name` in its addresses and in those of GitHub Pages."""
    pages = ["{}.github.io/{}/".format(*name.split("/")) for name in (old, new)]
    return text.replace(f"/{old}", f"/{new}").replace(f"//{pages[0]}", f"//{pages[1]}")


def main() -> None:
    """Rewrite the files that have another address."""
    old, new = written_address(FILES[0].read_text()), address()
    for path in map(Path, FILES):
        text = path.read_text()
        if old != new:
            path.write_text(addressed(text, old, new))
            print(f"{path.relative_to(ROOT)} has the address {new}")


if __name__ == "__main__":
    main()
