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

# Parameters that `train.ipynb` had, and where they are now.
PEOPLE = "notebooks/train_people.ipynb"
MOVED_PARAMETERS = {
    "sketches": f"{PEOPLE}, which always trains on pen sketches",
    "sketch_share": PEOPLE,
    "nondigit_share": PEOPLE,
    "stroke_model": PEOPLE,
    "stroke_epochs": PEOPLE,
}


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
        if renamed not in source and renamed in MOVED_PARAMETERS:
            raise ValueError(f"`{name}` is now a parameter of {MOVED_PARAMETERS[renamed]}.")
        if renamed not in source:
            nearest = difflib.get_close_matches(name, source, n=1, cutoff=0.5)
            hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
            raise ValueError(f"Unknown parameter `{name}`.{hint} Known: {', '.join(source)}.")
        if renamed != name:
            logger.warning("`%s` is now called `%s`: pass that instead.", name, renamed)
            source[renamed] = name
    if namespace.get("preset") == "people" and "preset" in source:
        raise ValueError(f"`preset people` is now a notebook of its own: {PEOPLE}.")
    return {name: namespace[origin] for name, origin in source.items()}


def source_code(*sources: str) -> Markdown:
    """Python source, shown with its colours."""
    return Markdown("```python\n" + "\n\n".join(part.strip() for part in sources) + "\n```")


def table(rows: Mapping[str, object], *heads: str) -> Markdown:
    """Names and values as a table, with heads where they are given; floats have four digits."""
    first, second = heads or ("", "")
    body = [f"| {name} | {_shown(value)} |" for name, value in rows.items()]
    return Markdown("\n".join([f"| {first} | {second} |", "|---|---|", *body]))


def _shown(value: object) -> str:
    """A value of a table: floats with four digits, a list's parts one by one."""
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
