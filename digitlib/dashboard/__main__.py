"""Start the dashboard from any folder: `python -m digitlib.dashboard [Voila's options]`."""

import os
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
    os.environ["DIGITS_PROJECT_DIR"] = str(settings.project_root())  # for the kernels as well
    Dashboard.launch_instance([str(settings.sketch_notebook()), *sys.argv[1:]])
