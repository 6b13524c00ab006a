"""Which parameters a notebook was given, checked before work starts."""

import ast
import difflib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

logger = logging.getLogger("digitlib")


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


def passed_parameters(history: Sequence[str]) -> list[str]:
    """The names given with papermill's `-p`, in order; empty in JupyterLab.

    `history` is IPython's `In`; papermill's own cell begins with the line `# Parameters`.
    """
    injected = [cell for cell in history if cell.startswith("# Parameters\n")]
    if not injected:
        return []
    assigned = [node for node in ast.parse(injected[-1]).body if isinstance(node, ast.Assign)]
    return [node.targets[0].id for node in assigned if isinstance(node.targets[0], ast.Name)]


def notebook_parameters(history: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the names that the notebook's parameters cell declares.

    `history` is IPython's `In` and `namespace` the notebook's `globals()`. papermill itself only
    warns of a name that no cell declares, and then trains with the defaults.

    Raises ValueError for such a name, with the nearest known one and all of them.
    """
    cells = [names for cell in history if (names := _annotated_names(cell))]
    if not cells:
        raise ValueError("Run the notebook's parameters cell first (`name: type = value` lines).")
    known = cells[-1]
    for name in passed_parameters(history):
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
            raise ValueError(f"Unknown parameter `{name}`.{hint} Known: {', '.join(known)}.")
    return {name: namespace[name] for name in known}
