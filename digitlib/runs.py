"""A run's place on disk: its own name, a folder that grows beside the finished ones, then is one."""

import datetime
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from digitlib import settings

LIBRARIES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy")


class Run(NamedTuple):
    """A run under way: everything it writes lies in `folder`, `<name>.partial`, until it ends."""

    name: str
    folder: Path
    lock: FileLock

    @property
    def checkpoint(self) -> Path:
        """Where training keeps what it needs to go on."""
        return self.folder / "checkpoint.pt"


def start(models: Path, name: str, resume: bool = False) -> Run:
    """Claim a name under the models folder: two runs never share one, even when started at once.

    A name that is taken gets `-2`, `-3`, …; with `resume` the interrupted run of that name goes on,
    or the latest interrupted one where `name` is empty.

    Raises ValueError when there is nothing to resume or the run is still going on, and OSError,
    naming the folder and the fix, when nothing can be written there.
    """
    if resume:
        return _taken_up(_interrupted(models, name))
    try:
        models.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            unique = name if number == 1 else f"{name}-{number}"
            if not (models / unique).exists():
                try:
                    (models / f"{unique}.partial").mkdir()
                except FileExistsError:
                    continue
                return _taken_up(models / f"{unique}.partial")
    except OSError as error:
        raise OSError(
            f"Nothing was started: {models} can't be written to ({error.strerror}). Make room or "
            "name another folder with DIGITS_OUTPUTS_DIR."
        ) from error
    raise ValueError(f"run_name={name!r} is taken ten thousand times; choose another.")


def _interrupted(models: Path, name: str) -> Path:
    """The folder of the interrupted run of a name, or of the latest one."""
    checkpoints = sorted(
        models.glob(f"{name or '*'}.partial/checkpoint.pt"), key=lambda path: path.stat().st_mtime
    )
    if not checkpoints:
        which = f"run named {name!r}" if name else "run"
        raise ValueError(f"There is no interrupted {which} in {models} to resume; drop `resume`.")
    return checkpoints[-1].parent


def _taken_up(folder: Path) -> Run:
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"The run in {folder} is still going on in another process.") from None
    return Run(folder.name.removesuffix(".partial"), folder, lock)


def finish(run: Run) -> Path:
    """Turn the run's folder into a model folder of its name; returns it."""
    run.checkpoint.unlink(missing_ok=True)
    run.lock.release()
    (run.folder / "lock").unlink(missing_ok=True)
    return run.folder.rename(run.folder.with_name(run.name))


def provenance() -> dict[str, Any]:
    """What a card says of where and when: UTC time, versions, processor, the git commit if any."""
    git = [
        "git",
        "-C",
        str(settings.project_root()),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
    ]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or not a clone
        commit = None
    return {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
