"""What a model's card says, whichever version wrote it."""

from collections.abc import Mapping
from typing import Any


def lineage(card: Mapping[str, Any]) -> dict[str, Any]:
    """Where a model comes from: its `parent`, `ancestors`, `origin` and `submissions`, if any.

    Earlier versions wrote it under the key `pedigree`.
    """
    return card.get("lineage") or card.get("pedigree") or {}
