"""Start the dashboard from any folder: `python -m digitlib.dashboard [Voila's options]`."""

import hashlib
import os
import sys

from jupyter_server.auth.security import passwd
from traitlets.config import Config
from voila.app import Voila

from digitlib import settings
from digitlib.dashboard.configuration import load


class Dashboard(Voila):
    """Voila with the dashboard's settings and notebook."""

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the package's settings; those of the command line override them."""
        self.update_config(load())
        self.update_config(login())
        super().initialize(argv)


def login() -> Config:
    """The password and the secret of the cookies, from the environment; kernels don't get them.

    Servers with the same secret, such as those behind one proxy, know each other's visitors.
    """
    config = Config()
    if password := settings.dashboard_setting("PASSWORD"):
        config.PasswordIdentityProvider.hashed_password = passwd(password)
    if secret := settings.dashboard_setting("COOKIE_SECRET"):
        config.Voila.cookie_secret = hashlib.sha256(secret.encode()).digest()
    for name in ("PASSWORD", "COOKIE_SECRET"):
        os.environ.pop(f"DIGITS_DASHBOARD_{name}", None)
    return config


if __name__ == "__main__":
    os.environ["DIGITS_PROJECT_DIR"] = str(settings.project_root())  # for the kernels as well
    Dashboard.launch_instance([str(settings.sketch_notebook()), *sys.argv[1:]])
