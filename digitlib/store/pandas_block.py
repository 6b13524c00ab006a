"""Keep DuckDB from importing pandas: 35 MB and half a second, just to compare values with NaT."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Block(MetaPathFinder, threading.local):
    """Refuses pandas to the threads that asked for it; the others import it as ever."""

    depth = 0

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        """Nothing; raises ModuleNotFoundError for pandas, which DuckDB takes as not installed."""
        if name == "pandas" and self.depth:
            raise ModuleNotFoundError("pandas is not needed here", name=name)


_block = _Block()


@contextmanager
def without_pandas() -> Iterator[None]:
    """Within the block this thread can't import pandas, unless it is there already."""
    if _block not in sys.meta_path:
        sys.meta_path.insert(0, _block)
    _block.depth += 1
    try:
        yield
    finally:
        _block.depth -= 1
