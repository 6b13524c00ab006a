"""nginx in front of a server, as people put one on their own domain."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from services import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # not on users' paths
_MAIN = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{server}
}}
"""


@contextmanager
def proxied(folder: Path, server: str) -> Iterator[str]:
    """Run nginx with a `server { listen PORT; … }`; yields its address. Skips without nginx."""
    if NGINX is None:
        pytest.skip("there is no nginx here: apt install nginx-light")
    folder.mkdir()
    port = free_port()
    config, log = folder / "nginx.conf", folder / "error.log"
    server = server.replace("PORT", f"127.0.0.1:{port}")
    config.write_text(_MAIN.format(folder=folder, server=server))
    with subprocess.Popen([NGINX, "-p", folder, "-c", config, "-e", log]) as process:
        try:
            until = time.monotonic() + 60
            with socket.socket() as probe:
                while probe.connect_ex(("127.0.0.1", port)) != 0:
                    assert time.monotonic() < until, log.read_text()
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
