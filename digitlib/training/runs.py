"""A run's place on disk: a name and a folder that becomes a model folder when the run ends."""

import datetime
import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from digitlib.store import Store, StoreError

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Run(NamedTuple):
    """A run in progress: until it ends, it writes to `folder`, `<name>.partial`."""

    name: str
    folder: Path
    lock: FileLock

    def checkpoint(self, member: int = 0) -> Path:
        """The checkpoint of an ensemble's member."""
        return self.folder / f"checkpoint{f'-{member}' * bool(member)}.pt"

    @property
    def stroke_checkpoint(self) -> Path:
        """The checkpoint of the stroke model."""
        return self.folder / "checkpoint-pen.pt"


def start(models: Path, name: str = "", resume: bool = False) -> Run:
    """Claim a name under the models folder; it is locked until `finish` or an interruption.

    Without a name it is the time, UTC; one that is taken gets `-2`, `-3`, …. With `resume` the
    interrupted run of that name goes on, or the latest interrupted one where `name` is empty. The
    folders of killed runs without a checkpoint are removed.

    Raises ValueError when there is nothing to resume or another process has the run, and OSError,
    with what to change, when nothing can be written there.
    """
    if resume:
        return _interrupted(models, name)
    name = name or f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _starting(models):  # or one run could remove what another just made
            _remove_killed(models)
            for number in range(1, 10_000):
                unique = name if number == 1 else f"{name}-{number}"
                if not (models / unique).exists():
                    try:
                        (models / f"{unique}.partial").mkdir()
                    except FileExistsError:
                        continue
                    return _claimed(models / f"{unique}.partial")
    except OSError as error:
        raise OSError(
            f"Nothing was started: {models} can't be written to ({error.strerror}). Make room or "
            "name another folder with DIGITS_OUTPUTS_DIR."
        ) from error
    raise ValueError(f"run_name={name!r} is taken ten thousand times; choose another.")


def _starting(models: Path) -> FileLock:
    """The lock that starting and ending runs take in turns."""
    return FileLock(models / ".start.lock")


def _remove_killed(models: Path) -> None:
    """Remove the folders of runs that were killed before their first checkpoint."""
    for folder in models.glob("*.partial"):
        if not folder.is_dir() or _has_checkpoint(folder):
            continue
        try:
            with FileLock(folder / "lock", timeout=0):
                if not _has_checkpoint(folder):  # in the meantime
                    shutil.rmtree(folder)
        except Timeout:
            continue  # it is still running


def _has_checkpoint(folder: Path) -> bool:
    return any(folder.glob("checkpoint*.pt"))


def _interrupted(models: Path, name: str) -> Run:
    """The interrupted run of this name, or the latest one; runs in progress are passed over."""
    checkpoints = sorted(
        models.glob(f"{name or '*'}.partial/checkpoint*.pt"), key=lambda path: path.stat().st_mtime
    )
    folders = dict.fromkeys(checkpoint.parent for checkpoint in reversed(checkpoints))
    for folder in folders:
        try:
            return _claimed(folder)
        except ValueError:
            if name:
                raise
    which = f"run named {name!r}" if name else "run"
    raise ValueError(f"There is no interrupted {which} in {models} to resume; drop `resume`.")


def _claimed(folder: Path) -> Run:
    lock = FileLock(folder / "lock")
    _claim(lock, folder)
    return Run(folder.name.removesuffix(".partial"), folder, lock)


def _claim(lock: FileLock, folder: Path) -> None:
    """Take a run's lock; raises ValueError where the run has ended or another process has it."""
    if not folder.is_dir():
        raise ValueError(f"The run in {folder} has ended; start another at the notebook's top.")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"The run in {folder} is still going on in another process.") from None


def finish(run: Run) -> Path:
    """Turn the run's folder into a model folder of its name; returns it."""
    with _starting(run.folder.parent):  # or a run that starts takes this one for killed
        for checkpoint in run.folder.glob("checkpoint*.pt"):
            checkpoint.unlink()
        run.lock.release()
        (run.folder / "lock").unlink(missing_ok=True)
        return run.folder.rename(run.folder.with_name(run.name))


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """When training is interrupted or fails, release the run and say how to go on.

    A run whose training ends stays locked until `finish`, so that no other process resumes it.
    """
    if not run.lock.is_locked:
        _claim(run.lock, run.folder)
    try:
        yield
    except BaseException as error:
        run.lock.release()
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"Interrupted: {_next(run)}") from None
        if isinstance(error, OSError) and error.errno in _DISK_FULL:
            raise OSError(f"The disk is full: {error}. Make room, then {_next(run)}") from error
        if isinstance(error, OSError):
            raise OSError(f"{error}. Once that is mended, {_next(run)}") from error
        raise


@contextmanager
def all_or_nothing(run: Run) -> Iterator[None]:
    """Remove the run's folder when anything fails: for runs that are short enough to repeat."""
    try:
        yield
    except BaseException:
        run.lock.release()
        shutil.rmtree(run.folder, ignore_errors=True)
        raise


def _next(run: Run) -> str:
    """What to do after an interruption."""
    return resume_hint(run) if _has_checkpoint(run.folder) else "start again: no epoch had ended."


def resume_hint(run: Run) -> str:
    """What to pass to resume a run after its last complete epoch."""
    return f"go on with `-p resume true -p run_name {run.name}` and the same parameters."


def record_run(store: Store, card: dict[str, Any], notebook: str) -> str:
    """Add the run to the table of runs; says so, or why the database refused it.

    The model folder is complete by then, so this is no reason to fail.
    """
    try:
        store.record_run(
            run_name=card["name"],
            notebook=notebook,
            parameters=card["parameters"],
            metrics=card["metrics"],
            model=card["name"],
        )
    except StoreError as error:
        return f"The run has no row in the table of runs: {error}"
    return f"The table of runs has a row for {card['name']}."
