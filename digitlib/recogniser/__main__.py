"""`python -m digitlib.recogniser`: print which model serves, promote another, or roll back."""

import sys
from collections.abc import Sequence

from digitlib.recogniser.model import Recogniser
from digitlib.recogniser.registry import promote, roll_back


def main(arguments: Sequence[str]) -> str:
    """Run `promote NAME`, `rollback` or, without arguments, nothing; returns which model serves.

    Raises ValueError, with the usage, for any other arguments.
    """
    match arguments:
        case ["promote", name]:
            promote(name)
        case ["rollback"]:
            roll_back()
        case [_, *_]:
            raise ValueError("Usage: python -m digitlib.recogniser [promote NAME | rollback]")
    recogniser = Recogniser.load()
    return f"{recogniser.name} serves, from {recogniser.folder}."


if __name__ == "__main__":
    try:
        print(main(sys.argv[1:]))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
