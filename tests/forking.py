"""papermill and its kernels, forked from one process that has imported torch and the like.

The command line and the kernel's are the user's; only their imports, some 7 s, were made before.
"""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = [
    *("papermill.cli", "ipykernel.kernelapp", "matplotlib_inline.backend_inline"),
    *("torch._dynamo", "torch.onnx", "onnxscript", "cleanlab.filter", "sklearn.decomposition"),
    *("digitlib.experiments", "digitlib.refine", "digitlib.dashboard.page"),
]


def import_first() -> None:
    """Start the process that others are forked from, unless it runs already."""
    _CONTEXT.set_forkserver_preload(_IMPORTED)
    forkserver.ensure_running()


def papermill(arguments: Sequence[str], cwd: Path, log: Path) -> BaseProcess:
    """Start papermill with a command line, in a session of its own; its output goes to `log`."""
    import_first()
    process = _CONTEXT.Process(target=_papermill, args=(arguments, dict(os.environ), cwd, log))
    process.start()
    return process


def _papermill(arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, log: Path):
    from jupyter_client.provisioning import local_provisioner
    from papermill.cli import papermill as command

    os.setsid()
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for standard in (1, 2):
        os.dup2(written, standard)
    _become(environment, cwd)
    there, here = multiprocessing.Pipe(duplex=False)
    pid = os.fork()  # before there is any thread
    if not pid:
        here.close()
        _kernel(there)
    there.close()

    def launch(words: list[str], env: Mapping[str, str], cwd: str | None = None, **_: Any):
        here.send((words, env, cwd or Path.cwd()))
        return _Forked(pid)

    local_provisioner.launch_kernel = launch
    command(arguments, prog_name="papermill")  # ends with SystemExit


def _kernel(requests: Connection) -> None:
    """Become the kernel that papermill asks for, or end with papermill where it asks for none."""
    from ipykernel.kernelapp import launch_new_instance

    os.setsid()  # so that signals for the kernel do not reach papermill
    status = 1
    try:
        words, environment, cwd = requests.recv()
        _become(environment, cwd)
        # Read from the environment when ipykernel is imported: it ends with its parent.
        sys.argv = [*words[2:], f"--IPKernelApp.parent_handle={os.getppid()}"]
        launch_new_instance()
        status = 0
    except EOFError:
        pass
    finally:
        os._exit(status)


def _become(environment: Mapping[str, str], cwd: str | Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)


class _Forked(subprocess.Popen[bytes]):
    """A child process that was forked, with the methods of one that was started."""

    def __init__(self, pid: int) -> None:
        self.pid, self.args, self.returncode = pid, [], None
        self.stdin = self.stdout = self.stderr = None
        self._waitpid_lock = threading.Lock()
