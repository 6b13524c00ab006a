"""Pictures of paper: the digits in a photo, a scan or a screenshot, each as an MNIST-like image.

Decode, flatten the light, take printed lines out, find connected ink, cut it into digits by what
the recogniser makes of the parts, and put these into reading order. Needs Pillow and OpenCV, which
load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digitlib.photos.annotation import annotated
    from digitlib.photos.reading import PhotoDigit, Steps, prepare, read_photo, read_steps
    from digitlib.photos.sample import sample_photo
    from digitlib.photos.single import single_digit

# The other names are in reading.py.
_FILES = {"annotated": "annotation", "sample_photo": "sample", "single_digit": "single"}
__all__ = [
    "PhotoDigit",
    "Steps",
    "annotated",
    "prepare",
    "read_photo",
    "read_steps",
    "sample_photo",
    "single_digit",
]


def __getattr__(name: str) -> Any:
    """A name of this room, whose files and libraries are loaded now."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"digitlib.photos.{_FILES.get(name, 'reading')}")
    return getattr(module, name)
