"""How the page words lists and digits."""

from collections.abc import Sequence


def in_words(items: Sequence[object]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last
