"""What notebooks share: their checked parameters, and results as Markdown and as plain text."""

import ast
import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("digitlib")

# Names of earlier versions, which `-p` and cards may still use, and today's.
RENAMED_PARAMETERS = {"pen_reader": "stroke_model"}


@dataclass(frozen=True)
class Markdown:
    """A result that Jupyter shows as Markdown, and a terminal or papermill's log as plain text."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text.replace("**", "")


def _annotated_names(cell: str) -> list[str]:
    """The names that a cell of nothing but `name: type = value` lines declares; else nothing."""
    try:
        body = ast.parse(cell).body
    except SyntaxError:  # a cell with a magic
        return []
    declared = [node for node in body if isinstance(node, ast.AnnAssign)]
    if len(declared) != len(body):
        return []
    return [node.target.id for node in declared if isinstance(node.target, ast.Name)]


def _injected(history: Sequence[str]) -> list[str]:
    """The names that papermill's own cell assigns; it begins with the line `# Parameters`."""
    cells = [cell for cell in history if cell.startswith("# Parameters\n")]
    body = ast.parse(cells[-1]).body if cells else []
    targets = [node.targets[0] for node in body if isinstance(node, ast.Assign)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def passed_parameters(history: Sequence[str]) -> list[str]:
    """Today's names of the parameters given with papermill's `-p`; none in JupyterLab.

    `history` is IPython's `In`.
    """
    return [RENAMED_PARAMETERS.get(name, name) for name in _injected(history)]


def notebook_parameters(history: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parameters that the notebook's parameters cell declares.

    `history` is IPython's `In` and `namespace` the notebook's `globals()`. A name of an earlier
    version is accepted, with a warning. Raises ValueError for any other unknown name, of which
    papermill itself only warns, with the nearest known name and all of them.
    """
    cells = [names for cell in history if (names := _annotated_names(cell))]
    if not cells:
        raise ValueError("Run the notebook's parameters cell first (`name: type = value` lines).")
    source = {name: name for name in cells[-1]}
    for name in _injected(history):
        renamed = RENAMED_PARAMETERS.get(name, name)
        if renamed not in source:
            nearest = difflib.get_close_matches(name, source, n=1, cutoff=0.5)
            hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
            raise ValueError(f"Unknown parameter `{name}`.{hint} Known: {', '.join(source)}.")
        if renamed != name:
            logger.warning("`%s` is now called `%s`: pass that instead.", name, renamed)
            source[renamed] = name
    return {name: namespace[origin] for name, origin in source.items()}
