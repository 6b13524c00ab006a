"""The server's settings, which come with the package, and the check that they are in force."""

import os
from pathlib import Path

from traitlets.config import Config
from traitlets.config.loader import JSONFileConfigLoader

SETTINGS = Path(__file__).with_name("voila.json")
PROTECTED = "DIGITS_DASHBOARD_PROTECTED"  # set in kernels whose server has these settings
UNPROTECTED = (
    "This server runs without the dashboard's login and limits, so the page is not shown. Start it"
    " with `python -m digitlib.dashboard` from any folder, or with `voila notebooks/sketch.ipynb`"
    " in the project's folder."
)


def load() -> Config:
    """The settings of a Voila server that serves the dashboard."""
    return JSONFileConfigLoader(SETTINGS.name, str(SETTINGS.parent)).load_config()


def is_unprotected() -> bool:
    """Whether this kernel belongs to a Voila server without the dashboard's settings."""
    return "VOILA_PREHEAT" in os.environ and PROTECTED not in os.environ


def has_page_script() -> bool:
    """Whether this kernel's widgets are on the server's own page, whose script tells what is seen.

    It is not so in JupyterLab.
    """
    return PROTECTED in os.environ
