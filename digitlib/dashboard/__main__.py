"""Start the dashboard from any folder: `python -m digitlib.dashboard [Voila's options]`."""

import sys

from voila.app import Voila

from digitlib import settings
from digitlib.dashboard.configuration import load


class Dashboard(Voila):
    """Voila with the dashboard's settings and notebook."""

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the package's settings; those of the command line override them."""
        self.update_config(load())
        super().initialize(argv)


if __name__ == "__main__":
    notebook = settings.project_root() / "notebooks" / "sketch.ipynb"
    Dashboard.launch_instance([str(notebook), *sys.argv[1:]])
