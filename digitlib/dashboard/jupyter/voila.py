"""Gives the dashboard's settings to every Voila server of this environment.

pip puts this file into the environment's `etc/jupyter`, where Voila finds it from any folder.
"""

from digitlib.dashboard.configuration import load

c.merge(load())  # type: ignore[name-defined]  # noqa: F821  traitlets defines c
