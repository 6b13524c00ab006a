"""How the page words lists, and its thanks."""

from collections.abc import Sequence


def in_words(items: Sequence[object]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    *first, last = map(str, items)
    return f"{', '.join(first)} and {last}" if first else last


def thanks(given: int, read: int) -> str:
    """Thanks for so many sketches, of which the model read so many as they were labelled."""
    if given == 1:
        reading = "I read it too." if read else "I read another digit."
        return f"Thank you for your first sketch. {reading}"
    reading = "all of them" if read == given else f"{read} of them"
    return f"Thank you for {given:,} sketches. I read {reading} right."
