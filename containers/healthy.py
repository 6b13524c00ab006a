#!/usr/bin/env python3
"""Whether this container's server answers: the dashboard, or what DIGITS_HEALTH names."""

import os
import urllib.request

URL = os.environ.get("DIGITS_HEALTH", "http://127.0.0.1:8866/login")
urllib.request.urlopen(URL, timeout=4).close()
