"""The HTTP service: the dashboard's recogniser and store for programs, phones and forms.

`uvicorn digitlib.api:app` serves it; `python -m digitlib.api` does too, with the limits on slow
connections that only a server can set. FastAPI describes every path at `/docs`.
"""

from digitlib.api.application import app

__all__ = ["app"]
